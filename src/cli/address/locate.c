/* SPDX-License-Identifier: MIT */
#include "cli/address/locate.h"

#include "cli/terminal/say.h"
#include "http/url.h"

/* Set the base to ${reference}, resolved against ${from}.  Returns whether it is an address. */
static bool
set_base(struct remote *r, const char *from, const char *reference) {
    char address[LINK_PAGE_MAX];
    return http_url_resolve(from, reference, address, sizeof(address)) == 0 &&
           link_address(address, strlen(address), r->base) == 0;
}

/* Set the base to ${api} from the config.json of ${page}. */
static enum cli_exit
use_api(struct remote *r, const char *page, const char *api) {
    if (!set_base(r, page, api)) {
        say_error("config.json of that page is not valid");
        say_hint("Give the server with --server.");
        return CLI_DAMAGED;
    }

    /* A page that came over TLS must not lead to a server that others can listen to. */
    if (strncmp(page, "https://", 8) != 0 || strncmp(r->base, "https://", 8) == 0) return CLI_DONE;
    say_error("config.json of that https page names a server without TLS: %s", r->base);
    say_hint("If that is intended, give the server with --server.");
    return CLI_DAMAGED;
}

enum cli_exit
locate_server(struct remote *r, const char *page) {
    struct remote_response resp = {0};
    struct remote_call call = {
        .method = HTTP_GET,
        .path = "config.json",
        .expect = {.kind = EXPECT_FILE, .field = "api"},
    };
    if (!set_base(r, page, "./")) {
        say_error("%s is not an address", page);
        say_hint("An address looks like https://HOST/.");
        return CLI_USAGE;
    }

    enum cli_exit status = remote_call(r, &call, &resp);
    const char *api = remote_text(resp.json, "api");
    if (status == CLI_DONE && api != NULL) {
        status = use_api(r, page, api);
    } else if (status == CLI_GONE || status == CLI_WRONG || status == CLI_REFUSED) {
        /* Without a config.json it is the server that said so, or the origin of the page. */
        const char *where = resp.foreign ? "/" : "./";
        status = set_base(r, page, where) ? CLI_DONE : CLI_USAGE;
    } else {
        if (status == CLI_DONE) status = CLI_DAMAGED;
        remote_complain(r, status, &resp, "find the server");
    }
    remote_response_clear(&resp);
    return status;
}
