/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

enum { MS_PER_S = 1000, NS_PER_MS = 1000 * 1000, NS_PER_S = 1000 * 1000 * 1000 };

int
thread_start(pthread_t *out, size_t stack, void *(*run)(void *), void *arg) {
    pthread_attr_t attr;
    sigset_t all, before;
    if (pthread_attr_init(&attr) != 0) return ERR_NOMEM;
    if (stack > 0) (void)pthread_attr_setstacksize(&attr, stack);

    /* A thread inherits the signal mask of its creator, so signals are blocked while it starts. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(out, &attr, run, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    if (err != 0) return ERR_NOMEM;
    return 0;
}

void
thread_cond_init(pthread_cond_t *cond) {
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(cond, &attr);
    (void)pthread_condattr_destroy(&attr);
}

struct timespec
thread_deadline(int64_t ms) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / MS_PER_S;
    t.tv_nsec += ms % MS_PER_S * NS_PER_MS;
    if (t.tv_nsec >= NS_PER_S) {
        t.tv_nsec -= NS_PER_S;
        t.tv_sec++;
    }
    return t;
}

void
thread_sleep(atomic_uint *word, unsigned value, int ms) {
    struct timespec timeout = {.tv_sec = ms / MS_PER_S,
                               .tv_nsec = (long)(ms % MS_PER_S) * NS_PER_MS};
    struct timespec *limit = &timeout;
    if (ms < 0) limit = NULL;
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, limit, NULL, 0);
}

void
thread_wake(atomic_uint *word) {
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
