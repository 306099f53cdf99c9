/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/pool.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/jobs.h"
#include "base/size.h"
#include "base/thread.h"
#include "crypto/kdf/internal.h"

enum {
    LOWER_PRIORITY = 10, /* a thread ten levels lower gets about a tenth of a processor's time */
    ARRIVAL_MS = 5,      /* for a caller whose turn has come to be run by the system */
};

/* One derivation.  It lives on the stack of its caller, who waits until it has ended. */
struct kdf_request {
    struct kdf_request *next;
    struct kdf_params params;
    struct kdf_input input;
    int result;
    bool ended;
    pthread_cond_t end;
};

/* One thread of the pool, from when it finds a request until it finds none. */
struct kdf_worker {
    struct job base;
    struct kdf_pool *pool;
    struct kdf_arena *arena;
    bool works;
    bool used;    /* since the last kdf_pool_trim() */
    bool trimmed; /* the arena has no memory now */
};

struct kdf_pool {
    struct turns *turns; /* lets in as many callers as there are lanes; the others wait there */
    struct jobs *jobs;
    unsigned threads;
    unsigned lanes; /* of each arena */
    unsigned queue_max;
    bool locked; /* every arena is locked in memory */

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t moved; /* a request has come, or the last caller has gone */
    struct kdf_request *first;
    unsigned requests; /* in the list */
    unsigned running;  /* requests that threads have taken */
    unsigned busy;     /* threads that derive */
    unsigned callers;  /* in kdf_pool_derive(), after their turn has come */
    bool ending;       /* requests that no thread has taken are refused */
    uint64_t done;
    struct kdf_worker workers[]; /* one for each thread */
};

/* --- a thread --------------------------------------------------------------------------------- */

/*
 * Wait for the requests of callers whose turn has come, and who are about to put them on the list.
 * They come from a system call, so without this a thread would often begin with only the first of
 * them.  The lock is held.
 */
static void
await_arrivals(struct kdf_pool *pool) {
    struct timespec until = thread_deadline(ARRIVAL_MS);

    while (!pool->ending && pool->requests < pool->lanes &&
           turns_load(pool->turns).running > pool->requests + pool->running)
        if (pthread_cond_timedwait(&pool->moved, &pool->lock, &until) != 0) return;
}

/* Give ${result} to the caller of ${r}, and let in the next caller. The lock is held. */
static void
end_request(struct kdf_pool *pool, struct kdf_request *r, int result) {
    r->result = result;
    r->ended = true;
    (void)pthread_cond_signal(&r->end);
    turns_leave(pool->turns);
}

/*
 * Take requests of one cost off the list: a fair part for each thread that does not derive, up to
 * one for each lane.  Returns how many, in ${batch}.  The lock is held.
 */
static unsigned
take_requests(struct kdf_pool *pool, struct kdf_request *batch[LANES_MAX]) {
    unsigned free_threads = pool->threads - pool->busy; /* at least this one */
    unsigned part = (pool->requests + free_threads - 1) / free_threads;
    unsigned count = 0;

    while (pool->first != NULL && count < part && count < pool->lanes) {
        struct kdf_request *next = pool->first;
        if (count > 0 && memcmp(&next->params, &batch[0]->params, sizeof(next->params)) != 0) break;
        batch[count++] = next;
        pool->first = next->next;
    }

    pool->requests -= count;
    pool->running += count;
    return count;
}

/* Derive the keys of ${batch}.  The lock is held, but not meanwhile. */
static void
derive_batch(struct kdf_worker *w, struct kdf_request *batch[LANES_MAX], unsigned count) {
    struct kdf_pool *pool = w->pool;
    struct kdf_input inputs[LANES_MAX];
    for (unsigned i = 0; i < count; i++)
        inputs[i] = batch[i]->input;

    w->used = true;
    w->trimmed = false;
    pool->busy++;
    (void)pthread_mutex_unlock(&pool->lock);
    int result = kdf_derive_all(w->arena, batch[0]->params, inputs, count);
    (void)pthread_mutex_lock(&pool->lock);
    pool->busy--;

    pool->running -= count;
    pool->done += count;
    for (unsigned i = 0; i < count; i++)
        end_request(pool, batch[i], result);
}

