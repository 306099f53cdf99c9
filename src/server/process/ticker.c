/* SPDX-License-Identifier: MIT */
#include "server/process/ticker.h"

#include <errno.h>
#include <pthread.h>

#include "base/thread.h"

struct ticker {
    pthread_mutex_t lock; /* guards the flags */
    pthread_cond_t change;
    pthread_t thread;
    const char *name;
    int64_t ms;
    int64_t (*run)(void *ctx);
    void *ctx;
    bool woken;  /* the next call is due */
    bool ending; /* there is no next call */
    bool ended;
};

/* Sleep until *${flag} is set, for at most ${ms} milliseconds, -1 for no limit.  The lock is held.
 * Returns the flag. */
static bool
ticker_wait(struct ticker *t, const bool *flag, int64_t ms) {
    bool forever = ms < 0;
    if (forever) ms = 0;
    struct timespec until = thread_deadline(ms);
    int err = 0;
    while (!*flag && err != ETIMEDOUT) {
        if (forever) (void)pthread_cond_wait(&t->change, &t->lock);
        else err = pthread_cond_timedwait(&t->change, &t->lock, &until);
    }
    return *flag;
}

static void *
ticker_run(void *arg) {
    struct ticker *t = arg;
    (void)pthread_setname_np(pthread_self(), t->name);

    /* The function runs without the lock, so that a stop can time out. */
    pthread_mutex_lock(&t->lock);
    for (;;) {
        (void)ticker_wait(t, &t->woken, t->ms);
        if (t->ending) break;
        t->woken = false;
        pthread_mutex_unlock(&t->lock);
        t->ms = t->run(t->ctx);
        pthread_mutex_lock(&t->lock);
    }

    t->ended = true;
    pthread_cond_broadcast(&t->change);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct ticker *
ticker_start(const char *name, int64_t ms, int64_t (*run)(void *ctx), void *ctx) {
    struct ticker *t = calloc(1, sizeof(*t));
    if (t == NULL) return NULL;
    t->name = name;
    t->ms = ms;
    t->run = run;
    t->ctx = ctx;
    pthread_mutex_init(&t->lock, NULL);
    thread_cond_init(&t->change);
    if (thread_start(&t->thread, 0, ticker_run, t) == 0) return t;
    free(t);
    return NULL;
}

void
ticker_wake(struct ticker *t) {
    pthread_mutex_lock(&t->lock);
    t->woken = true;
    pthread_cond_broadcast(&t->change);
    pthread_mutex_unlock(&t->lock);
}

bool
ticker_stop(struct ticker *t, int64_t ms) {
    if (t == NULL) return true;

    pthread_mutex_lock(&t->lock);
    t->ending = t->woken = true;
    pthread_cond_broadcast(&t->change);
    bool ended = ticker_wait(t, &t->ended, ms);
    pthread_mutex_unlock(&t->lock);
    if (!ended) return false;

    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->change);
    pthread_mutex_destroy(&t->lock);
    free(t);
    return true;
}
