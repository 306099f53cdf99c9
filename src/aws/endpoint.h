/* SPDX-License-Identifier: MIT */
/* The address of an AWS service, from the variables that Amazon's SDKs read. */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include <stdbool.h>

#include "aws/transport.h"

enum { AWS_URL_MAX = 300, AWS_REGION_MAX = 40, AWS_PATH_MAX = 100 };

struct aws_endpoint {
    char url[AWS_URL_MAX + 1];  /* "https://host" or "http://host:port", without a path */
    char host[AWS_URL_MAX + 1]; /* the value of the Host header */
    char region[AWS_REGION_MAX + 1];
    bool amazon; /* one of Amazon's own endpoints, not named by AWS_ENDPOINT_URL */

    /* The path of AWS_ENDPOINT_URL, "/" and segments without a slash at the end; or "". */
    char path[AWS_PATH_MAX + 1];
};

/*
 * Find the endpoint of ${service} ("dynamodb", "s3" or "sts") and fill ${out}.  It is the variable
 * AWS_ENDPOINT_URL_DYNAMODB, _S3 or _STS, else AWS_ENDPOINT_URL, else Amazon's endpoint in the
 * region AWS_REGION or AWS_DEFAULT_REGION.  A named endpoint without a region is in "us-east-1".
 * Only an endpoint of S3 may have a path.  An http: endpoint must be on this machine unless
 * ${http_anywhere}.  Returns 0; or ERR_CONFIG with the variable and what is wrong with it in
 * ${reason}.
 */
MUST_CHECK
int aws_endpoint_find(const struct aws_env *env, const char *service, bool http_anywhere,
                      struct aws_endpoint *out, struct buf *reason);

/* Whether the host name or address of ${len} characters at ${host}, without a port, is this
 * machine: localhost, [::1] or 127.0.0.0/8. */
bool aws_endpoint_is_loopback(const char *host, size_t len);

#endif
