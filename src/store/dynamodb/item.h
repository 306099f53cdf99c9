/* SPDX-License-Identifier: MIT */
/*
 * Records as items of a DynamoDB table, and back (docs/FORMAT.md, docs/AWS.md).  Pure functions.
 *
 * A classic record is one item, byte-compatible with pysecrets, which did not write `content`,
 * `rev`, `size`, `mark` or the attributes of the sweep.  A sealed record is two items: its own, and
 * its inline content and its wrap under the id with DYNAMODB_CONTENT_SUFFIX.
 */
#ifndef STORE_DYNAMODB_ITEM_H
#define STORE_DYNAMODB_ITEM_H

#include <jansson.h>

#include "base/buf.h"
#include "vault/record.h"

/* Follows the id in the key of the item that holds inline content and the wrap.  No id has a
 * '#'. */
#define DYNAMODB_CONTENT_SUFFIX "#content"

enum {
    DYNAMODB_SHARDS = 8,    /* partitions of the sweep's index */
    DYNAMODB_MARK_LEN = 16, /* idempotency key of a create */
};

/* One attribute's value: {"S": text}, {"N": number}, {"B": bytes}, {"BS": [bytes]}, {"NS":
 * [number]}, {"BOOL": b}.  A new reference, or NULL if memory is short. */
json_t *dynamodb_item_s(const char *text, size_t len);
json_t *dynamodb_item_n(int64_t number);
json_t *dynamodb_item_b(const void *data, size_t len);
json_t *dynamodb_item_bs(const void *data, size_t len);
json_t *dynamodb_item_ns(int64_t number);
json_t *dynamodb_item_bool(bool b);

/* The leases of ${r} as a list, in the order they were opened; and the lease ${l} as a list of one.
 * A new reference, or NULL if memory is short. */
json_t *dynamodb_item_leases(const struct record *r);
json_t *dynamodb_item_lease(const struct lease *l);

/* The answer ${a} to a request as a list of one.  A new reference, or NULL if memory is short. */
json_t *dynamodb_item_answer(const struct record_answer *a);

/* Write the partition of the sweep's index for ${id}, one character and a NUL, to ${out}. */
void dynamodb_item_shard(const char *id, size_t len, char out[static 2]);

/* When the table's TTL may delete the item of ${r}. */
int64_t dynamodb_item_ttl(const struct record *r);

/* When it may delete the item of its content: a collector reads a description until the end. */
int64_t dynamodb_item_content_ttl(const struct record *r);

/* The attribute `v` of ${r}, which is not classic: 2 for requests and unfinished inline answers,
 * else 1.  Readers so far look only whether it is there. */
int dynamodb_item_version(const struct record *r);

/*
 * Make the item of the new record ${r} with key ${id}.  ${content} is its inline content, or NULL.
 * ${bucket} is named in s3_info.  ${mark} is the idempotency key of this create.  Returns a new
 * reference, or NULL if memory is short.
 */
json_t *dynamodb_item_write(const char *id, const struct record *r, const struct buf *content,
                            const char *bucket, const uint8_t mark[static DYNAMODB_MARK_LEN]);

/* Make the item that holds the inline ${content} and the ${wrap} of the sealed record ${r}.  Either
 * may be NULL.  Returns as dynamodb_item_write(). */
json_t *dynamodb_item_write_content(const char *id, const struct record *r,
                                    const struct buf *content, const struct buf *wrap,
                                    const uint8_t mark[static DYNAMODB_MARK_LEN]);

/*
 * Read ${item} into ${out}, which the caller clears.  Returns 1; 0 if it is the tombstone of a
 * classic record; ERR_NOMEM; or ERR_STORE if it is not a record.
 */
MUST_CHECK
int dynamodb_item_read(const json_t *item, struct record *out);

/*
 * Append the content of ${item} to ${out}: `data`, base64 in a text, or `bytes`.  Returns 1; 0 if
 * it has none; ERR_TOO_LARGE; ERR_NOMEM; or ERR_STORE if it is not base64.
 */
MUST_CHECK
int dynamodb_item_read_content(const json_t *item, struct buf *out);

/* Append the wrap of ${item}, `wrap`, to ${out}.  Returns as dynamodb_item_read_content(). */
MUST_CHECK
int dynamodb_item_read_wrap(const json_t *item, struct buf *out);

/* Whether the binary set ${name} of ${item} holds ${data}; whether its number set ${name} holds
 * ${number}; and whether its attribute ${name} is ${data}. */
bool dynamodb_item_has_bytes(const json_t *item, const char *name, const void *data, size_t len);
bool dynamodb_item_has_number(const json_t *item, const char *name, int64_t number);
bool dynamodb_item_is_bytes(const json_t *item, const char *name, const void *data, size_t len);

#endif
