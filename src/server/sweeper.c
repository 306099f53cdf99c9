/* SPDX-License-Identifier: MIT */
#include "server/sweeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"

enum { RECORDS_MAX = 20000 }; /* looked at in one sweep; the rest waits for the next */

struct sweeper {
    pthread_mutex_t lock; /* guards ending */
    pthread_cond_t end;
    pthread_t thread;
    struct vault *vault;
    int seconds;
    bool ending;
    atomic_int_fast64_t last; /* when a sweep ended well */
};

/* Wait for the next sweep; false at the end. */
static bool
wait_turn(struct sweeper *s) {
    struct timespec until;
    int err = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += s->seconds;
    pthread_mutex_lock(&s->lock);
    while (!s->ending && err != ETIMEDOUT)
        err = pthread_cond_timedwait(&s->end, &s->lock, &until);
    bool ending = s->ending;
    pthread_mutex_unlock(&s->lock);
    return !ending;
}

static void *
sweep(void *arg) {
    struct sweeper *s = arg;
    while (wait_turn(s)) {
        struct vault_sweep_result result = {0};
        int err = vault_sweep(s->vault, RECORDS_MAX, &result);
        if (err != 0) log_error("sweep", "error=\"%s\" errors=%d", err_text(err), result.errors);
        else if (result.erased > 0)
            log_info("sweep", "records=%d erased=%d", result.records, result.erased);
        if (err == 0) atomic_store(&s->last, clock_now(&s->vault->clock));
    }
    return NULL;
}

struct sweeper *
sweeper_start(struct vault *v, int seconds) {
    struct sweeper *s = calloc(1, sizeof(*s));
    pthread_condattr_t attr;
    if (s == NULL) return NULL;
    s->vault = v;
    s->seconds = seconds;
    atomic_init(&s->last, clock_now(&v->clock));
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->end, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, sweep, s) == 0) return s;
    free(s);
    return NULL;
}

int64_t
sweeper_last(const struct sweeper *s) {
    return atomic_load(&s->last);
}

void
sweeper_stop(struct sweeper *s) {
    if (s == NULL) return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->end);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->end);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
