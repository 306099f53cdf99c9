/* SPDX-License-Identifier: MIT */
#include "api/call.h"

#include "api/response.h"
#include "http/storage_shares.h"

void
call_about(struct api_call *call, const char *id) {
    _Static_assert(sizeof(call->resp->log_tag) == TOKEN_TAG_LEN + 1, "log_tag holds a tag");
    _Static_assert(sizeof(call->api->tag_key) == TOKEN_TAG_KEY_LEN, "tag_key is a key of tags");
    token_tag(call->api->tag_key, id, strlen(id), call->resp->log_tag);
}

/* store_later.done: the adapter can have the response. */
static void
tell_ready(struct store_later *write) {
    struct api_pending *p =
        (struct api_pending *)((char *)write - offsetof(struct api_pending, write));
    p->call.later->ready(p->call.later);
}

void *
call_pend(const struct api_call *call, size_t size, void (*finish)(struct api_pending *p)) {
    struct api_pending *p = calloc(1, size);
    if (p == NULL) {
        response_error(call->resp, ERR_NOMEM);
        return NULL;
    }

    p->call = *call;
    p->write.done = tell_ready;
    p->size = size;
    p->finish = finish;
    call->later->pending = p;
    return p;
}

void
call_pending_free(struct api_pending *p) {
    explicit_bzero(p, p->size);
    free(p);
}

const char *
call_token(const struct http_request *req) {
    static const char scheme[] = "Bearer ";
    const char *own = req->headers[HTTP_SECRETS_TOKEN], *value = req->headers[HTTP_AUTHORIZATION];
    if (own != NULL) return token_is_canonical(own, strlen(own)) ? own : NULL;

    /* A scheme that is not ours is no token. */
    if (value == NULL || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0) return NULL;

    value += sizeof(scheme) - 1;
    value += strspn(value, " ");
    if (!token_is_canonical(value, strlen(value))) return NULL;
    return value;
}

/* A share that a charge counts in. */
struct share {
    struct storage_shares *shares; /* NULL if nothing limits it */
    uint8_t key[16];
    int64_t ttl, now;
};

static struct share
share_of(const struct api_call *call, enum vault_place place, uint64_t bytes, int64_t ttl) {
    const struct vault_limits *limits = &call->api->vault->limits;
    struct share s = {.ttl = ttl, .now = call->api->monotonic_ms() / 1000};
    if (bytes == 0) return s;

    http_address_network(&call->req->client, s.key);
    if (!limits->remote[place]) {
        if (limits->quota != 0) s.shares = call->api->storage_shares;
    } else if (limits->daily != NULL) {
        s.shares = call->api->daily_shares;
        s.ttl = DAILY_SECONDS; /* however soon they are gone */
    }
    return s;
}

/* How full the stores of ${place} are, where share_of() has shares. */
static struct storage_level
level_of(const struct api_call *call, enum vault_place place) {
    struct vault *v = call->api->vault;
    struct daily *daily = v->limits.daily;
    if (!v->limits.remote[place])
        return (struct storage_level){.used = vault_usage(v), .quota = v->limits.quota};
    return (struct storage_level){.used = daily_taken(daily, clock_now(&v->clock)),
                                  .quota = daily_limit(daily)};
}

int
call_storage_check(struct api_call *call, const struct vault_charge *c) {
    int err = 0;
    for (enum vault_place i = 0; i < VAULT_PLACES && err == 0; i++) {
        struct share s = share_of(call, i, c->bytes[i], 0);
        if (s.shares != NULL)
            err = storage_shares_check(s.shares, s.key, c->bytes[i], level_of(call, i), s.now);
    }
    return err;
}

/* Take the charge ${c} back in the first ${places}. */
static void
return_shares(struct api_call *call, const struct vault_charge *c, int64_t ttl,
              enum vault_place places) {
    for (enum vault_place i = 0; i < places; i++) {
        struct share s = share_of(call, i, c->bytes[i], ttl);
        if (s.shares != NULL) storage_shares_return(s.shares, s.key, c->bytes[i], s.ttl, s.now);
    }
}

int
call_storage_take(struct api_call *call, const struct vault_charge *c, int64_t ttl) {
    for (enum vault_place i = 0; i < VAULT_PLACES; i++) {
        struct share s = share_of(call, i, c->bytes[i], ttl);
        if (s.shares == NULL) continue;

        int err =
            storage_shares_take(s.shares, s.key, c->bytes[i], s.ttl, level_of(call, i), s.now);
        if (err == 0) continue;
        return_shares(call, c, ttl, i);
        return err;
    }
    return 0;
}

void
call_storage_return(struct api_call *call, const struct vault_charge *c, int64_t ttl) {
    return_shares(call, c, ttl, VAULT_PLACES);
}
