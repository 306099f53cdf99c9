/* SPDX-License-Identifier: MIT */
/*
 * Creating a record: first the content, then the record.  Nobody knows the id before the create
 * succeeds, and a record or its tombstone outlives every request for it, so a create that arrives
 * late revives nothing.
 */
#include "base/err.h"
#include "store/dynamodb/internal.h"

/*
 * Examine item ${key}, for which a put with the idempotency key ${mark} was refused.  Returns 1 if
 * it is our own; 0 if it is another's; ERR_UNKNOWN_OUTCOME if there is none, so that an earlier
 * attempt may still arrive; or another code.
 */
static int
examine_refused_put(struct dynamodb *d, const char *key,
                    const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    json_t *item = NULL;

    int got = dynamodb_get(d, key, false, &item);
    bool own = got == 1 && dynamodb_item_is_bytes(item, "mark", mark, DYNAMODB_MARK_LEN);
    json_decref(item);
    if (got == 0) return ERR_UNKNOWN_OUTCOME;
    return got < 0 ? got : own;
}

/* Send one put.  ${result} is what put_item() returns if it is the last attempt. */
static enum dynamodb_outcome
put_once(struct dynamodb *d, const char *key, json_t *item,
         const uint8_t mark[static DYNAMODB_MARK_LEN], int *result) {
    json_t *response = NULL, *body = dynamodb_body_put(d->table, json_incref(item));
    enum dynamodb_outcome outcome = dynamodb_call(&d->service, "PutItem", body, false, &response);

    json_decref(response);
    switch (outcome) {
    case DYNAMODB_DONE: *result = 1; break;
    /* The HTTP client repeats a request when a kept connection breaks, so a refused put may be one
     * that an earlier attempt has done. */
    case DYNAMODB_REFUSED: *result = examine_refused_put(d, key, mark); break;
    case DYNAMODB_NOMEM: *result = ERR_NOMEM; break;
    case DYNAMODB_TOO_LARGE: *result = ERR_TOO_LARGE; break;
    default: *result = ERR_STORE; break;
    }
    return outcome;
}

/*
 * Put ${item} with key ${key} and idempotency key ${mark}.  Takes over the reference to ${item};
 * NULL is ERR_NOMEM.  Returns 1 done; 0 the key is taken; or a negative code.
 */
static int
put_item(struct dynamodb *d, const char *key, json_t *item,
         const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    struct aws_retry retry;
    bool again = true, unknown = false;
    int result = ERR_NOMEM;

    if (item == NULL) return ERR_NOMEM;
    aws_retry_start(&retry, &d->service);
    do {
        enum dynamodb_outcome outcome = put_once(d, key, item, mark, &result);
        bool nothing_there = outcome == DYNAMODB_REFUSED && result == ERR_UNKNOWN_OUTCOME;

        if (outcome == DYNAMODB_UNKNOWN || outcome == DYNAMODB_REFUSED) unknown = true;
        again = outcome == DYNAMODB_NOT_DONE || outcome == DYNAMODB_UNKNOWN || nothing_there;
    } while (again && aws_retry_again(&retry));

    json_decref(item);
    return result < 0 && unknown ? ERR_UNKNOWN_OUTCOME : result;
}

int
dynamodb_create(struct store *s, const struct store_ref *ref, const struct record *r,
                const struct buf *content, const struct buf *wrap) {
    struct dynamodb *d = (struct dynamodb *)s;
    char id[DYNAMODB_KEY_MAX + 1], key[DYNAMODB_KEY_MAX + 1];
    uint8_t mark[DYNAMODB_MARK_LEN];
    bool apart = !record_is_classic(r) && (r->content == CONTENT_INLINE || r->wrap_len > 0);
    int result = 1;

    dynamodb_id(ref, id);
    random_fill(&d->service.random, mark, sizeof(mark));

    /* Content and wrap first: a record is never without them. */
    if (apart) {
        dynamodb_content_key(id, key);
        result = put_item(d, key, dynamodb_item_write_content(id, r, content, wrap, mark), mark);
        content = NULL;
    }
    if (result == 1)
        result = put_item(d, id, dynamodb_item_write(id, r, content, d->bucket, mark), mark);
    return result;
}
