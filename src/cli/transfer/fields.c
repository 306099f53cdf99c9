/* SPDX-License-Identifier: MIT */
#include "cli/transfer/fields.h"

#include <stdatomic.h>

#include "http/url.h"

/* Return the type of the body of ${call}, or NULL without a body. */
static const char *
type_of_body(const struct remote_call *call) {
    if (call->json != NULL) return "application/json";
    if (call->http.body_len == 0) return NULL;
    if (call->content_type != NULL) return call->content_type;
    return "application/octet-stream";
}

/* Return whether a login goes with requests to the base: with those to its own origin only. */
static bool
has_login(const struct remote *r) {
    return r->login.len > 0 && http_url_same_origin(r->base, r->login_base);
}

/* Add the token of ${call}: in Authorization, or in the header of the server's own. */
static void
add_token(const struct remote_call *call, bool second_header, struct fields *out) {
    const char *name = "Authorization", *scheme = "Bearer ";
    if (second_header) {
        name = "Secrets-Token";
        scheme = "";
    }
    (void)snprintf(out->token, sizeof(out->token), "%s%s", scheme, call->token);
    out->fields[out->count++] = (struct http_field){name, out->token};
}

bool
fields_set(struct remote *r, const struct remote_call *call, struct fields *out) {
    bool login = has_login(r);
    bool second_header = login || atomic_load(&r->second_header);
    out->count = 0;
    out->fields[out->count++] = (struct http_field){"Accept", "application/json"};
    if (login)
        out->fields[out->count++] = (struct http_field){"Authorization", buf_text(&r->login)};
    if (call->token != NULL) add_token(call, second_header, out);

    const char *type = type_of_body(call);
    if (type != NULL) out->fields[out->count++] = (struct http_field){"Content-Type", type};
    return second_header;
}