/* The lock is held. */
static void
refuse_batch(struct kdf_pool *pool, struct kdf_request *batch[LANES_MAX], unsigned count) {
    pool->running -= count;
    for (unsigned i = 0; i < count; i++)
        end_request(pool, batch[i], ERR_BUSY);
}

/* Derive until no request is left. */
static bool
run_kdf_worker(struct job *base) {
    struct kdf_worker *w = (struct kdf_worker *)base;
    struct kdf_pool *pool = w->pool;
    struct kdf_request *batch[LANES_MAX];
    unsigned count;

    (void)pthread_mutex_lock(&pool->lock);
    do {
        while (await_arrivals(pool), (count = take_requests(pool, batch)) > 0) {
            if (pool->ending) refuse_batch(pool, batch, count);
            else derive_batch(w, batch, count);
        }

        /* Callers have their keys already.  What comes meanwhile is not left behind. */
        (void)pthread_mutex_unlock(&pool->lock);
        kdf_arena_wipe(w->arena);
        (void)pthread_mutex_lock(&pool->lock);
    } while (pool->first != NULL);

    w->works = false;
    (void)pthread_mutex_unlock(&pool->lock);

    /* Threads are detached: what OpenSSL keeps for one must not outlive the pool. */
    OPENSSL_thread_stop();
    return true;
}

/* --- callers ---------------------------------------------------------------------------------- */

/* Have a thread work if one does not.  Returns whether any does.  The lock is held. */
static bool
wake_worker(struct kdf_pool *pool) {
    bool working = false;

    for (unsigned i = 0; i < pool->threads; i++) {
        struct kdf_worker *w = &pool->workers[i];
        if (!w->works) {
            w->works = jobs_submit(pool->jobs, &w->base) == 0;
            return working || w->works;
        }
        working = true;
    }
    return true;
}

/* Append ${r} to the list.  Returns 0, or ERR_BUSY if there is no thread.  The lock is held. */
static int
append_request(struct kdf_pool *pool, struct kdf_request *r) {
    struct kdf_request **end = &pool->first;
    if (pool->ending || !wake_worker(pool)) return ERR_BUSY;

    while (*end != NULL)
        end = &(*end)->next;
    *end = r;
    pool->requests++;
    (void)pthread_cond_broadcast(&pool->moved);
    return 0;
}

int
kdf_pool_derive(struct kdf_pool *pool, const struct party *client, struct kdf_params params,
                const void *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
                uint8_t *out, size_t out_len) {
    struct kdf_request r = {
        .params = params,
        .input = {secret, secret_len, salt, salt_len, out, out_len},
    };
    int err = turns_enter(pool->turns, client);
    if (err != 0) return err;

    (void)pthread_cond_init(&r.end, NULL);
    (void)pthread_mutex_lock(&pool->lock);
    pool->callers++;
    err = append_request(pool, &r);
    if (err != 0) end_request(pool, &r, err);
    while (!r.ended)
        (void)pthread_cond_wait(&r.end, &pool->lock);

    /* From here on the pool may be gone. */
    if (--pool->callers == 0) (void)pthread_cond_broadcast(&pool->moved);
    (void)pthread_mutex_unlock(&pool->lock);
    (void)pthread_cond_destroy(&r.end);
    return r.result;
}

/* Release the arena of ${w}, which does not work.  The lock is held, but not meanwhile. */
static void
trim_worker(struct kdf_worker *w) {
    struct kdf_pool *pool = w->pool;
    struct kdf_request *batch[LANES_MAX];

    w->works = true; /* so that it is not woken */
    (void)pthread_mutex_unlock(&pool->lock);
    kdf_arena_release_memory(w->arena);
    (void)pthread_mutex_lock(&pool->lock);
    w->works = false;
    w->trimmed = true;

    /* What came meanwhile may have found no thread. */
    while (pool->first != NULL && !wake_worker(pool))
        refuse_batch(pool, batch, take_requests(pool, batch));
}

