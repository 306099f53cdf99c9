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
    struct turns_client client;
    http_address_group(&call->req->client, client.client);
    http_address_network(&call->req->client, client.network);
    return client;
}

int
call_storage_take(struct api_call *call, uint64_t bytes, int64_t ttl) {
    struct vault *v = call->api->vault;
    struct daily *daily = v->limits.daily;
    struct storage_level level = {.quota = v->limits.quota};
    uint8_t key[16];
    if (level.quota == 0 && daily == NULL) return 0;

    /* Where the bytes of a day are limited, the shares are those of the day, even if there is a
     * quota as well (SQLite with files in S3). */
    if (daily != NULL) {
        level.quota = daily_limit(daily);
        level.used = daily_taken(daily, clock_now(&v->clock));
        ttl = DAILY_SECONDS;
    } else level.used = vault_usage(v);
    http_address_network(&call->req->client, key);
    return storage_shares_take(call->api->storage_shares, key, bytes, ttl, level,
                               call->api->monotonic_ms() / 1000);
}

void
call_storage_return(struct api_call *call, uint64_t bytes) {
    uint8_t key[16];
    const struct vault_limits *limits = &call->api->vault->limits;
    if (limits->quota == 0 && limits->daily == NULL) return;

    http_address_network(&call->req->client, key);
    storage_shares_return(call->api->storage_shares, key, bytes, call->api->monotonic_ms() / 1000);
}
