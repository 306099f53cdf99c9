/* SPDX-License-Identifier: MIT */
#include "api/call.h"

#include "api/storage_shares.h"

void
call_about(struct api_call *call, const char *id) {
    _Static_assert(sizeof(call->resp->log_tag) == TOKEN_TAG_LEN + 1, "log_tag holds a tag");
    _Static_assert(sizeof(call->api->tag_key) == TOKEN_TAG_KEY_LEN, "tag_key is a key of tags");
    token_tag(call->api->tag_key, id, strlen(id), call->resp->log_tag);
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

struct turns_client
call_turns(const struct api_call *call) {
    struct turns_client client = {0};
    http_address_group(&call->req->client, client.client);
    http_address_network(&call->req->client, client.network);
    return client;
}

/* The shares of content in ${place}, with ${level} filled; NULL if nothing limits it. */
static struct storage_shares *
shares_of(const struct api_call *call, enum vault_place place, struct storage_level *level) {
    struct vault *v = call->api->vault;
    struct daily *daily = v->limits.daily;

    if (!v->limits.remote[place]) {
        *level = (struct storage_level){.used = vault_usage(v), .quota = v->limits.quota};
        return level->quota != 0 ? call->api->storage_shares : NULL;
    }
    if (daily == NULL) return NULL;
    level->used = daily_taken(daily, clock_now(&v->clock));
    level->quota = daily_limit(daily);
    return call->api->daily_shares;
}

/* Charge ${bytes} in ${place}.  Returns as call_storage_take(). */
static int
take_share(struct api_call *call, enum vault_place place, uint64_t bytes, int64_t ttl) {
    struct storage_level level;
    struct storage_shares *shares = shares_of(call, place, &level);
    uint8_t key[16];
    if (shares == NULL || bytes == 0) return 0;

    /* The bytes of a day count for a day, however soon they are gone. */
    if (shares == call->api->daily_shares) ttl = DAILY_SECONDS;
    http_address_network(&call->req->client, key);
    return storage_shares_take(shares, key, bytes, ttl, level, call->api->monotonic_ms() / 1000);
}

static void
return_share(struct api_call *call, enum vault_place place, uint64_t bytes, int64_t ttl) {
    struct storage_level level;
    struct storage_shares *shares = shares_of(call, place, &level);
    uint8_t key[16];
    if (shares == NULL || bytes == 0) return;

    if (shares == call->api->daily_shares) ttl = DAILY_SECONDS;
    http_address_network(&call->req->client, key);
    storage_shares_return(shares, key, bytes, ttl, call->api->monotonic_ms() / 1000);
}

int
call_storage_check(struct api_call *call, const struct vault_charge *c) {
    int64_t now = call->api->monotonic_ms() / 1000;
    struct storage_level level;
    uint8_t key[16];
    int err = 0;

    http_address_network(&call->req->client, key);
    for (int i = 0; i < VAULT_PLACES && err == 0; i++) {
        struct storage_shares *shares = shares_of(call, (enum vault_place)i, &level);
        if (shares != NULL && c->bytes[i] > 0)
            err = storage_shares_check(shares, key, c->bytes[i], level, now);
    }
    return err;
}

int
call_storage_take(struct api_call *call, const struct vault_charge *c, int64_t ttl) {
    int err = take_share(call, VAULT_RECORDS, c->bytes[VAULT_RECORDS], ttl);
    if (err != 0) return err;

    err = take_share(call, VAULT_BLOBS, c->bytes[VAULT_BLOBS], ttl);
    if (err != 0) return_share(call, VAULT_RECORDS, c->bytes[VAULT_RECORDS], ttl);
    return err;
}

void
call_storage_return(struct api_call *call, const struct vault_charge *c, int64_t ttl) {
    return_share(call, VAULT_RECORDS, c->bytes[VAULT_RECORDS], ttl);
    return_share(call, VAULT_BLOBS, c->bytes[VAULT_BLOBS], ttl);
}
