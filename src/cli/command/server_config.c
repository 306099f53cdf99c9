/* SPDX-License-Identifier: MIT */
#include "cli/command/server_config.h"

#include "cli/address/page.h"
#include "cli/command/sharing.h"
#include "cli/message/message.h"
#include "cli/terminal/say.h"

/* Read the configuration of the server from ${json}.  Returns CLI_DONE or CLI_DAMAGED. */
static enum cli_exit
read_server_config(const json_t *json, struct server_config *out) {
    int64_t inline_max = 0, file_max = 0;
    bool sound =
        message_within(json, "inline_max", ENVELOPE_SIZE_MIN, MESSAGE_INLINE_MAX, &inline_max) &&
        message_within(json, "file_max", 1, MESSAGE_SIZE_MAX, &file_max) &&
        message_within(json, "views_max", 1, MESSAGE_VIEWS_MAX, &out->views_max) &&
        message_within(json, "ttl_max", MESSAGE_TTL_MIN, MESSAGE_TTL_MAX, &out->ttl_max) &&
        message_within(json, "ttl_default", MESSAGE_TTL_MIN, out->ttl_max, &out->ttl_default);
    if (!sound) return CLI_DAMAGED;

    /* What is larger than the client sends in one call to any server goes in parts. */
    if (inline_max > SEAL_INLINE_MAX) inline_max = SEAL_INLINE_MAX;
    out->limits.inline_max = (uint64_t)inline_max;
    out->limits.file_max = (uint64_t)file_max;

    const char *passphrase = remote_text(json, "passphrase");
    out->passphrase_required = passphrase != NULL && strcmp(passphrase, "required") == 0;
    out->gate = remote_lists(json, "features", "gate");
    out->requests = out->gate && remote_lists(json, "features", "requests");
    out->wrap = out->gate && remote_lists(json, "features", "wrap");
    return CLI_DONE;
}

enum cli_exit
server_config_ask(struct cli *cli, const struct buf *api_token, struct server_config *out) {
    struct remote_response resp = {0};
    struct remote_call call = {
        .method = HTTP_GET, .path = "api/v1/config", .expect = {EXPECT_JSON, "file_max", 0}};
    enum cli_exit status = remote_call(&cli->remote, &call, &resp);
    if (status == CLI_DONE) status = read_server_config(resp.json, out);

    if (status == CLI_GONE) {
        say_error("%s is not an Ephemeral Secrets server", cli->remote.base);
        say_hint("Check the address. For a classic server use --classic.");
        status = CLI_USAGE;
    } else if (status != CLI_DONE) {
        remote_complain(&cli->remote, status, &resp, "get the server's limits");
    } else if (api_token != NULL) {
        /* Before anything is read: whether it can be shared here, and where the link leads. */
        status = sharing_check(cli, resp.json, api_token);
        if (status == CLI_DONE)
            status = page_choose(cli, remote_text(resp.json, "page"), out->page);
    }
    remote_response_clear(&resp);
    return status;
}
