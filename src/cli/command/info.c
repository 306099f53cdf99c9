/* SPDX-License-Identifier: MIT */
/* secrets info: look at a link without opening it. */
#include "cli/cli.h"
#include "cli/message/message.h"
#include "cli/terminal/progress.h"

enum { INFO_TEXT_MAX = 4096 };

/* Append the lines for people to ${text}. */
static int
format_info(const struct message_info *info, struct buf *text) {
    char until[64];
    cli_time_text(info->expires_at, until);

    const char *times = info->views_left == 1 ? "time" : "times";
    int err = buf_printf(text, "Can be opened %lld more %s, until %s.\n",
                         (long long)info->views_left, times, until);

    /* The size is that of the padded envelope. */
    if (err == 0) err = buf_add_text(text, "Size: at most ");
    if (err == 0) err = progress_bytes((uint64_t)info->size, text);
    if (err == 0) err = buf_add_text(text, ".\n");

    if (err == 0 && info->passphrase) err = buf_add_text(text, "Needs a passphrase.\n");
    if (err == 0 && info->attempts_left >= 0)
        err = buf_printf(text, "Locks after %lld more wrong passphrases.\n",
                         (long long)info->attempts_left);
    return err;
}

static enum cli_exit
print_info(const struct message_info *info) {
    struct buf text = BUF_INIT(INFO_TEXT_MAX);
    enum cli_exit status = CLI_FAILED;
    if (format_info(info, &text) == 0) status = cli_print(&text);
    buf_free(&text);
    return status;
}

static enum cli_exit
ask_and_print_info(struct cli *cli, const char *id) {
    struct remote_response resp = {0};
    struct message_info info = {0};
    enum cli_exit status =
        remote_call_secret(&cli->remote, HTTP_GET, id, "", NULL, "header", &resp);
    if (status == CLI_DONE && !message_read_info(resp.json, &info)) status = CLI_DAMAGED;

    if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "look up the secret");
    else if (cli->opt.json) status = cli_print_json(json_incref(resp.json));
    else status = print_info(&info);
    remote_response_clear(&resp);
    return status;
}

enum cli_exit
info_run(struct cli *cli) {
    struct link link = {0};
    enum cli_exit status = cli_take_sealed_link(cli, &link);
    if (status == CLI_DONE) status = cli_choose_server(cli, &link);
    if (status == CLI_DONE) status = ask_and_print_info(cli, link.id);
    explicit_bzero(&link, sizeof(link));
    return status;
}
