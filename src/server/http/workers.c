/* SPDX-License-Identifier: MIT */
#include "server/http/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

enum {
    STACK_SIZE = 256 * 1024, /* address space; memory is used as it is touched */
    KEEP = 2,                /* threads that stay without work */
    IDLE_MS = 10 * 1000      /* before the others end */
};

struct workers {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake;  /* work came, or the end did */
    pthread_cond_t gone;  /* the last thread ended */
    void (*run)(struct work *);
    struct work *head, *tail;
    unsigned queued, queue_max;
    unsigned idle, threads, threads_max;
    int64_t moved_ms; /* when work was taken up, or the first piece began to wait */
    bool ending;
};

/* Sleep until there is work; false if this thread is to end.  The lock is held. */
static bool
wait_for_work(struct workers *w) {
    struct timespec until = thread_deadline(IDLE_MS);
    while (w->head == NULL) {
        if (w->ending) return false;
        w->idle++;
        int err = pthread_cond_timedwait(&w->wake, &w->lock, &until);
        w->idle--;
        if (err == 0 || w->head != NULL) continue;
        if (w->threads > KEEP) return false;
        until = thread_deadline(IDLE_MS);
    }
    return true;
}

static struct work *
take_work(struct workers *w) {
    struct work *work = w->head;
    w->head = work->next;
    w->queued--;
    w->moved_ms = clock_monotonic_ms();
    return work;
}

static void *
worker_run(void *arg) {
    struct workers *w = arg;
    (void)pthread_setname_np(pthread_self(), "worker");
    pthread_mutex_lock(&w->lock);
    while (wait_for_work(w)) {
        struct work *work = take_work(w);
        pthread_mutex_unlock(&w->lock);
        w->run(work);
        pthread_mutex_lock(&w->lock);
    }
    if (--w->threads == 0) pthread_cond_signal(&w->gone);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Start one more thread.  The lock is held. */
static int
start_worker(struct workers *w) {
    pthread_t thread;
    if (thread_start(&thread, STACK_SIZE, worker_run, w) != 0) return ERR_NOMEM;
    (void)pthread_detach(thread);
    w->threads++;
    return 0;
}

struct workers *
workers_new(unsigned max, unsigned queue_max, void (*run)(struct work *)) {
    struct workers *w = calloc(1, sizeof(*w));
    if (w == NULL) return NULL;
    w->run = run;
    w->threads_max = max;
    w->queue_max = queue_max;
    pthread_mutex_init(&w->lock, NULL);
    thread_cond_init(&w->wake);
    pthread_cond_init(&w->gone, NULL);
    return w;
}

int
workers_submit(struct workers *w, struct work *work) {
    int err = ERR_BUSY;
    pthread_mutex_lock(&w->lock);
    if (w->queued >= w->queue_max || w->ending) goto out;
    /* Woken threads still count as idle until they run: compare with all that waits. */
    if (w->queued + 1 > w->idle && w->threads < w->threads_max) (void)start_worker(w);
    if (w->threads == 0) goto out;
    work->next = NULL;
    if (w->head == NULL) {
        w->head = work;
        w->moved_ms = clock_monotonic_ms();
    } else w->tail->next = work;
    w->tail = work;
    w->queued++;
    err = 0;
    if (w->idle > 0) pthread_cond_signal(&w->wake);
out:
    pthread_mutex_unlock(&w->lock);
    return err;
}

int64_t
workers_waiting_ms(struct workers *w) {
    pthread_mutex_lock(&w->lock);
    int64_t ms = w->head == NULL ? 0 : clock_monotonic_ms() - w->moved_ms;
    pthread_mutex_unlock(&w->lock);
    return ms;
}

void
workers_free(struct workers *w) {
    if (w == NULL) return;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_broadcast(&w->wake);
    while (w->threads > 0)
        pthread_cond_wait(&w->gone, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->gone);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
