/* SPDX-License-Identifier: MIT */
#include "server/http/loop.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

enum { EVENTS_MAX = 512 };

struct loop {
    struct loop_config config;
    struct watched wake_watched;
    int epoll;
    int wake; /* an eventfd; nobody reads it, because each write is an event of its own */
    pthread_t thread;
    bool started;
    atomic_bool ending;
    atomic_uint rounds;   /* that have ended; loop_alive() sleeps on it */
    atomic_uint asking;   /* whether loop_alive() does */
    atomic_uint waking;   /* threads that are about to write to ${wake} */
    pthread_mutex_t lock; /* guards all below */
    struct task *first, *last;
    bool asleep; /* or about to be: a task has to wake the thread */
};

static void
wake_loop(struct loop *l) {
    const uint64_t one = 1;
    ssize_t ignored = write(l->wake, &one, sizeof(one));
    (void)ignored;
}

static void
ignore_wake(struct watched *w, unsigned events) {
    (void)w;
    (void)events;
}

/* Take all tasks.  If there are none and ${sleeps}, the next one wakes the thread. */
static struct task *
take_tasks(struct loop *l, bool sleeps) {
    pthread_mutex_lock(&l->lock);
    struct task *first = l->first;
    l->first = l->last = NULL;
    l->asleep = sleeps && first == NULL;
    pthread_mutex_unlock(&l->lock);
    return first;
}

static void
run_tasks(struct task *t) {
    for (struct task *next; t != NULL; t = next) {
        next = t->next;
        t->run(t);
    }
}

static void
run_round(struct loop *l, int wait) {
    struct epoll_event events[EVENTS_MAX];
    struct task *tasks = take_tasks(l, wait != 0);
    if (tasks != NULL) wait = 0;

    int n = epoll_wait(l->epoll, events, EVENTS_MAX, wait);
    for (int i = 0; i < n; i++) {
        struct watched *w = events[i].data.ptr;
        w->ready(w, events[i].events);
    }
    run_tasks(tasks);
}

static void *
loop_run(void *arg) {
    struct loop *l = arg;
    int wait = 0;
    (void)pthread_setname_np(pthread_self(), l->config.name);
    while (!atomic_load(&l->ending)) {
        run_round(l, wait);
        wait = l->config.tick(l->config.arg);
        atomic_fetch_add(&l->rounds, 1);
        if (atomic_exchange(&l->asking, 0) != 0) thread_wake(&l->rounds);
    }
    return NULL;
}

struct loop *
loop_new(const struct loop_config *config) {
    struct loop *l = calloc(1, sizeof(*l));
    if (l == NULL) return NULL;
    l->config = *config;
    l->wake_watched.ready = ignore_wake;
    pthread_mutex_init(&l->lock, NULL);

    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll >= 0 && l->wake >= 0 &&
        loop_watch(l, l->wake, EPOLLIN | EPOLLET, &l->wake_watched) == 0)
        return l;
    loop_free(l);
    return NULL;
}

int
loop_start(struct loop *l) {
    int err = thread_start(&l->thread, l->config.stack, loop_run, l);
    l->started = err == 0;
    return err;
}

int
loop_watch(struct loop *l, int fd, unsigned events, struct watched *w) {
    struct epoll_event e = {.events = events, .data.ptr = w};
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : ERR_IO;
}

void
loop_unwatch(struct loop *l, int fd) {
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void
loop_post(struct loop *l, struct task *t) {
    t->next = NULL;
    pthread_mutex_lock(&l->lock);
    if (l->last == NULL) l->first = t;
    else l->last->next = t;
    l->last = t;
    bool wake = l->asleep;
    l->asleep = false;
    if (wake) atomic_fetch_add(&l->waking, 1);
    pthread_mutex_unlock(&l->lock);

    /* The thread may have run ${t} already: until it is counted out, this keeps ${l}. */
    if (!wake) return;
    wake_loop(l);
    atomic_fetch_sub(&l->waking, 1);
}

bool
loop_alive(struct loop *l, int64_t until) {
    unsigned before = atomic_load(&l->rounds);
    atomic_store(&l->asking, 1);
    wake_loop(l);
    for (int64_t left; atomic_load(&l->rounds) == before;) {
        left = until - clock_monotonic_ms();
        if (left <= 0) return false;
        thread_sleep(&l->rounds, before, (int)left);
    }
    return true;
}

void
loop_stop(struct loop *l) {
    atomic_store(&l->ending, true);
    wake_loop(l);
    if (l->started) pthread_join(l->thread, NULL);
    l->started = false;
    run_tasks(take_tasks(l, false));
}

void
loop_free(struct loop *l) {
    if (l == NULL) return;
    while (atomic_load(&l->waking) > 0)
        (void)sched_yield();
    if (l->epoll >= 0) (void)close(l->epoll);
    if (l->wake >= 0) (void)close(l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
