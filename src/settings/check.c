/* SPDX-License-Identifier: MIT */
#include "settings/check.h"

#include "base/err.h"

enum { CLOUDFRONT_KEY_MIN = 16 };

static int
refuse_settings(struct buf *reason, const char *text) {
    (void)!buf_add_text(reason, text);
    return ERR_CONFIG;
}

/* A way to the right to create, and the setting that it works by, need each other. */
static int
check_creators(const struct settings *s, struct buf *reason) {
    bool tokens = s->api_tokens[0] != '\0', token = (s->creators.ways & CREATORS_TOKEN) != 0;
    bool named = s->user_header[0] != '\0' || s->user_claim[0] != '\0';
    bool proxies = s->user_proxies.local || s->user_proxies.networks.count > 0;

    /* The file of tokens, then the user. */
    if (token && !tokens)
        return refuse_settings(reason, "SECRETS_CREATE: \"token\" requires SECRETS_API_TOKENS");
    if (tokens && !token)
        return refuse_settings(reason, "SECRETS_API_TOKENS: has no effect, because SECRETS_CREATE "
                                       "does not list \"token\"");
    if ((s->creators.ways & CREATORS_USER) && !named)
        return refuse_settings(reason, "SECRETS_CREATE: \"user\" requires SECRETS_USER_HEADER, or "
                                       "in the function SECRETS_USER_CLAIM");
    if (s->user_header[0] != '\0' && !proxies)
        return refuse_settings(reason,
                               "SECRETS_USER_HEADER: requires SECRETS_USER_PROXIES, so that "
                               "it is clear who may name a user");
    if (s->user_header[0] == '\0' && proxies)
        return refuse_settings(reason, "SECRETS_USER_PROXIES: requires SECRETS_USER_HEADER");
    return 0;
}

/* Addresses of trusted proxies are no clients, so a network of them would let nobody in. */
static int
check_networks(const struct settings *s, struct buf *reason) {
    for (int i = 0; i < s->creators.networks.count; i++) {
        const struct http_network *n = &s->creators.networks.networks[i];
        for (int k = 0; k < s->trusted.count; k++) {
            const struct http_trusted one = {.networks = {s->trusted.networks[k]}, .count = 1};
            if (s->trusted.networks[k].prefix <= n->prefix && http_address_in(&one, &n->base))
                return refuse_settings(
                    reason, "SECRETS_CREATE: one of its networks belongs to "
                            "SECRETS_TRUSTED_PROXIES, whose addresses are never clients");
        }
    }
    return 0;
}

int
settings_check(const struct settings *s, struct buf *reason) {
    if (s->ttl_days > s->ttl_max_days) {
        (void)!buf_printf(reason, "TTL_DAYS: %lld is above SECRETS_MAX_TTL_DAYS, %lld",
                          (long long)s->ttl_days, (long long)s->ttl_max_days);
        return ERR_CONFIG;
    }
    if (s->s3_sse[0] != '\0' && s->s3_bucket[0] == '\0')
        return refuse_settings(reason, "SECRETS_S3_SSE: requires S3_BUCKET");
    if (s->admin_listen[0] != '\0' && strncmp(s->admin_listen, "unix:", 5) != 0)
        return refuse_settings(reason, "SECRETS_ADMIN_LISTEN: must be unix:PATH, never a port");

    /* A key that can be guessed is none. */
    size_t len = strlen(s->cloudfront_key);
    if (len > 0 && len < CLOUDFRONT_KEY_MIN) {
        (void)!buf_printf(reason, "SECRETS_CLOUDFRONT_KEY: must have at least %d characters",
                          CLOUDFRONT_KEY_MIN);
        return ERR_CONFIG;
    }

    int err = check_creators(s, reason);
    if (err == 0) err = check_networks(s, reason);
    return err;
}
