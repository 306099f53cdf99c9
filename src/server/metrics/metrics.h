/* SPDX-License-Identifier: MIT */
/*
 * Counters of the service, as text for Prometheus (exposition format 0.0.4).  Counting takes no
 * lock.  Labels are route templates and status codes, never anything of a client.
 */
#ifndef SERVER_METRICS_METRICS_H
#define SERVER_METRICS_METRICS_H

#include <stdint.h>

#include "base/buf.h"

struct metrics;

/* A value that is read when the text is written. */
struct metrics_value {
    const char *name; /* of the metric, e.g. "secrets_kdf_waiting" */
    const char *type; /* "counter" or "gauge" */
    const char *help; /* one sentence */
    double value;
};

/* Make an empty set of counters.  Returns NULL if memory is short. */
struct metrics *metrics_new(void);

/* Free ${m}.  NULL is allowed. */
void metrics_free(struct metrics *m);

/*
 * Count one response: ${route} is the template of its route (a constant), ${status} its code, ${us}
 * the microseconds since the first byte of the request.  After 256 different pairs of route and
 * status, new pairs are counted under the route "other".  Any thread.
 */
void metrics_request(struct metrics *m, const char *route, int status, int64_t us);

/*
 * Append all counters, and the ${count} values at ${values}, to ${out}.  Returns 0, ERR_TOO_LARGE
 * or ERR_NOMEM.  Any thread.
 */
MUST_CHECK
int metrics_write(struct metrics *m, const struct metrics_value *values, int count,
                  struct buf *out);

#endif