void
kdf_pool_trim(struct kdf_pool *pool) {
    (void)pthread_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++) {
        struct kdf_worker *w = &pool->workers[i];
        if (!w->works && !w->used && !w->trimmed) trim_worker(w);
        w->used = w->works;
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

void
kdf_pool_stats(struct kdf_pool *pool, struct kdf_pool_stats *out) {
    (void)pthread_mutex_lock(&pool->lock);
    struct turns_load load = turns_load(pool->turns);
    *out = (struct kdf_pool_stats){
        .threads = pool->threads,
        .lanes = pool->lanes,
        .running = pool->running,
        .waiting = load.running - pool->running + load.waiting,
        .queue_max = pool->queue_max,
        .done = pool->done,
        .refused = load.refused,
        .locked = pool->locked,
    };
    (void)pthread_mutex_unlock(&pool->lock);
}

/* --- start and end ---------------------------------------------------------------------------- */

static void
free_arenas(struct kdf_pool *pool) {
    for (unsigned i = 0; i < pool->threads; i++) {
        kdf_arena_free(pool->workers[i].arena);
        pool->workers[i].arena = NULL;
    }
}

/* Make an arena of ${lanes} for each thread.  Returns 0 or ERR_NOMEM. */
static int
make_arenas(struct kdf_pool *pool, struct kdf_params params, unsigned lanes) {
    pool->locked = true;
    for (unsigned i = 0; i < pool->threads; i++) {
        struct kdf_arena *arena = kdf_arena_new_lanes(params, lanes);
        if (arena == NULL) return ERR_NOMEM;
        pool->workers[i].arena = arena;
        pool->lanes = kdf_arena_lanes(arena);
        pool->locked = pool->locked && kdf_arena_is_locked(arena);
    }
    return 0;
}

/* Make arenas with as many lanes as possible, at most ${lanes}.  Returns 0 or ERR_NOMEM. */
static int
make_largest_arenas(struct kdf_pool *pool, struct kdf_params params, unsigned lanes, bool locked) {
    for (; lanes > 0; lanes--) {
        int err = make_arenas(pool, params, lanes);
        if (err == 0 && (pool->locked || !locked)) return 0;
        free_arenas(pool);
    }
    return ERR_NOMEM;
}

/* Make arenas that take at most ${memory}.  Fewer lanes are better than unlocked memory. */
static int
choose_arenas(struct kdf_pool *pool, struct kdf_params params, uint64_t memory) {
    unsigned lanes = 1;
    if (params.log2_n > KDF_LOG2_N_MAX || params.r == 0 || pool->threads == 0) return ERR_NOMEM;

    uint64_t room = memory / pool->threads / (((uint64_t)128 * params.r) << params.log2_n);
    if (room > 1) lanes = (unsigned)size_min(room, LANES_MAX);
    if (make_largest_arenas(pool, params, lanes, true) == 0) return 0;
    return make_largest_arenas(pool, params, lanes, false);
}

struct kdf_pool *
kdf_pool_new(const struct kdf_pool_config *config) {
    const struct jobs_config jobs = {
        .name = "kdf_pool",
        .threads_max = config->threads,
        .threads_kept = config->threads,
        .queue_max = config->threads,
        .nice = LOWER_PRIORITY,
    };

    struct kdf_pool *pool = calloc(1, sizeof(*pool) + config->threads * sizeof(struct kdf_worker));
    if (pool == NULL) return NULL;
    (void)pthread_mutex_init(&pool->lock, NULL);
    thread_cond_init(&pool->moved);
    pool->threads = config->threads;
    pool->queue_max = config->queue_max;
    for (unsigned i = 0; i < pool->threads; i++) {
        pool->workers[i].base.run = run_kdf_worker;
        pool->workers[i].pool = pool;
    }

    /* Arenas are taken now, so that memory for derivations cannot be short later. */
    if (choose_arenas(pool, config->params, config->memory) != 0) goto fail;
    pool->turns = turns_new(pool->threads * pool->lanes, pool->queue_max);
    pool->jobs = jobs_new(&jobs);
    if (pool->turns != NULL && pool->jobs != NULL) return pool;
fail:
    kdf_pool_free(pool);
    return NULL;
}

void
kdf_pool_free(struct kdf_pool *pool) {
    if (pool == NULL) return;

    /* Threads finish what they derive.  They, and callers that come, refuse all other requests. */
    (void)pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->moved);
    (void)pthread_mutex_unlock(&pool->lock);
    jobs_free(pool->jobs);
    turns_free(pool->turns);

    (void)pthread_mutex_lock(&pool->lock);
    while (pool->callers > 0)
        (void)pthread_cond_wait(&pool->moved, &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);

    free_arenas(pool);
    (void)pthread_cond_destroy(&pool->moved);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
