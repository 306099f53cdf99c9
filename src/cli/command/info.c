/* SPDX-License-Identifier: MIT */
/* secrets info: look at a link without opening it. */
#include "cli/cli.h"
#include "cli/terminal/progress.h"

enum { INFO_TEXT_MAX = 4096 };

/* Append the lines for people to ${text}. */
static int
format_info(const json_t *json, struct buf *text) {
    char until[64];
    long long views = (long long)remote_number(json, "views_left", 0);
    long long attempts = (long long)remote_number(json, "attempts_left", -1);
    cli_time_text(remote_number(json, "expires_at", 0), until);

    const char *times = views == 1 ? "time" : "times";
    int err = buf_printf(text, "Can be opened %lld more %s, until %s.\n", views, times, until);

    /* The size is that of the padded envelope. */
    if (err == 0) err = buf_add_text(text, "Size: at most ");
    if (err == 0) err = progress_bytes((uint64_t)remote_number(json, "size", 0), text);
    if (err == 0) err = buf_add_text(text, ".\n");

    if (err == 0 && json_is_true(json_object_get(json, "passphrase")))
        err = buf_add_text(text, "Needs a passphrase.\n");
    if (err == 0 && attempts >= 0)
        err = buf_printf(text, "Locks after %lld more wrong passphrases.\n", attempts);
    return err;
}

static enum cli_exit
print_info(const json_t *json) {
    struct buf text = BUF_INIT(INFO_TEXT_MAX);
    enum cli_exit status = CLI_FAILED;
    if (format_info(json, &text) == 0) status = cli_print(&text);
    buf_free(&text);
    return status;
}

static enum cli_exit
ask_and_print_info(struct cli *cli, const char *id) {
    struct remote_response resp = {0};
    enum cli_exit status =
        remote_call_secret(&cli->remote, HTTP_GET, id, "", NULL, "header", &resp);

    if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "look up the secret");
    else if (cli->opt.json) status = cli_print_json(json_incref(resp.json));
    else status = print_info(resp.json);
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
