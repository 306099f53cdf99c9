/* SPDX-License-Identifier: MIT */
/* secrets burn: destroy a shared secret. */
#include "cli/command/owner_token.h"
#include "cli/terminal/say.h"

static enum cli_exit
burn_secret(struct cli *cli, const char *id, const char *token) {
    struct remote_response resp = {0};
    enum cli_exit status =
        remote_call_secret(&cli->remote, HTTP_DELETE, id, "", token, NULL, &resp);

    if (status != CLI_DONE) remote_complain(&cli->remote, status, &resp, "burn the secret");
    else if (cli->opt.json) status = cli_print_json(json_pack("{s:b}", "burnt", 1));
    else say_note("Burnt. It can no longer be opened.");

    /* Of an unfinished upload nothing is left that could be resumed. */
    bool erased = (status == CLI_DONE && resp.marked) || status == CLI_GONE;
    if (erased) state_forget(&cli->state, STATE_UPLOAD, id);
    remote_response_clear(&resp);
    return status;
}

enum cli_exit
burn_run(struct cli *cli) {
    struct link link = {0};
    struct buf token = BUF_INIT(OWNER_TOKEN_MAX);
    enum cli_exit status = cli_take_sealed_link(cli, &link);
    if (status == CLI_DONE) status = owner_token_find(cli, &link, &token);
    if (status == CLI_DONE) status = burn_secret(cli, link.id, buf_text(&token));
    buf_free(&token);
    explicit_bzero(&link, sizeof(link));
    return status;
}
