/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "server/http/internal.h"

enum {
    ROUND = 64,              /* connections accepted before other events */
    REST_MS = 50,            /* pause when there is no room or no descriptor */
    REPORT_MS = 60 * 1000,   /* log at most one failure in this time */
    UNSENT_MAX = 256 * 1024, /* bytes of a response in the kernel that were never sent */
};

static void
report_failure(struct listening *l, int err) {
    int64_t now = clock_monotonic_ms();
    if (l->reported_ms != 0 && now < l->reported_ms + REPORT_MS) return;
    l->reported_ms = now;
    log_warn("accept", LOG_TEXT("error", strerrordesc_np(err)));
}

/* Accept no more for a while, or, if ${for_ever}, at all. */
static void
pause_accepting(struct listening *l, bool for_ever) {
    loop_unwatch(l->daemon->ios[0].loop, l->listener.fd);
    l->rests_until = INT64_MAX;
    if (!for_ever) l->rests_until = clock_monotonic_ms() + REST_MS;
}

/* Whether there is room for another connection. */
static bool
make_room(struct daemon *d) {
    if (atomic_load(&d->open) < d->config.connections.total) return true;
    if (!d->config.oldest_gives_way || d->ios[0].oldest == NULL) return false;
    conn_close(d->ios[0].oldest);
    return true;
}

/* Accept one connection.  Returns whether there may be more. */
static bool
accept_one(struct listening *l) {
    struct daemon *d = l->daemon;
    struct sockaddr_storage peer = {0};
    struct sockaddr *from = (struct sockaddr *)&peer;
    socklen_t len = sizeof(peer);
    bool stopping = atomic_load(&d->stopping);
    if (stopping || !make_room(d)) {
        pause_accepting(l, stopping);
        return false;
    }

    int fd = accept4(l->listener.fd, from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        conn_open(d, &l->listener, fd, http_address_of(from));
        return true;
    }

    /* EINVAL: the socket was shut down, because the server stops. */
    if (errno == EAGAIN) return false;
    if (errno == ECONNABORTED) return true;
    if (errno != EINVAL) report_failure(l, errno);
    pause_accepting(l, errno == EINVAL);
    return false;
}

static void
accept_ready(struct watched *w, unsigned events) {
    (void)events;
    for (int i = 0; i < ROUND; i++)
        if (!accept_one((struct listening *)w)) break;
}

int
accept_begin(struct daemon *d, unsigned i) {
    struct listening *l = &d->listening[i];
    const int one = 1, unsent = UNSENT_MAX;
    *l = (struct listening){
        .watched = {accept_ready}, .daemon = d, .listener = d->config.listeners[i]};

    /* A connection that is gone before accept4() must not block the thread. */
    int fd = l->listener.fd, flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return ERR_IO;

    /* Connections inherit these.  A unix socket does not have them, and needs none. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    return loop_watch(d->ios[0].loop, fd, EPOLLIN, &l->watched);
}

/* Accept again if the pause is over.  Returns the milliseconds that are left of it, or -1. */
static int
end_pause(struct listening *l, int64_t now_ms) {
    if (l->rests_until == 0 || l->rests_until == INT64_MAX) return -1;
    if (now_ms < l->rests_until) return (int)(l->rests_until - now_ms);

    l->rests_until = now_ms + REST_MS;
    if (loop_watch(l->daemon->ios[0].loop, l->listener.fd, EPOLLIN, &l->watched) != 0)
        return REST_MS;
    l->rests_until = 0;
    return -1;
}

int
accept_tick(struct daemon *d, int64_t now_ms) {
    int wait = -1;
    for (unsigned i = 0; i < d->config.listener_count; i++) {
        int ms = end_pause(&d->listening[i], now_ms);
        if (ms >= 0 && (wait < 0 || ms < wait)) wait = ms;
    }
    return wait;
}
