/* SPDX-License-Identifier: MIT */
#include "cli/command/sharing.h"

#include "cli/terminal/say.h"
#include "crypto/token.h"

/* Return the method to read the token by, or NULL.  A token of the configuration file is for the
 * server of that file only. */
static const char *
token_method(const struct cli *cli) {
    const struct config *c = &cli->config;
    if (cli->opt.api_token != NULL) return cli->opt.api_token;
    if (c->api_token[0] == '\0' || strcmp(c->server, cli->remote.base) != 0) return NULL;
    return c->api_token;
}

enum cli_exit
sharing_token(struct cli *cli, struct buf *token) {
    const char *method = token_method(cli);
    if (method == NULL) return CLI_DONE;

    enum cli_exit status = cli_ask(cli, method, "API token", token);
    if (status != CLI_DONE || token_is_canonical(buf_text(token), token->len)) return status;
    say_error("the API token is not valid");
    say_hint("It has 43 letters, digits, - and _. Ask the operator of the server for one.");
    return CLI_USAGE;
}

enum cli_exit
sharing_check(const struct cli *cli, const json_t *config, const struct buf *token) {
    const json_t *create = json_object_get(config, "create");
    bool by_token = remote_lists(create, "ways", "token");
    if (!json_is_false(json_object_get(create, "allowed"))) return CLI_DONE;
    if (by_token && token->len > 0) return CLI_DONE;

    say_error("%s does not let you share", cli->remote.base);
    if (by_token)
        say_hint("Give an API token of its operator with --api-token, such as --api-token "
                 "file:PATH.");
    else if (remote_lists(create, "ways", "user"))
        say_hint("Sign in there with a browser, and share with it.");
    else say_hint("Use another address of this service, or ask its operator.");
    return CLI_FORBIDDEN;
}

bool
sharing_was_refused(const struct cli *cli, const struct remote_response *resp,
                    const struct buf *token) {
    if (strcmp(resp->code, "creators_only") != 0) return false;
    if (token->len > 0) {
        say_error("%s does not accept the API token", cli->remote.base);
        say_hint("It may have been withdrawn. Ask the operator of the server for another one.");
    } else {
        say_error("%s does not let you share", cli->remote.base);
        say_hint("Give an API token of its operator with --api-token.");
    }
    return true;
}
