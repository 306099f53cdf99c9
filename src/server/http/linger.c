/* SPDX-License-Identifier: MIT */
#include "server/http/linger.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "server/http/budget.h"

enum {
    LIFE_MS = 10 * 1000,
    BYTES_MAX = 64 * 1024 * 1024,
    CHUNK = 64 * 1024, /* dropped in one call */
    POLL_MS = 1000,
    SHARE = 4,   /* a client may have this part of all */
    SCARCE = 16, /* the same, once half of all linger */
};

struct socket_kept {
    int fd;
    struct http_address client;
    int64_t until;
    int64_t bytes;
};

struct lingers {
    pthread_mutex_t lock; /* guards the newcomers, started and ending */
    int wake;             /* an eventfd */
    bool started, ending;
    pthread_t thread;
    struct budget *places; /* of newcomers and kept together */
    struct socket_kept newcomers[LINGER_MAX];
    int newcomer_count;
    struct socket_kept kept[LINGER_MAX]; /* only the thread uses these */
    int kept_count;
};

/* Take over what linger_add() added.  Returns false once linger_free() was called. */
static bool
take_newcomers(struct lingers *l) {
    uint64_t n;
    ssize_t ignored = read(l->wake, &n, sizeof(n));
    (void)ignored;

    pthread_mutex_lock(&l->lock);
    bool ending = l->ending;
    for (int i = 0; i < l->newcomer_count; i++)
        l->kept[l->kept_count++] = l->newcomers[i];
    l->newcomer_count = 0;
    pthread_mutex_unlock(&l->lock);
    return !ending;
}

/* Drop what has come.  Returns false once ${s} is closed. */
static bool
drop_received(struct socket_kept *s, bool readable, int64_t now) {
    ssize_t n = 1;
    if (readable) {
        /* MSG_TRUNC drops the bytes inside the kernel: they are never copied. */
        n = recv(s->fd, NULL, CHUNK, MSG_TRUNC | MSG_DONTWAIT);
        if (n > 0) s->bytes += n;
    }
    if (n > 0 && s->bytes < BYTES_MAX && now < s->until) return true;
    (void)close(s->fd);
    return false;
}

/* Wait for bytes on the kept sockets, drop them, and forget the sockets that have ended. */
static void
linger_once(struct lingers *l, struct pollfd fds[static LINGER_MAX + 1]) {
    int count = l->kept_count, stay = 0;
    int wait = count == 0 ? -1 : POLL_MS;
    fds[count] = (struct pollfd){.fd = l->wake, .events = POLLIN};
    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = l->kept[i].fd, .events = POLLIN};
    (void)poll(fds, (nfds_t)count + 1, wait);

    int64_t now = clock_monotonic_ms();
    for (int i = 0; i < count; i++) {
        struct socket_kept *s = &l->kept[i];
        if (drop_received(s, fds[i].revents != 0, now)) l->kept[stay++] = *s;
        else budget_give(l->places, &s->client, 1);
    }
    l->kept_count = stay;
}

static void *
linger_run(void *arg) {
    struct lingers *l = arg;
    struct pollfd fds[LINGER_MAX + 1];
    (void)pthread_setname_np(pthread_self(), "linger");
    while (take_newcomers(l))
        linger_once(l, fds);
    for (int i = 0; i < l->kept_count; i++)
        (void)close(l->kept[i].fd);
    return NULL;
}

struct lingers *
linger_new(unsigned max) {
    struct lingers *l = calloc(1, sizeof(*l));
    if (l == NULL) return NULL;
    if (max > LINGER_MAX) max = LINGER_MAX;
    const struct budget_limits limits = {
        .total = max, .share = (max + SHARE - 1) / SHARE, .scarce = (max + SCARCE - 1) / SCARCE};

    l->places = budget_new(&limits);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&l->lock, NULL);
    if (l->places != NULL && l->wake >= 0) return l;
    linger_free(l);
    return NULL;
}

static void
wake_linger(struct lingers *l) {
    const uint64_t one = 1;
    ssize_t ignored = write(l->wake, &one, sizeof(one));
    (void)ignored;
}

void
linger_add(struct lingers *l, int fd, const struct http_address *client) {
    struct socket_kept s = {.fd = -1, .client = *client};
    if (!budget_take(l->places, client, 1, false)) return;

    pthread_mutex_lock(&l->lock);
    if (!l->started) l->started = thread_start(&l->thread, 0, linger_run, l) == 0;
    if (l->started && !l->ending) s.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    /* End our side now: the client learns that the response is complete. */
    if (s.fd >= 0) {
        (void)shutdown(s.fd, SHUT_WR);
        s.until = clock_monotonic_ms() + LIFE_MS;
        l->newcomers[l->newcomer_count++] = s;
    }
    pthread_mutex_unlock(&l->lock);

    if (s.fd >= 0) wake_linger(l);
    else budget_give(l->places, client, 1);
}

void
linger_free(struct lingers *l) {
    if (l == NULL) return;
    pthread_mutex_lock(&l->lock);
    l->ending = true;
    pthread_mutex_unlock(&l->lock);

    wake_linger(l);
    if (l->started) pthread_join(l->thread, NULL);
    for (int i = 0; i < l->newcomer_count; i++)
        (void)close(l->newcomers[i].fd);

    if (l->wake >= 0) (void)close(l->wake);
    budget_free(l->places);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
