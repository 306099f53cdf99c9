/* SPDX-License-Identifier: MIT */
/*
 * The figures behind /metrics: what each part of the server can tell at this moment.
 */
#ifndef SERVER_METRICS_SOURCES_H
#define SERVER_METRICS_SOURCES_H

#include "crypto/kdf/pool.h"
#include "server/metrics/metrics.h"
#include "server/sweeper.h"
#include "vault/vault.h"

/* Where the figures come from.  Nothing is owned; everything outlives it. */
struct metrics_sources {
    struct metrics *metrics;
    struct vault *vault;
    struct kdf_pool *kdf;
    const struct sweeper *sweeper;
    int statm;          /* descriptor of /proc/self/statm, -1 for none */
    int64_t started_at; /* seconds since 1970-01-01 UTC */
    atomic_bool sandboxed;
};

/* Open what has to be opened before the sandbox closes around the process. */
void metrics_sources_open(struct metrics_sources *f, int64_t now);
void metrics_sources_close(struct metrics_sources *f);

/* Append all of them to ${out} as Prometheus text; ${sources} is a struct metrics_sources.  Returns 0,
 * ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int metrics_sources_write(void *sources, struct buf *out);

#endif
