/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/thread.h"

enum {
    LOWER_PRIORITY = 10
}; /* about a tenth of the processor time of a thread that wants it too */

/* One derivation.  It lives on the stack of its caller, who sleeps until it ended. */
struct job {
    struct job *next;
    struct kdf_params params;
    const void *secret;
    size_t secret_len;
    const uint8_t *salt;
    size_t salt_len;
    uint8_t *out;
    size_t out_len;
    int result;
    bool ended;
    pthread_cond_t end;
};

struct worker {
    struct kdf_pool *pool;
    struct kdf_arena *arena;
    pthread_t thread;
};

struct kdf_pool {
    pthread_mutex_t lock; /* guards all below but the workers */
    pthread_cond_t work;  /* a job waits, or the pool ends */
    pthread_cond_t left;  /* the last caller has gone */
    struct job *head, *tail;
    unsigned waiting; /* in the list */
    unsigned running;
    unsigned callers; /* inside kdf_pool_derive() */
    unsigned queue_max;
    uint64_t done, refused;
    bool ending;
    unsigned started; /* threads that run; constant once kdf_pool_new() is through */
    unsigned arenas;
    struct worker workers[];
};

/* The next job, or NULL once the pool ends.  Called, and returns, with the lock held. */
static struct job *
take_job(struct kdf_pool *pool) {
    while (!pool->ending && pool->head == NULL)
        pthread_cond_wait(&pool->work, &pool->lock);
    if (pool->ending) return NULL;
    struct job *job = pool->head;
    pool->head = job->next;
    pool->waiting--;
    pool->running++;
    return job;
}

/* Tell the caller of ${job} its result; the job is gone as soon as the lock is released. */
static void
end_job(struct job *job, int result) {
    job->result = result;
    job->ended = true;
    pthread_cond_signal(&job->end);
}

static void *
work(void *arg) {
    struct worker *w = arg;
    struct kdf_pool *pool = w->pool;
    struct job *job;
    (void)pthread_setname_np(pthread_self(), "kdf");
    errno = 0;
    int nice_now = getpriority(PRIO_PROCESS, 0); /* of this thread, inherited from its creator */
    if (errno == 0) (void)setpriority(PRIO_PROCESS, (id_t)gettid(), nice_now + LOWER_PRIORITY);
    pthread_mutex_lock(&pool->lock);
    while ((job = take_job(pool)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        int result = kdf_derive(w->arena, job->params, job->secret, job->secret_len, job->salt,
                                job->salt_len, job->out, job->out_len);
        pthread_mutex_lock(&pool->lock);
        pool->running--;
        pool->done++;
        end_job(job, result);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct kdf_pool *
kdf_pool_new(unsigned threads, unsigned queue_max, struct kdf_params params) {
    struct kdf_pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->workers[0]));
    if (pool == NULL) return NULL;
    pool->queue_max = queue_max;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->left, NULL);
    for (; pool->arenas < threads; pool->arenas++) {
        struct worker *w = &pool->workers[pool->arenas];
        if ((w->arena = kdf_arena_new(params)) == NULL) goto fail;
    }
    for (; pool->started < threads; pool->started++) {
        struct worker *w = &pool->workers[pool->started];
        w->pool = pool;
        if (thread_start(&w->thread, 0, work, w) != 0) goto fail;
    }
    return pool;
fail:
    kdf_pool_free(pool);
    return NULL;
}

void
kdf_pool_free(struct kdf_pool *pool) {
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    for (struct job *job = pool->head, *next; job != NULL; job = next) {
        next = job->next;
        end_job(job, ERR_BUSY);
    }
    pool->head = NULL;
    pool->waiting = 0;
    pthread_cond_broadcast(&pool->work);
    while (pool->callers > 0)
        pthread_cond_wait(&pool->left, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    for (unsigned i = 0; i < pool->arenas; i++)
        kdf_arena_free(pool->workers[i].arena);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* Put ${job} into the queue and sleep until it ended.  Called with the lock held. */
static void
wait_for(struct kdf_pool *pool, struct job *job) {
    pthread_cond_init(&job->end, NULL);
    if (pool->head == NULL) pool->head = job;
    else pool->tail->next = job;
    pool->tail = job;
    pool->waiting++;
    pool->callers++;
    pthread_cond_signal(&pool->work);
    while (!job->ended)
        pthread_cond_wait(&job->end, &pool->lock);
    if (--pool->callers == 0) pthread_cond_signal(&pool->left);
    pthread_cond_destroy(&job->end);
}

int
kdf_pool_derive(struct kdf_pool *pool, struct kdf_params params, const void *secret,
                size_t secret_len, const uint8_t *salt, size_t salt_len, uint8_t *out,
                size_t out_len) {
    struct job job = {.params = params,
                      .secret = secret,
                      .secret_len = secret_len,
                      .salt = salt,
                      .salt_len = salt_len,
                      .out = out,
                      .out_len = out_len,
                      .result = ERR_BUSY};
    pthread_mutex_lock(&pool->lock);
    if (!pool->ending && pool->running + pool->waiting < pool->started + pool->queue_max)
        wait_for(pool, &job);
    else pool->refused++;
    pthread_mutex_unlock(&pool->lock);
    return job.result;
}

void
kdf_pool_stats(struct kdf_pool *pool, struct kdf_pool_stats *out) {
    pthread_mutex_lock(&pool->lock);
    *out = (struct kdf_pool_stats){.threads = pool->started,
                                   .running = pool->running,
                                   .waiting = pool->waiting,
                                   .queue_max = pool->queue_max,
                                   .done = pool->done,
                                   .refused = pool->refused,
                                   .locked = 1};
    for (unsigned i = 0; i < pool->arenas; i++)
        if (!kdf_arena_is_locked(pool->workers[i].arena)) out->locked = 0;
    pthread_mutex_unlock(&pool->lock);
}
