/* SPDX-License-Identifier: MIT */
/*
 * Records in a DynamoDB table, or in anything that speaks its protocol: for many instances at once.
 * Every change is a consistent read, the rules of policy.h, and one conditional write; no
 * transactions.  docs/AWS.md says what the table must be like.
 */
#ifndef STORE_DYNAMODB_STORE_H
#define STORE_DYNAMODB_STORE_H

#include "aws/service.h"
#include "vault/store.h"

/* The index that due() asks: partition key `sweep` (S), sort key `sweep_at` (N), keys alone. */
#define DYNAMODB_INDEX "sweep"

/* The largest content that fits an item beside the rest: base64 of it is under 400 KB. */
enum { DYNAMODB_INLINE_MAX = 256 * 1024 };

/* The most parts of one upload: the set of their numbers is in its item, and an item is under 400
 * KB.
 */
enum { DYNAMODB_PARTS_MAX = 65536 };

struct dynamodb_store_config {
    struct aws_env env; /* for region and endpoint */
    struct aws_credentials *credentials;
    struct aws_transport transport;
    struct clock clock;
    struct random random;
    const char *table;
    const char *bucket; /* where classic files are, as pysecrets names them; NULL: not in S3 */
};

/*
 * Make a store over ${options}, what they refer to outlives it; ${table} and ${bucket} are copied.
 * Asks the service nothing.  Returns 0 with ${out} set; ERR_CONFIG with ${wrong} naming the setting
 * that is missing or not understood; or ERR_NOMEM.
 */
MUST_CHECK
int dynamodb_store_open(const struct dynamodb_store_config *options, struct store **out,
                        const char **wrong);

#endif
