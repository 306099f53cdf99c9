/* SPDX-License-Identifier: MIT */
#include "cli/command/server_config.h"

#include "cli/address/page.h"
#include "cli/command/sharing.h"
#include "cli/terminal/say.h"

/* Read the configuration of the server from ${json}.  Returns CLI_DONE or CLI_DAMAGED. */
static enum cli_exit
read_server_config(const json_t *json, struct server_config *out) {
    int64_t inline_max = remote_number(json, "inline_max", 0);
    int64_t file_max = remote_number(json, "file_max", -1);
    out->ttl_default = remote_number(json, "ttl_default", 0);
    out->ttl_max = remote_number(json, "ttl_max", INT64_MAX);
    out->views_max = remote_number(json, "views_max", INT64_MAX);
    if (file_max < 0 || out->ttl_default <= 0) return CLI_DAMAGED;

    if (inline_max < 0) inline_max = 0;
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
