/* SPDX-License-Identifier: MIT */
/*
 * The bodies of all requests to DynamoDB.  Each is made by a pure function, so that everything this
 * store asks of the service is in one file.  Each function returns a new reference, or NULL if
 * memory is short.
 *
 * ${id} is the key of a record.  A condition is checked by the service in the same step as the
 * write, so that a write which is sent twice is done once.
 */
#ifndef STORE_DYNAMODB_BODY_H
#define STORE_DYNAMODB_BODY_H

#include <jansson.h>

#include "store/dynamodb/item.h"
#include "vault/policy.h"

/* GetItem, consistent: the whole item ${key}, or without ${whole} all but a classic text's
 * content. */
json_t *dynamodb_body_get(const char *table, const char *key, bool whole);

/* GetItem, consistent: the wrap in item ${key}. */
json_t *dynamodb_body_get_wrap(const char *table, const char *key);

/* PutItem of ${item}, whose reference is taken over, if there is no item of that key. */
json_t *dynamodb_body_put(const char *table, json_t *item);

/*
 * UpdateItem: take a view of a classic record for ${c}, if one remains, the record has not expired,
 * and c->mark, the idempotency key of the claim, has not taken one.  ${after} is the record
 * afterwards.  With the last view of a text the ciphertext is removed, and the item stays as a
 * tombstone until ${ttl}.
 */
json_t *dynamodb_body_claim(const char *table, const char *id, const struct change *c,
                            const struct record *after, int64_t ttl);

/* UpdateItem: turn a view into the lease ${l}, if every condition of an open holds and there is no
 * such lease.  ${after} is the record afterwards. */
json_t *dynamodb_body_open(const char *table, const char *id, const struct change *c,
                           const struct record *after, const struct lease *l);

/* UpdateItem: count a wrong proof, if it is wrong and more attempts remain after it. */
json_t *dynamodb_body_wrong(const char *table, const char *id, const struct change *c);

/* UpdateItem: register part c->part, if the upload is in progress and the part is not
 * registered. */
json_t *dynamodb_body_part(const char *table, const char *id, const struct change *c,
                           const struct record *after);

/*
 * UpdateItem: count the answer c->answer, the last one of ${after}, in a request, if it is open,
 * has not expired, takes another answer, and has not counted this one.
 */
json_t *dynamodb_body_answer(const char *table, const char *id, const struct change *c,
                             const struct record *after);

/* UpdateItem: store ${wrap} with the content of the answer ${id}, which is ${after} once it is
 * complete, unless it has a wrap.  The response has the one that is stored. */
json_t *dynamodb_body_put_wrap(const char *table, const char *id, const struct record *after,
                               const struct buf *wrap);

/* UpdateItem: make the item what ${after} is, if its rev is ${rev} (0: it has none). */
json_t *dynamodb_body_store(const char *table, const char *id, uint64_t rev,
                            const struct record *after);

/* UpdateItem: make a classic record a tombstone until ${ttl}, if its rev is ${rev}. */
json_t *dynamodb_body_tombstone(const char *table, const char *id, uint64_t rev, int64_t ttl);

/* DeleteItem, if the rev is ${rev}. */
json_t *dynamodb_body_delete(const char *table, const char *id, uint64_t rev);

/* DeleteItem of the item that holds the inline content and the wrap of ${id}. */
json_t *dynamodb_body_delete_content(const char *table, const char *id);

/* Query: at most ${max} ids of shard ${shard} that are due at ${now}, those due longest first. */
json_t *dynamodb_body_due(const char *table, const char *shard, int64_t now, int max);

/* Scan, consistent: ids of records that name ${blob}, from the key ${start} on (NULL: all). */
json_t *dynamodb_body_find_blob(const char *table, const char *blob, const json_t *start);

/* Scan: the records without their content, after the key ${start}, or from the first one if that is
 * NULL. */
json_t *dynamodb_body_survey(const char *table, const json_t *start);

#endif
