/* SPDX-License-Identifier: MIT */
/* What the stores in AWS share in one process: the HTTP client and the credentials. */
#ifndef STORE_AWS_H
#define STORE_AWS_H

#include "aws/transport.h"
#include "vault/blobs.h"
#include "vault/store.h"

struct store_aws;

/*
 * Make what the stores need.  ${env} is copied; ${connections} are kept at most.  Certificates are
 * checked against AWS_CA_BUNDLE or SSL_CERT_FILE where they are set, else the system's.  Call after
 * http_client_setup().  NULL if memory is short.
 */
struct store_aws *store_aws_new(const struct aws_env *env, int connections);

/* Free ${c}, once the stores that it opened are closed.  NULL is allowed. */
void store_aws_free(struct store_aws *c);

/*
 * The end has come: give up what waits for a service, which takes a second, and all that is asked
 * of one from now on.  Where a name was looked up for longer than there was to connect, it takes
 * until the system's resolver gives up.  Any thread.
 */
void store_aws_give_up(struct store_aws *c);

/* Look for credentials now, while files can be read; what is not found is looked for
 * again later. */
void store_aws_warm(struct store_aws *c);

/* Whether an upload whose content has ${file_max} bytes fits a table in parts of ${part_size}. */
bool store_aws_parts_fit(uint64_t file_max, uint64_t part_size);

/* dynamodb_store_open() on ${table}; ${bucket} is where classic files are, NULL if not in S3. */
MUST_CHECK
int store_aws_open_records(struct store_aws *c, const char *table, const char *bucket,
                           struct store **out, const char **wrong);

/* s3_blobs_open() on ${bucket}; ${sse} as there. */
MUST_CHECK
int store_aws_open_blobs(struct store_aws *c, const char *bucket, const char *sse,
                         struct blobs **out, const char **wrong);

#endif
