/* SPDX-License-Identifier: MIT */
/*
 * Records as items of a DynamoDB table, and back (docs/FORMAT.md, docs/AWS.md).  Pure functions.
 *
 * A classic record is one item, byte-compatible with pysecrets, which did not write `content`,
 * `rev`, `size`, `mark` or the sweep's attributes.  A sealed one is two: its own, and its inline
 * content under the id with DYNAMODB_CONTENT_SUFFIX.
 */
#ifndef STORE_DYNAMODB_ITEM_H
#define STORE_DYNAMODB_ITEM_H

#include <jansson.h>

#include "base/buf.h"
#include "vault/record.h"

/* Behind the id, in the key of the item that holds inline content.  No id has this character. */
#define DYNAMODB_CONTENT_SUFFIX "#content"

enum {
    DYNAMODB_SHARDS = 8, /* partitions of the sweep's index */
    DYNAMODB_MARK_LEN = 16,
};

/* One attribute's value: {"S": text}, {"N": number}, {"B": bytes}, {"BS": [bytes]}, {"NS":
 * [number]}, {"BOOL": b}.  A new reference, or NULL if memory is short. */
json_t *dynamodb_item_s(const char *text, size_t len);
json_t *dynamodb_item_n(int64_t number);
json_t *dynamodb_item_b(const void *data, size_t len);
json_t *dynamodb_item_bs(const void *data, size_t len);
json_t *dynamodb_item_ns(int64_t number);
json_t *dynamodb_item_bool(bool b);

/* The leases of ${r} as a list, in the order they were opened, and one lease as a list of one. */
json_t *dynamodb_item_leases(const struct record *r);
json_t *dynamodb_item_lease(const struct lease *l);

/* The partition of the sweep's index for ${id}: one character. */
void dynamodb_item_shard(const char *id, size_t len, char out[static 2]);

/* When the table's TTL may delete what is left of ${r}. */
int64_t dynamodb_item_ttl(const struct record *r);

/*
 * The item of the new record ${r} with key ${id}; ${content} is its inline content, NULL if there
 * is none; ${bucket} is what s3_info names; ${mark} tells this create from any other.  A new
 * reference, or NULL if memory is short.
 */
json_t *dynamodb_item_write(const char *id, const struct record *r, const struct buf *content,
                            const char *bucket, const uint8_t mark[static DYNAMODB_MARK_LEN]);

/* The item that holds the inline content of the sealed record ${r}.  As dynamodb_item_write(). */
json_t *dynamodb_item_write_content(const char *id, const struct record *r,
                                    const struct buf *content,
                                    const uint8_t mark[static DYNAMODB_MARK_LEN]);

/*
 * Read ${item} into ${out}, which the caller clears.  Returns 1; 0 if it is what is left of a
 * classic record after its last view; ERR_NOMEM; or ERR_STORE if it is no record.
 */
MUST_CHECK
int dynamodb_item_read(const json_t *item, struct record *out);

/*
 * Append the content that ${item} holds (`data` as text in base64, or `content` as bytes).  Returns
 * 1, 0 if it holds none, ERR_TOO_LARGE, ERR_NOMEM, or ERR_STORE if it is no base64.
 */
MUST_CHECK
int dynamodb_item_read_content(const json_t *item, struct buf *out);

/* Whether the binary set ${name} of ${item} holds ${data}, its number set ${name} holds ${number},
 * its attribute ${name} is ${data}. */
bool dynamodb_item_has_bytes(const json_t *item, const char *name, const void *data, size_t len);
bool dynamodb_item_has_number(const json_t *item, const char *name, int64_t number);
bool dynamodb_item_is_bytes(const json_t *item, const char *name, const void *data, size_t len);

#endif
