/* SPDX-License-Identifier: MIT */
#include "server/admin/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/jobs.h"
#include "base/log.h"
#include "base/thread.h"

enum {
    AT_ONCE = 8,       /* requests */
    FOLLOWERS_MAX = 4, /* of them, that follow events: the others stay for other requests */
    QUEUE = 8,         /* connections that wait */
    REQUEST_MS = 5000, /* for the request to come */
    SEND_MS = 10000,   /* for the other side to take some of an answer */
    LOOK_MS = 200,     /* between two looks for new events, or for a stop */
    ANSWER_MAX = 256 * 1024,
};

struct admin_socket {
    struct admin admin;
    int fd;
    pthread_t thread;
    struct jobs *jobs;
    atomic_bool stopping;
    atomic_int followers;
};

/* One connection. */
struct admin_conn {
    struct job job;
    struct admin_socket *socket;
    int fd;
};

/* Wait until ${fd} is ready for ${events}, at most ${ms} milliseconds.  Returns whether it is. */
static bool
wait_ready(const struct admin_socket *s, int fd, short events, int ms) {
    int64_t until = clock_monotonic_ms() + ms;
    struct pollfd one = {.fd = fd, .events = events};
    int n = 0;
    while (n <= 0 && !atomic_load(&s->stopping) && clock_monotonic_ms() < until) {
        n = poll(&one, 1, ms < LOOK_MS ? ms : LOOK_MS);
        if (n < 0 && errno != EINTR) return false;
    }
    return n > 0;
}

/* Read the request up to the end of its line into ${out}.  Returns whether it came. */
static bool
read_line(const struct admin_conn *c, struct buf *out) {
    while (wait_ready(c->socket, c->fd, POLLIN, REQUEST_MS)) {
        size_t room = out->max - out->len;
        uint8_t *at = room > 0 ? buf_space(out, room) : NULL;
        if (at == NULL) return false;

        ssize_t n = recv(c->fd, at, room, MSG_DONTWAIT);
        if (n <= 0) return false;
        const uint8_t *end = memchr(at, '\n', (size_t)n);
        out->len += end != NULL ? (size_t)(end - at) : (size_t)n;
        if (end != NULL) return true;
    }
    return false;
}

/* Send what ${out} holds and empty it.  Returns whether the other side took it. */
static bool
send_lines(const struct admin_conn *c, struct buf *out) {
    size_t sent = 0;
    while (sent < out->len) {
        if (!wait_ready(c->socket, c->fd, POLLOUT, SEND_MS)) break;
        ssize_t n = send(c->fd, out->data + sent, out->len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) break;
        if (n > 0) sent += (size_t)n;
    }

    bool all = sent == out->len;
    buf_reset(out);
    return all;
}

/* Whether the other side has closed the connection, waiting for that or for new events. */
static bool
has_left(const struct admin_conn *c) {
    struct pollfd one = {.fd = c->fd, .events = POLLIN | POLLRDHUP};
    return poll(&one, 1, LOOK_MS) > 0;
}

/* Send the events that ${req} asks for.  Returns 0, or a code that the other side is told. */
static int
send_events(const struct admin_conn *c, const struct admin_request *req, struct buf *out) {
    const struct admin *a = &c->socket->admin;
    int64_t after = req->after;
    int n = 1;

    while (!atomic_load(&c->socket->stopping)) {
        /* Most looks end at a number in memory. */
        n = admin_last_event(a) > after ? admin_events(a, &after, out) : 0;
        if (n < 0) return n;
        if (n > 0 && !send_lines(c, out)) return 0;
        if (n == 0 && (!req->follow || has_left(c))) break;
    }
    return n > 0 || req->follow ? 0 : buf_add_text(out, "{\"end\":true}\n");
}

static int
answer_events(const struct admin_conn *c, const struct admin_request *req, struct buf *out) {
    struct admin_socket *s = c->socket;
    if (!admin_has_events(&s->admin)) return admin_refuse(out, "this store writes no events");
    if (!req->follow) return send_events(c, req, out);

    int err = 0;
    if (atomic_fetch_add(&s->followers, 1) < FOLLOWERS_MAX) err = send_events(c, req, out);
    else err = admin_refuse(out, "too many follow the events already");
    atomic_fetch_sub(&s->followers, 1);
    return err;
}

static void
answer_conn(const struct admin_conn *c) {
    struct buf line = BUF_INIT(ADMIN_REQUEST_MAX), out = BUF_INIT(ANSWER_MAX);
    struct admin_request req;
    int err = 0;
    if (!read_line(c, &line)) goto out;

    if (admin_read(buf_text(&line), line.len, &req) != 0)
        err = admin_refuse(&out, "the request is not understood");
    else if (req.kind == ADMIN_EVENTS) err = answer_events(c, &req, &out);
    else err = admin_answer(&c->socket->admin, &req, &out);

    /* What was not whole is not sent. */
    if (err != 0) {
        buf_reset(&out);
        err = admin_refuse(&out, err_text(err));
    }
    if (err == 0) (void)send_lines(c, &out);
out:
    explicit_bzero(&req, sizeof(req));
    buf_free(&line);
    buf_free(&out);
}

static bool
run_conn(struct job *job) {
    struct admin_conn *c = (struct admin_conn *)job;
    answer_conn(c);
    (void)close(c->fd);
    free(c);
    return true;
}

/* Have a thread answer the connection ${fd}, or close it. */
static void
take_conn(struct admin_socket *s, int fd) {
    struct admin_conn *c = calloc(1, sizeof(*c));
    if (c != NULL) {
        *c = (struct admin_conn){.job = {.run = run_conn}, .socket = s, .fd = fd};
        if (jobs_submit(s->jobs, &c->job) == 0) return;
    }
    log_warn("admin", LOG_TEXT("reason", "too many connections to the operator's socket"));
    (void)close(fd);
    free(c);
}

static void *
accept_loop(void *arg) {
    struct admin_socket *s = arg;
    (void)pthread_setname_np(pthread_self(), "admin");
    while (!atomic_load(&s->stopping)) {
        struct pollfd one = {.fd = s->fd, .events = POLLIN};
        if (poll(&one, 1, -1) <= 0) continue;
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) take_conn(s, fd);
    }
    return NULL;
}

struct admin_socket *
admin_socket_start(int fd, const struct admin *admin) {
    const struct jobs_config jobs = {
        .name = "admin_worker", .threads_max = AT_ONCE, .queue_max = QUEUE};
    struct admin_socket *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;
    s->admin = *admin;
    s->fd = fd;

    s->jobs = jobs_new(&jobs);
    if (s->jobs != NULL && thread_start(&s->thread, 0, accept_loop, s) == 0) return s;
    jobs_free(s->jobs);
    free(s);
    return NULL;
}

void
admin_socket_stop(struct admin_socket *s) {
    if (s == NULL) return;
    atomic_store(&s->stopping, true);
    (void)shutdown(s->fd, SHUT_RDWR); /* wakes the thread */
    (void)pthread_join(s->thread, NULL);
    jobs_free(s->jobs);
    free(s);
}
