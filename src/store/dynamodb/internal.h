/* SPDX-License-Identifier: MIT */
/* What the files of the DynamoDB store share. */
#ifndef STORE_DYNAMODB_INTERNAL_H
#define STORE_DYNAMODB_INTERNAL_H

#include "store/dynamodb/body.h"
#include "store/dynamodb/call.h"
#include "store/dynamodb/store.h"

/* An id, or an id with DYNAMODB_CONTENT_SUFFIX, and a NUL. */
enum { DYNAMODB_KEY_MAX = TOKEN_SEALED_ID_LEN + sizeof(DYNAMODB_CONTENT_SUFFIX) };

/* How long what is left of a classic record after its last view decides unknown outcomes. */
enum { DYNAMODB_MARK_LIFE = 3600 };

struct dynamodb {
    struct store base;
    struct aws_service service;
    struct random random;
    atomic_llong latest; /* time that was seen */
    char *table;
    char *bucket; /* "" where classic files are not in S3 */
};

/* The id that ${ref} is. */
void dynamodb_id(const struct store_ref *ref, char out[static DYNAMODB_KEY_MAX + 1]);

/* The later of ${clock} and the latest time seen. */
int64_t dynamodb_time(struct dynamodb *d, int64_t clock);

/*
 * Read item ${key} consistently into ${item}, a new reference.  Tries again within the budget.
 * Returns 1, 0 if there is none, ERR_NOMEM or ERR_STORE.
 */
MUST_CHECK
int dynamodb_get(struct dynamodb *d, const char *key, bool whole, json_t **item);

/* Erase the item that holds the inline content of ${id}, if it is there; what fails here is left to
 * the table's TTL. */
void dynamodb_erase_content(struct dynamodb *d, const char *id);

/* The change and create of struct store_ops. */
int dynamodb_change(struct store *s, const struct store_ref *ref, const struct change *c,
                    struct effect *effect, struct record *after);
int dynamodb_create(struct store *s, const struct store_ref *ref, const struct record *r,
                    const struct buf *content);

#endif
