/* SPDX-License-Identifier: MIT */
#include "cli/command/owner_token.h"

#include "cli/terminal/say.h"

/* Get the token from --token, or else the kept one, which may be NULL. */
static enum cli_exit
owner_token_read(struct cli *cli, const char *kept, struct buf *token) {
    if (cli->opt.token != NULL) return cli_ask(cli, cli->opt.token, "owner token", token);
    if (kept != NULL) return buf_add_text(token, kept) == 0 ? CLI_DONE : CLI_FAILED;

    say_error("no owner token of this secret is kept here");
    say_hint("Only the sender can do this. Say where the token is with --token.");
    return CLI_WRONG;
}

enum cli_exit
owner_token_find(struct cli *cli, const struct link *link, struct buf *token) {
    json_t *record = state_load(&cli->state, STATE_OWNED, link->id);
    if (record == NULL) record = state_load(&cli->state, STATE_UPLOAD, link->id);
    enum cli_exit status = owner_token_read(cli, remote_text(record, "owner_token"), token);

    const char *server = remote_text(record, "server");
    if (status == CLI_DONE && cli->opt.token == NULL) status = cli_check_token_server(cli, server);
    if (status == CLI_DONE) status = cli_use_server(cli, server, link);
    json_decref(record);
    return status;
}
