/* SPDX-License-Identifier: MIT */
/*
 * An S3 service in memory, with the habits of one of the services that speak S3's protocol.  It is
 * a transport, so that no network is needed.  It does not check signatures, only their region.
 */
#ifndef CLOUD_S3_H
#define CLOUD_S3_H

#include <stdbool.h>

#include "aws/transport.h"

enum cloud_versions {
    CLOUD_UNVERSIONED,
    CLOUD_VERSIONS_UNKNOWN, /* the question is not implemented */
    CLOUD_VERSIONED,
    CLOUD_SUSPENDED,
};

enum cloud_conditions {
    CLOUD_CONDITIONS_HOLD,
    CLOUD_CONDITIONS_IGNORED,
    CLOUD_CONDITIONS_REFUSED, /* 501 */
};

enum cloud_many {
    CLOUD_MANY_QUIET,
    CLOUD_MANY_LISTED, /* names what it deleted although it was asked not to */
    CLOUD_MANY_REFUSED,
};

struct cloud_habits {
    const char *name;
    const char *endpoint;   /* as an operator would set it */
    const char *base;       /* path of the endpoint below which buckets are; "" for none */
    const char *region;     /* the only one that signatures may name; NULL for any */
    const char *set_region; /* AWS_REGION as an operator would set it; NULL for none */
    enum cloud_versions versions;
    enum cloud_conditions conditions;
    enum cloud_many many;
    bool busy;         /* refuses each third write the first time: 429 or 503 */
    const char *error; /* an error document, with {code}, {message}, {bucket} and {path} */
};

/* The services, ${*count} of them. */
const struct cloud_habits *cloud_s3_services(size_t *count);

struct cloud_s3;

/* Make a service of ${habits} with the empty bucket ${bucket}; both must outlive it.  Aborts if
 * memory is short. */
struct cloud_s3 *cloud_s3_new(const struct cloud_habits *habits, const char *bucket);

/* Wipe ${s}, which no thread may be using.  NULL is allowed. */
void cloud_s3_free(struct cloud_s3 *s);

/* Returns the transport of ${s}, and an environment with its endpoint, its region and some keys. */
struct aws_transport cloud_s3_transport(struct cloud_s3 *s);
struct aws_env cloud_s3_env(struct cloud_s3 *s);

/* Answer every request from now on with ${status} and the error ${code}.  0 ends that. */
void cloud_s3_fail(struct cloud_s3 *s, int status, const char *code);

/* Returns how many objects are there. */
size_t cloud_s3_count(struct cloud_s3 *s);

#endif
