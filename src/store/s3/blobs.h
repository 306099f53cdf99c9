/* SPDX-License-Identifier: MIT */
/*
 * A blob store in an S3 bucket, or in a service that speaks the same protocol.  Part K of NAME is
 * the object v1/NAME/K.  A name "ID.enc" is a classic file: the object of that name, in base64, as
 * pysecrets has it.  The bucket's lifecycle rules remove what a crash leaves (docs/AWS.md), so
 * there is nothing to tidy.
 */
#ifndef STORE_S3_BLOBS_H
#define STORE_S3_BLOBS_H

#include "aws/service.h"
#include "vault/blobs.h"

struct s3_blobs_config {
    struct aws_service_config aws;
    const char *bucket;
    const char *sse; /* encryption to ask for; "": none; NULL: aws:kms on Amazon's endpoints */
    int erase_ms;    /* longest time of one erase, which then returns ERR_BUSY; 0: no limit */
};

/*
 * Open the bucket of ${config}, whose strings are copied.  What it refers to must outlive the
 * store.  Asks the service whether the bucket keeps versions, since nothing is ever erased from
 * such a bucket.  Returns 0 with ${out} set; or, with ${out} NULL and a line in ${reason},
 * ERR_CONFIG if a setting is wrong or the bucket keeps versions, ERR_STORE if the service does not
 * answer or refuses, or ERR_NOMEM.
 */
MUST_CHECK
int s3_blobs_open(const struct s3_blobs_config *config, struct blobs **out, struct buf *reason);

#endif
