/* SPDX-License-Identifier: MIT */
/*
 * A blob store in an S3 bucket, or in anything that speaks its protocol.  Piece K of NAME is the
 * object v1/NAME/K.  A name "ID.enc" is a classic file: the object of that name, in base64, as
 * pysecrets has it.  What a crash leaves behind is removed by the bucket's lifecycle rules
 * (docs/AWS.md), so there is nothing to tidy.
 */
#ifndef STORE_S3_BLOBS_H
#define STORE_S3_BLOBS_H

#include "aws/service.h"
#include "vault/blobs.h"

struct s3_blobs_config {
    struct aws_env env; /* for region and endpoint */
    struct aws_credentials *credentials;
    struct aws_transport transport;
    struct clock clock;
    struct random random;
    const char *bucket;
    const char *sse; /* encryption to ask for; "" for none; NULL: aws:kms on Amazon's endpoints */
    int erase_ms; /* after which an erase is left (ERR_BUSY), to go on when it is asked for again;
                     0: never */
};

/*
 * Open the bucket; what ${options} refer to outlives it, its strings are copied.  Asks the service
 * whether the bucket keeps versions, in which nothing is ever erased.  Returns 0 with ${out} set;
 * ERR_CONFIG with ${wrong} naming the setting that is missing or not understood ("S3_BUCKET" also
 * for a bucket that keeps versions); ERR_STORE if the service does not answer or refuses; or
 * ERR_NOMEM.
 */
MUST_CHECK
int s3_blobs_open(const struct s3_blobs_config *options, struct blobs **out, const char **wrong);

#endif
