/* SPDX-License-Identifier: MIT */
#include "api/access/access.h"

#include "api/access/api_tokens.h"
#include "api/access/creators.h"
#include "api/call.h"
#include "api/web/site.h"
#include "http/user.h"

/* The address of the client of ${req}, or NULL.  A trusted proxy that names no client is not the
 * client, and whoever sits behind it must not get the right of its network. */
static const struct http_address *
known_client(const struct api_config *config, const struct http_request *req) {
    static const struct http_trusted none;
    const struct http_trusted *proxies = config->proxies;
    if (proxies == NULL) proxies = &none;
    return http_address_trusted(proxies, &req->client) ? NULL : &req->client;
}

const char *
access_user(const struct api_config *config, const struct http_request *req) {
    bool counts = req->plane == HTTP_PLANE_MAIN && site_of(config, req) == SITE_OWN;
    return counts ? req->user : NULL;
}

void
access_actor(const struct api_config *config, const struct http_request *req, bool named,
             struct actor *out) {
    char name[API_TOKENS_NAME_MAX + 1];
    *out = (struct actor){.known = true};
    http_address_network(&req->client, out->network);
    if (!named) return;

    const char *user = access_user(config, req), *token = NULL;
    if (config->creators.ways & CREATORS_TOKEN) token = call_token(req);
    if (user != NULL) (void)snprintf(out->name, sizeof(out->name), "%s", user);
    else if (token != NULL && api_tokens_name(config->tokens, token, name))
        (void)snprintf(out->name, sizeof(out->name), HTTP_USER_OF_TOKEN "%s", name);
}

struct access
access_of(const struct api_config *config, const struct http_request *req) {
    const struct creators *creators = &config->creators;
    struct creators_facts facts = {
        .plane = req->plane,
        .site = site_of(config, req),
        .user = req->user != NULL,
        .client = known_client(config, req),
    };
    struct access access = {0};

    /* Owner and lease tokens have the same form, so a token counts only where tokens do. */
    const char *token = NULL;
    if (creators->ways & CREATORS_TOKEN) token = call_token(req);
    if (token != NULL) facts.token = api_tokens_have(config->tokens, token);

    access.allowed = creators_allow(creators, &facts);
    access.user = access_user(config, req);
    return access;
}
