/* SPDX-License-Identifier: MIT */
#include "server/http/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

enum {
    ROUND = 64,                 /* connections accepted before the next look at the wake-up */
    REST_MS = 50,               /* pause when there is no room or no descriptor */
    REPORT_EVERY_MS = 60 * 1000 /* log at most one failure in this time */
};

struct acceptor {
    int listen_fd;
    int wake; /* an eventfd, written by acceptor_stop() */
    struct acceptor_sink sink;
    pthread_t thread;
    int64_t reported_ms; /* 0 if never */
};

static void
acceptor_report(struct acceptor *a, int err) {
    int64_t now = clock_monotonic_ms();
    if (a->reported_ms != 0 && now < a->reported_ms + REPORT_EVERY_MS) return;
    a->reported_ms = now;
    log_warn("accept", LOG_TEXT("error", strerrordesc_np(err)));
}

/* Accept what waits.  Returns false if no more can be accepted for a while. */
static bool
accept_waiting(struct acceptor *a) {
    for (int i = 0; i < ROUND; i++) {
        struct sockaddr_storage peer = {0};
        struct sockaddr *from = (struct sockaddr *)&peer;
        socklen_t len = sizeof(peer);
        if (a->sink.full(a->sink.arg)) return false;

        int fd = accept4(a->listen_fd, from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            a->sink.take(a->sink.arg, fd, from, len);
            continue;
        }

        /* EINVAL: the socket was shut down, and acceptor_stop() follows. */
        if (errno == EAGAIN) return true;
        if (errno != EINVAL) acceptor_report(a, errno);
        return false;
    }
    return true;
}

static void *
acceptor_run(void *arg) {
    struct acceptor *a = arg;
    struct pollfd fds[] = {{.fd = a->wake, .events = POLLIN},
                           {.fd = a->listen_fd, .events = POLLIN}};
    bool resting = false;
    (void)pthread_setname_np(pthread_self(), "acceptor");

    /* While resting, only the wake-up is polled. */
    for (;;) {
        if (resting) (void)poll(fds, 1, REST_MS);
        else (void)poll(fds, 2, -1);
        if (fds[0].revents != 0) return NULL;
        resting = !accept_waiting(a);
    }
}

static void
acceptor_free(struct acceptor *a) {
    if (a->wake >= 0) (void)close(a->wake);
    free(a);
}

struct acceptor *
acceptor_start(int listen_fd, const struct acceptor_sink *sink) {
    struct acceptor *a = calloc(1, sizeof(*a));
    if (a == NULL) return NULL;
    a->listen_fd = listen_fd;
    a->sink = *sink;
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    /* A connection that is gone before accept4() must not block the thread. */
    int flags = fcntl(listen_fd, F_GETFL);
    if (a->wake >= 0 && flags >= 0 && fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
        thread_start(&a->thread, 0, acceptor_run, a) == 0)
        return a;
    acceptor_free(a);
    return NULL;
}

void
acceptor_stop(struct acceptor *a) {
    const uint64_t one = 1;
    if (a == NULL) return;
    ssize_t ignored = write(a->wake, &one, sizeof(one));
    (void)ignored;
    pthread_join(a->thread, NULL);
    acceptor_free(a);
}
