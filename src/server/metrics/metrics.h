/* SPDX-License-Identifier: MIT */
/*
 * What the service counts, as text for Prometheus (exposition format 0.0.4).  Counting takes no
 * lock on the way of a request; labels are route templates and status codes, never anything of a
 * client.
 */
#ifndef SERVER_METRICS_METRICS_H
#define SERVER_METRICS_METRICS_H

#include <stdint.h>

#include "base/buf.h"

struct metrics;

/* A figure that is read at the moment it is asked for. */
struct metrics_value {
    const char *name; /* of the metric, e.g. "secrets_kdf_waiting" */
    const char *type; /* "counter" or "gauge" */
    const char *help; /* one sentence */
    double value;
};

/* An empty set of counters; NULL if memory is short.  Free with metrics_free(). */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/*
 * Count one answer: ${route} is the template that answered (a constant), ${status} the code, ${us}
 * the microseconds from the request's first byte to its answer.  Any thread.  Beyond 256 different
 * pairs of route and status, what is new is counted under route "other".
 */
void metrics_request(struct metrics *m, const char *route, int status, int64_t us);

/*
 * Append everything counted, and the ${count} values at ${values}, to ${out}.  Returns 0,
 * ERR_TOO_LARGE or ERR_NOMEM.  Any thread.
 */
MUST_CHECK
int metrics_write(struct metrics *m, const struct metrics_value *values, int count,
                  struct buf *out);

#endif
