/* SPDX-License-Identifier: MIT */
/*
 * Records in a DynamoDB table, or in a service that speaks the same protocol: for many instances at
 * once.  Every change is a consistent read, the rules of policy.h, and one conditional write,
 * without transactions.  docs/AWS.md describes the table.
 */
#ifndef STORE_DYNAMODB_STORE_H
#define STORE_DYNAMODB_STORE_H

#include "aws/service.h"
#include "vault/store.h"

/* The index that due() queries: partition key `sweep` (S), sort key `sweep_at` (N), keys only. */
#define DYNAMODB_INDEX "sweep"

/* The largest content of an item, bytes: in base64 it is under the 400 KB that an item may have. */
enum { DYNAMODB_INLINE_MAX = 256 * 1024 };

/* The most parts of one upload: the item holds the set of their numbers. */
enum { DYNAMODB_PARTS_MAX = 65536 };

struct dynamodb_store_config {
    struct aws_service_config aws;
    const char *table;
    const char *bucket; /* of the classic files, as pysecrets names it; "" or NULL: not in S3 */
};

/*
 * Open a store over ${config}, whose ${table} and ${bucket} are copied.  What it refers to must
 * outlive the store.  Sends no request.  Returns 0 with ${out} set; or, with ${out} NULL,
 * ERR_CONFIG with the setting and what is wrong with it in ${reason}, or ERR_NOMEM.
 */
MUST_CHECK
int dynamodb_store_open(const struct dynamodb_store_config *config, struct store **out,
                        struct buf *reason);

#endif
