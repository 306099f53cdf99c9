/* SPDX-License-Identifier: MIT */
/* The Lambda Runtime API: fetches events, and sends the answer or the error of each. */
#ifndef LAMBDA_RUNTIME_H
#define LAMBDA_RUNTIME_H

#include "http/client.h"

enum { RUNTIME_ID_MAX = 128 };

struct runtime {
    struct http_client *client;
    const char *host; /* AWS_LAMBDA_RUNTIME_API: "HOST:PORT" */
};

/*
 * Wait for the next event.  Its body goes to ${event}, whose limit the caller has set, and the id
 * of its request to ${id}, which is "" if there is none.  Returns 0; ERR_TOO_LARGE if the event is
 * above the limit; or ERR_IO.
 */
MUST_CHECK
int runtime_next(struct runtime *r, struct buf *event, char id[static RUNTIME_ID_MAX + 1]);

/* Send ${answer}, the answer to event ${id}.  Returns 0; ERR_TOO_LARGE if Lambda refuses it; or
 * ERR_IO. */
MUST_CHECK
int runtime_answer(struct runtime *r, const char *id, const struct buf *answer);

/*
 * Report that event ${id} failed, or with NULL that the start failed.  ${type} is a constant;
 * characters of ${message} that JSON would escape are replaced.  Returns 0 or ERR_IO.
 */
MUST_CHECK
int runtime_fail(struct runtime *r, const char *id, const char *type, const char *message);

#endif
