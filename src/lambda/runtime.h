/* SPDX-License-Identifier: MIT */
/* The Lambda Runtime API: the next event, its answer, its error. */
#ifndef LAMBDA_RUNTIME_H
#define LAMBDA_RUNTIME_H

#include "http/client.h"

enum { RUNTIME_ID_MAX = 128 };

struct runtime {
    struct http_client *client;
    const char *host; /* AWS_LAMBDA_RUNTIME_API: "HOST:PORT" */
};

/*
 * Wait for the next event: its body goes to ${event} (bound set by the caller), its request's id to
 * ${id}.  Returns 0; ERR_TOO_LARGE if the event passes the bound; or ERR_IO.
 */
MUST_CHECK
int runtime_next(struct runtime *r, struct buf *event, char id[static RUNTIME_ID_MAX + 1]);

/* Send ${answer} to event ${id}.  Returns 0; ERR_TOO_LARGE if Lambda refuses it; or ERR_IO. */
MUST_CHECK
int runtime_answer(struct runtime *r, const char *id, const struct buf *answer);

/*
 * Report that event ${id}, or with NULL the start, failed with the constant ${type} and ${message}.
 * Returns 0 or ERR_IO.
 */
MUST_CHECK
int runtime_fail(struct runtime *r, const char *id, const char *type, const char *message);

#endif
