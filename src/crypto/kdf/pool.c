/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/pool.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/jobs.h"

/* A thread ten levels lower gets about a tenth of the processor time of one that competes. */
enum { LOWER_PRIORITY = 10 };

struct kdf_pool {
    struct turns *turns; /* callers wait here, so that no job waits */
    struct jobs *jobs;
    unsigned threads;
    unsigned queue_max;
    bool locked; /* every arena is locked in memory */

    pthread_mutex_t lock; /* guards all below */
    uint64_t done;
    unsigned idle;              /* arenas of the list that no job uses: the first of it */
    struct kdf_arena *arenas[]; /* one for each thread */
};

/* One derivation.  It lives on the stack of its caller, who waits until it has ended. */
struct kdf_job {
    struct job base;
    struct kdf_pool *pool;
    struct kdf_params params;
    const void *secret;
    size_t secret_len;
    const uint8_t *salt;
    size_t salt_len;
    uint8_t *out;
    size_t out_len;
    int result;
};

/* There is an arena for each thread, so one is idle whenever a job runs. */
static struct kdf_arena *
take_arena(struct kdf_pool *pool) {
    (void)pthread_mutex_lock(&pool->lock);
    struct kdf_arena *arena = pool->arenas[--pool->idle];
    (void)pthread_mutex_unlock(&pool->lock);
    return arena;
}

static void
give_arena(struct kdf_pool *pool, struct kdf_arena *arena) {
    (void)pthread_mutex_lock(&pool->lock);
    pool->arenas[pool->idle++] = arena;
    pool->done++;
    (void)pthread_mutex_unlock(&pool->lock);
}

static bool
run_kdf_job(struct job *base) {
    struct kdf_job *job = (struct kdf_job *)base;
    struct kdf_arena *arena = take_arena(job->pool);
    job->result = kdf_derive(arena, job->params, job->secret, job->secret_len, job->salt,
                             job->salt_len, job->out, job->out_len);
    give_arena(job->pool, arena);
    return true;
}

struct kdf_pool *
kdf_pool_new(unsigned threads, unsigned queue_max, struct kdf_params params) {
    const struct jobs_config config = {
        .name = "kdf_pool",
        .threads_max = threads,
        .threads_kept = threads,
        .nice = LOWER_PRIORITY,
    };

    struct kdf_pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(void *));
    if (pool == NULL) return NULL;
    (void)pthread_mutex_init(&pool->lock, NULL);
    pool->threads = threads;
    pool->queue_max = queue_max;
    pool->locked = true;

    /* Arenas are taken now, so that memory for derivations cannot be short later. */
    while (pool->idle < threads) {
        struct kdf_arena *arena = kdf_arena_new(params);
        if (arena == NULL) goto fail;
        pool->locked = pool->locked && kdf_arena_is_locked(arena);
        pool->arenas[pool->idle++] = arena;
    }

    pool->turns = turns_new(threads, queue_max);
    pool->jobs = jobs_new(&config);
    if (pool->turns != NULL && pool->jobs != NULL) return pool;
fail:
    kdf_pool_free(pool);
    return NULL;
}

void
kdf_pool_free(struct kdf_pool *pool) {
    if (pool == NULL) return;
    turns_free(pool->turns);
    jobs_free(pool->jobs);

    for (unsigned i = 0; i < pool->idle; i++)
        kdf_arena_free(pool->arenas[i]);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int
kdf_pool_derive(struct kdf_pool *pool, const struct turns_client *client, struct kdf_params params,
                const void *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
                uint8_t *out, size_t out_len) {
    struct kdf_job job = {
        .base.run = run_kdf_job,
        .pool = pool,
        .params = params,
        .secret = secret,
        .secret_len = secret_len,
        .salt = salt,
        .salt_len = salt_len,
        .out = out,
        .out_len = out_len,
        .result = ERR_BUSY,
    };
    struct job *base = &job.base;

    int err = turns_enter(pool->turns, client);
    if (err != 0) return err;

    /* Without a deadline the job is never abandoned, so it may live here. */
    err = jobs_do(pool->jobs, &base, -1);
    turns_leave(pool->turns); /* the pool may be gone from here on */
    return err != 0 ? err : job.result;
}

void
kdf_pool_stats(struct kdf_pool *pool, struct kdf_pool_stats *out) {
    struct turns_load load = turns_load(pool->turns);

    (void)pthread_mutex_lock(&pool->lock);
    *out = (struct kdf_pool_stats){
        .threads = pool->threads,
        .running = load.running,
        .waiting = load.waiting,
        .queue_max = pool->queue_max,
        .done = pool->done,
        .refused = load.refused,
        .locked = pool->locked,
    };
    (void)pthread_mutex_unlock(&pool->lock);
}
