/* SPDX-License-Identifier: MIT */
/*
 * One signed request to one AWS service.  A request refused because the keys expired or because the
 * clock of this machine is wrong is corrected and sent once more: such a refusal comes before the
 * service does anything.  The caller judges every other response.
 */
#ifndef AWS_SERVICE_H
#define AWS_SERVICE_H

#include <stdatomic.h>

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "base/random.h"

enum { AWS_FIELDS_MAX = 8, AWS_DEADLINE_MS = 10000, AWS_CONNECT_MS = 3000 };

/* What the services of a process have in common. */
struct aws_service_config {
    struct aws_env env; /* for region and endpoint */
    bool http_anywhere; /* as in aws_endpoint_find() */
    struct aws_credentials *credentials;
    struct aws_transport transport;
    struct clock clock;
    struct random random;
};

/* Made by aws_service_init().  Any thread may use it. */
struct aws_service {
    const char *name; /* in the signature: "dynamodb", "s3" */
    struct aws_endpoint endpoint;
    struct aws_credentials *credentials;
    struct aws_transport transport;
    struct clock clock;
    struct random random;
    atomic_llong skew;   /* seconds to add to the clock for signatures, learned from a refusal */
    atomic_llong behind; /* seconds that the clock is behind, by the last 2xx response */
};

/*
 * Make ${s} the service ${name}, a constant, of ${config}.  What both refer to must outlive ${s}.
 * Returns as aws_endpoint_find().
 */
MUST_CHECK
int aws_service_init(struct aws_service *s, const char *name,
                     const struct aws_service_config *config, struct buf *reason);

struct aws_call {
    enum http_method method;
    const char *path;                /* encoded, begins with '/' */
    const char *query;               /* encoded, "" for none */
    const struct http_field *fields; /* signed as well; at most AWS_FIELDS_MAX */
    size_t field_count;
    const void *body;
    size_t body_len;
    bool once; /* must not be done twice: the HTTP client never repeats it */
};

/*
 * Sign ${call}, send it, and fill ${resp} as http_client_send() does.  The caller sets the limit of
 * its body.  Returns 0 if a response came, whatever its status; ERR_STORE if the request did not
 * leave this machine or there are no keys; ERR_UNKNOWN_OUTCOME if it left and no whole response
 * came; ERR_TOO_LARGE if the response exceeds its limit; or ERR_NOMEM.
 */
MUST_CHECK
int aws_service_call(struct aws_service *s, const struct aws_call *call,
                     struct http_client_response *resp);

/*
 * Returns ${clock}, a time of this machine's clock, as the service's clock has it if that is ahead.
 * Until the first 2xx response it is ${clock}.  A clock that is ahead of the service's is not set
 * back.  Any thread.
 */
int64_t aws_service_time(const struct aws_service *s, int64_t clock);

/* The attempts of one operation, limited in number and time, with full jitter between them. */
struct aws_retry {
    struct aws_service *service;
    int tries;        /* so far */
    int64_t deadline; /* of clock_monotonic_ms() */
};

enum { AWS_TRIES_MAX = 24, AWS_RETRY_MS = 8000, AWS_PAUSE_FIRST_MS = 10, AWS_PAUSE_MAX_MS = 320 };

/* Begin the operation ${r} on ${service}, which must outlive it. */
void aws_retry_start(struct aws_retry *r, struct aws_service *service);

/* Wait before the next attempt.  Returns false, without waiting, if no attempt or time is left. */
MUST_CHECK
bool aws_retry_again(struct aws_retry *r);

#endif
