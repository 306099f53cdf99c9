/* SPDX-License-Identifier: MIT */
/* What the files of the DynamoDB store share: store.c, change.c and create.c. */
#ifndef STORE_DYNAMODB_INTERNAL_H
#define STORE_DYNAMODB_INTERNAL_H

#include "store/dynamodb/body.h"
#include "store/dynamodb/call.h"
#include "store/dynamodb/store.h"

/* The longest key: an id with DYNAMODB_CONTENT_SUFFIX, and a NUL. */
enum { DYNAMODB_KEY_MAX = TOKEN_SEALED_ID_LEN + sizeof(DYNAMODB_CONTENT_SUFFIX) };

/* Seconds that a tombstone of a classic record stays, to decide unknown outcomes of its last
 * claim. */
enum { DYNAMODB_TOMBSTONE_LIFE = 3600 };

struct dynamodb {
    struct store base;
    struct aws_service service;
    atomic_llong latest; /* latest time seen */
    char *table;
    char *bucket; /* "" where classic files are not in S3 */
};

/* Copy the id in ${ref} to ${out}. */
void dynamodb_id(const struct store_ref *ref, char out[static DYNAMODB_KEY_MAX + 1]);

/* Write the key of the item with the content and the wrap of sealed record ${id} to ${out}. */
void dynamodb_content_key(const char *id, char out[static DYNAMODB_KEY_MAX + 1]);

/*
 * Returns the time to decide by: now, but not before ${then}, a time of the store.  An instance
 * whose clock is behind opens nothing that has expired, because the clock of the service counts.
 */
int64_t dynamodb_time_after(struct dynamodb *d, int64_t then);

/*
 * Read item ${key} consistently into ${item}, a new reference, within the attempts of aws_retry.
 * ${whole} as in dynamodb_body_get().  Returns 1, 0 if there is none, ERR_NOMEM or ERR_STORE.
 */
MUST_CHECK
int dynamodb_get(struct dynamodb *d, const char *key, bool whole, json_t **item);

/* Erase the item that holds the inline content and the wrap of ${id}, if it is there.  If that
 * fails, the table's TTL does it later. */
void dynamodb_erase_content(struct dynamodb *d, const char *id);

/* The change and create of struct store_ops. */
int dynamodb_change(struct store *s, const struct store_ref *ref, const struct change *c,
                    struct effect *effect, struct record *after);
int dynamodb_create(struct store *s, const struct store_ref *ref, const struct record *r,
                    const struct buf *content, const struct buf *wrap);

#endif
