/* SPDX-License-Identifier: MIT */
/*
 * The values of /metrics that are not counters of requests, read when the text is written.
 */
#ifndef SERVER_METRICS_SOURCES_H
#define SERVER_METRICS_SOURCES_H

#include "crypto/kdf/pool.h"
#include "server/metrics/metrics.h"
#include "server/sweeper.h"
#include "vault/vault.h"

/* Where the values come from.  Nothing is owned but statm; everything outlives this. */
struct metrics_sources {
    struct metrics *metrics;
    struct vault *vault;
    struct kdf_pool *kdf;
    const struct sweeper *sweeper;
    int statm;          /* descriptor of /proc/self/statm, -1 for none */
    int64_t started_at; /* seconds since 1970-01-01 UTC */
    atomic_bool sandboxed;
};

/* Open what the sandbox would refuse later; ${now} is the time of the start. */
void metrics_sources_open(struct metrics_sources *f, int64_t now);

/* Close it again. */
void metrics_sources_close(struct metrics_sources *f);

/* Append all values and counters to ${out} as Prometheus text; ${sources} is a struct
 * metrics_sources.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int metrics_sources_write(void *sources, struct buf *out);

#endif
