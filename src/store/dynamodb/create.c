/* SPDX-License-Identifier: MIT */
/*
 * Creating: content first, record second.  Nobody knows the id before the create is answered, and
 * what is left of a record outlives every request for it, so that a create that arrives late
 * revives nothing.
 */
#include "base/err.h"
#include "store/dynamodb/internal.h"

/*
 * Whether item ${key}, for which a put was refused, is there with ${mark}: 1; 0 it is another's;
 * ERR_UNKNOWN_OUTCOME nothing is there, so that an earlier put may come yet; or another code.
 */
static int
is_own(struct dynamodb *d, const char *key, const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    json_t *item = NULL;
    int got = dynamodb_get(d, key, false, &item);
    bool own = got == 1 && dynamodb_item_is_bytes(item, "mark", mark, DYNAMODB_MARK_LEN);
    json_decref(item);
    if (got == 0) return ERR_UNKNOWN_OUTCOME;
    return got < 0 ? got : own;
}

/*
 * Put ${item}, of key ${key} with ${mark}, whose reference is taken over.  Returns 1 done; 0 the
 * key is taken; or a negative code.
 */
static int
put_item(struct dynamodb *d, const char *key, json_t *item,
         const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    struct aws_retry retry;
    bool unknown = false;
    int result = item != NULL ? ERR_STORE : ERR_NOMEM;
    aws_retry_start(&retry, &d->service);
    while (item != NULL) {
        json_t *answer = NULL, *body = dynamodb_body_put(d->table, json_incref(item));
        enum dynamodb_outcome outcome = dynamodb_call(&d->service, "PutItem", body, false, &answer);
        json_decref(answer);
        result = ERR_STORE;
        if (outcome == DYNAMODB_DONE) result = 1;
        /* The HTTP client sends a second time by itself when a kept connection breaks: what was
         * refused may be what came first. */
        else if (outcome == DYNAMODB_REFUSED) result = is_own(d, key, mark);
        else if (outcome == DYNAMODB_NOMEM) result = ERR_NOMEM;
        else if (outcome == DYNAMODB_TOO_LARGE) result = ERR_TOO_LARGE;
        unknown |= outcome == DYNAMODB_UNKNOWN || outcome == DYNAMODB_REFUSED;
        bool again = outcome == DYNAMODB_NOT_DONE || outcome == DYNAMODB_UNKNOWN ||
                     (outcome == DYNAMODB_REFUSED && result == ERR_UNKNOWN_OUTCOME);
        if (!again || !aws_retry_again(&retry)) break;
    }
    json_decref(item);
    return result < 0 && unknown ? ERR_UNKNOWN_OUTCOME : result;
}

int
dynamodb_create(struct store *s, const struct store_ref *ref, const struct record *r,
                const struct buf *content) {
    struct dynamodb *d = (struct dynamodb *)s;
    char id[DYNAMODB_KEY_MAX + 1], key[DYNAMODB_KEY_MAX + 1];
    uint8_t mark[DYNAMODB_MARK_LEN];
    bool apart = r->kind == RECORD_SEALED && r->content == CONTENT_INLINE;
    int result = 1;
    dynamodb_id(ref, id);
    random_fill(&d->random, mark, sizeof(mark));
    if (apart) {
        (void)snprintf(key, sizeof(key), "%.*s" DYNAMODB_CONTENT_SUFFIX, TOKEN_SEALED_ID_LEN, id);
        result = put_item(d, key, dynamodb_item_write_content(id, r, content, mark), mark);
    }
    if (result == 1)
        result = put_item(
            d, id, dynamodb_item_write(id, r, apart ? NULL : content, d->bucket, mark), mark);
    return result;
}
