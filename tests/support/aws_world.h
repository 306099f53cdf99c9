/* SPDX-License-Identifier: MIT */
/* Environment, clock and scripted responses for the code that speaks to AWS. */
#ifndef AWS_WORLD_H
#define AWS_WORLD_H

#include <pthread.h>

#include "aws/transport.h"
#include "base/clock.h"
#include "base/random.h"

enum { WORLD_VARIABLES = 16, WORLD_ANSWERS = 16 };

struct world_answer {
    const char *url; /* what the URL must begin with; NULL for anything */
    enum http_failure failure;
    bool sent;
    int status;
    const char *date; /* value of the Date header, or NULL */
    const char *body;
    const char *want_field, *want_value; /* a header the request must have, or NULL */
    const char *want_body;               /* the body of the request, or NULL for any */
};

struct world {
    const char *variables[WORLD_VARIABLES][2];
    int64_t now;
    pthread_mutex_t lock;
    struct world_answer answers[WORLD_ANSWERS];
    int answer_count;
    int asked;   /* requests so far; after the script the last response repeats */
    bool strict; /* fail the test at a request beyond the script */
    int paused_ms;
    char last_authorization[1024];
};

struct aws_env world_env(struct world *w);
struct aws_transport world_transport(struct world *w);
struct clock world_clock(struct world *w);

#endif
