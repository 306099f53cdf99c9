/* SPDX-License-Identifier: MIT */
/*
 * The bodies of all requests to DynamoDB, each a pure function: the whole of what this store asks
 * stands in one file.  Each returns a new reference, or NULL if memory is short.
 *
 * Of every record ${id} is the key.  Conditions hold on the item as it is when the write is done,
 * so that a write that was sent twice is done once.
 */
#ifndef STORE_DYNAMODB_BODY_H
#define STORE_DYNAMODB_BODY_H

#include <jansson.h>

#include "store/dynamodb/item.h"
#include "vault/policy.h"

/* GetItem, consistent: all of ${key}, or all but the content of a classic text. */
json_t *dynamodb_body_get(const char *table, const char *key, bool whole);

/* PutItem of ${item}, whose reference is taken over, if its key is not taken. */
json_t *dynamodb_body_put(const char *table, json_t *item);

/*
 * UpdateItem: take a view of a classic record for ${c}, if one is left, it has not expired, and
 * c->mark did not take one yet.  ${after} is the record after it.  With the last view the
 * ciphertext goes, and the item stays as a mark until ${ttl}.
 */
json_t *dynamodb_body_claim(const char *table, const char *id, const struct change *c,
                            const struct record *after, int64_t ttl);

/* UpdateItem: turn a view into lease ${l}, if all holds that makes a claim, and ${l} is
 * not there. */
json_t *dynamodb_body_open(const char *table, const char *id, const struct change *c,
                           const struct record *after, const struct lease *l);

/* UpdateItem: count a wrong proof that is not the last one allowed, if it is wrong. */
json_t *dynamodb_body_wrong(const char *table, const char *id, const struct change *c);

/* UpdateItem: register part c->part, if the upload goes on and it is not registered. */
json_t *dynamodb_body_part(const char *table, const char *id, const struct change *c,
                           const struct record *after);

/* UpdateItem: make the item what ${after} is, if its rev is ${rev} (0: it has none). */
json_t *dynamodb_body_store(const char *table, const char *id, uint64_t rev,
                            const struct record *after);

/* UpdateItem: leave of a classic record nothing but a mark until ${ttl}, if its rev is ${rev}. */
json_t *dynamodb_body_bury(const char *table, const char *id, uint64_t rev, int64_t ttl);

/* DeleteItem, if the rev is ${rev}. */
json_t *dynamodb_body_delete(const char *table, const char *id, uint64_t rev);

/* DeleteItem of the item that holds the inline content of ${id}. */
json_t *dynamodb_body_delete_content(const char *table, const char *id);

/* Query: ids of shard ${shard} that are due at ${now}, the longest due first. */
json_t *dynamodb_body_due(const char *table, const char *shard, int64_t now, int max);

/* Scan, consistent: ids of records that name ${blob}; from ${start} on, a key or NULL. */
json_t *dynamodb_body_find_blob(const char *table, const char *blob, const json_t *start);

#endif
