/* SPDX-License-Identifier: MIT */
/* Environment, clock and scripted responses for the code that speaks to AWS. */
#ifndef SCRIPTED_AWS_H
#define SCRIPTED_AWS_H

#include <pthread.h>

#include "aws/transport.h"
#include "base/clock.h"
#include "base/random.h"

enum { SCRIPTED_VARIABLES = 16, SCRIPTED_RESPONSES = 16 };

struct scripted_response {
    const char *url; /* what the URL must begin with; NULL for anything */
    enum http_failure failure;
    bool sent;
    int status;
    const char *date; /* value of the Date header, or NULL */
    const char *body;
    const char *want_field, *want_value; /* a header the request must have, or NULL */
    const char *want_body;               /* the body of the request, or NULL for any */
};

struct scripted_aws {
    const char *variables[SCRIPTED_VARIABLES][2];
    int64_t now;
    pthread_mutex_t lock;
    struct scripted_response responses[SCRIPTED_RESPONSES];
    int response_count;
    int asked;   /* requests so far; after the script the last response repeats */
    bool strict; /* fail the test at a request beyond the script */
    int paused_ms;
    char last_authorization[1024];
};

struct aws_env scripted_env(struct scripted_aws *w);
struct aws_transport scripted_transport(struct scripted_aws *w);
struct clock scripted_clock(struct scripted_aws *w);

#endif
