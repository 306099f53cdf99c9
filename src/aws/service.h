/* SPDX-License-Identifier: MIT */
/*
 * One signed request to one AWS service.  What a service refuses before doing anything because the
 * keys lapsed or this machine's clock is off is mended and sent once more; everything else is the
 * caller's to judge.
 */
#ifndef AWS_SERVICE_H
#define AWS_SERVICE_H

#include <stdatomic.h>

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "base/random.h"

enum { AWS_FIELDS_MAX = 8, AWS_DEADLINE_MS = 10000, AWS_CONNECT_MS = 3000 };

/* Set the first members and zero the rest; what they refer to outlives it.  Any thread. */
struct aws_service {
    const char *name; /* as the signature says it: "dynamodb", "s3" */
    struct aws_endpoint endpoint;
    struct aws_credentials *credentials;
    struct aws_transport transport;
    struct clock clock;
    struct random random;
    atomic_llong skew; /* seconds to add to the clock, learnt from a refusal */
};

struct aws_call {
    enum http_method method;
    const char *path;                /* encoded, begins with '/' */
    const char *query;               /* encoded, "" for none */
    const struct http_field *fields; /* signed as well; at most AWS_FIELDS_MAX */
    size_t field_count;
    const void *body;
    size_t body_len;
    bool once; /* never sent a second time by the client: it must not be done twice */
};

/*
 * Send ${call} signed; ${resp} as for http_client_send(), its body's bound set by the caller.
 * Returns 0 if an answer came, whatever its status; ERR_STORE if the request never left this
 * machine or was refused for its keys; ERR_UNKNOWN_OUTCOME if it left and no whole answer came;
 * ERR_TOO_LARGE if the answer passes its bound; or ERR_NOMEM.
 */
MUST_CHECK
int aws_service_call(struct aws_service *s, const struct aws_call *call,
                     struct http_client_response *resp);

/* Tries of one operation, with full jitter between them and a bound on number and time. */
struct aws_retry {
    struct aws_service *service;
    int tries;        /* made so far */
    int64_t deadline; /* of clock_monotonic_ms() */
};

enum { AWS_TRIES_MAX = 24, AWS_RETRY_MS = 8000, AWS_PAUSE_FIRST_MS = 10, AWS_PAUSE_MAX_MS = 320 };

void aws_retry_start(struct aws_retry *r, struct aws_service *service);

/* Wait before another try.  Returns false, at once, if the budget is spent. */
MUST_CHECK
bool aws_retry_again(struct aws_retry *r);

#endif
