/* SPDX-License-Identifier: MIT */
/*
 * A fixed number of threads that derive keys, each with an arena of its own, behind a bounded
 * queue: however many requests come, memory and processor time for derivations stay what the
 * operator set.  Each client has a share of the queue, and clients take turns (turns.h).
 *
 * A thread derives all waiting keys at once, at most one for each lane of its arena.  It first
 * waits up to 5 ms for callers whose turn has come but whose request is not yet listed.  After the
 * last key it wipes its arena.
 */
#ifndef CRYPTO_KDF_POOL_H
#define CRYPTO_KDF_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/kdf/kdf.h"
#include "crypto/kdf/turns.h"

struct kdf_pool;

struct kdf_pool_config {
    unsigned threads;
    unsigned queue_max; /* requests that wait */
    struct kdf_params params;
    uint64_t memory; /* bytes for all arenas; but each thread has one lane at least */
};

struct kdf_pool_stats {
    unsigned threads;
    unsigned lanes;   /* derivations at once on a thread */
    unsigned running; /* derivations under way */
    unsigned waiting; /* requests that no thread has taken */
    unsigned queue_max;
    uint64_t done;    /* derivations finished since the start */
    uint64_t refused; /* requests for which the queue had no place */
    int locked;       /* 1 if every arena is locked in memory */
};

/*
 * Make a pool.  Each thread has an arena for cost ${params}, with as many lanes as ${memory} and
 * the limit on locked memory permit.  A thread starts when a request needs it, at a lower priority
 * than its creator's, so that derivations never delay cheap requests.  Returns NULL if memory is
 * short.
 */
struct kdf_pool *kdf_pool_new(const struct kdf_pool_config *config);

/*
 * Finish the derivations that run, refuse those that wait with ERR_BUSY, end the threads.  NULL is
 * allowed.
 */
void kdf_pool_free(struct kdf_pool *pool);

/*
 * kdf_derive() for ${client} on a thread of the pool; waits for its turn and its end.  The inputs
 * must live until it returns.  Returns as kdf_derive(), or ERR_BUSY at once if the queue has no
 * place for ${client}.  Any thread.
 */
MUST_CHECK
int kdf_pool_derive(struct kdf_pool *pool, const struct party *client, struct kdf_params params,
                    const void *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
                    uint8_t *out, size_t out_len);

/*
 * Give the memory of those arenas back to the system that no thread has used since the last call.
 * The first derivation after that takes about 2 ms more.  Any thread.
 */
void kdf_pool_trim(struct kdf_pool *pool);

/* A snapshot for the metrics.  Any thread. */
void kdf_pool_stats(struct kdf_pool *pool, struct kdf_pool_stats *out);

#endif
