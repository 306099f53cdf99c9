/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/http/internal.h"

enum {
    LOOK_MS = 1000,   /* between two looks at the deadlines */
    MANY_OPEN = 1024, /* connections whose memory is worth giving back */
    LINGER_MS = 10 * 1000,
    LINGER_BYTES = 64 * 1024 * 1024,
};

/* --- memory ----------------------------------------------------------------------------------- */

static bool
trim_memory(struct job *job) {
    struct daemon *d = (struct daemon *)((char *)job - offsetof(struct daemon, trim));
    (void)malloc_trim(0);
    atomic_store(&d->trimming, false);
    return true;
}

/* After most of many connections have closed, give their memory back to the system: malloc() keeps
 * it.  That takes long, so a worker does it. */
static void
give_memory_back(struct daemon *d) {
    unsigned open = atomic_load(&d->open);
    if (d->most < MANY_OPEN || open > d->most / 2 || atomic_load(&d->trimming)) return;
    if (atomic_load(&d->stopping)) return; /* it goes with the process */
    d->trim.run = trim_memory;
    atomic_store(&d->trimming, true);
    if (jobs_submit(d->workers, &d->trim) == 0) d->most = open;
    else atomic_store(&d->trimming, false);
}

/* --- begin and end ---------------------------------------------------------------------------- */

static void
list_conn(struct conn *c) {
    struct io *io = c->io;
    c->before = io->newest;
    if (io->newest == NULL) io->oldest = c;
    else io->newest->after = c;
    io->newest = c;
}

static void
unlist_conn(struct conn *c) {
    struct io *io = c->io;
    if (c->before == NULL) io->oldest = c->after;
    else c->before->after = c->after;
    if (c->after == NULL) io->newest = c->before;
    else c->after->before = c->before;
}

static void
leave_fresh(struct conn *c) {
    if (c->fresh) atomic_fetch_sub(&c->io->daemon->fresh, 1);
    c->fresh = false;
}

/* ${c} counts as an open connection no more. */
static void
leave_open(struct conn *c) {
    struct daemon *d = c->io->daemon;
    if (c->counted) budget_give(d->clients, &c->peer, 1);
    if (c->kept) atomic_fetch_sub(&d->kept, 1);
    leave_fresh(c);
    c->counted = c->kept = false;
    atomic_fetch_sub(&d->open, 1);
}

void
conn_close(struct conn *c) {
    struct daemon *d = c->io->daemon;
    if (c->stage == STAGE_CLOSED) return;
    if (c->began_us != 0) request_end(c, false);
    if (c->placed) budget_give(d->lingering, &c->http.client, 1);
    else leave_open(c);
    buf_free(&c->input);
    buf_free(&c->http.body);
    (void)close(c->fd);

    /* Events of this round may still name it. */
    c->stage = STAGE_CLOSED;
    unlist_conn(c);
    c->next_closed = c->io->closed;
    c->io->closed = c;
}

void
conn_close_all(struct io *io) {
    while (io->oldest != NULL)
        conn_close(io->oldest);
    for (struct conn *c = io->closed, *next; c != NULL; c = next) {
        next = c->next_closed;
        free(c);
    }
    io->closed = NULL;
}

/* Free what was closed, but for what the loop still has as a task. */
static void
free_closed(struct io *io) {
    struct conn **at = &io->closed;
    while (*at != NULL) {
        struct conn *c = *at;
        if (c->queued) {
            at = &c->next_closed;
            continue;
        }
        *at = c->next_closed;
        free(c);
    }
}

static void
conn_ready(struct watched *w, unsigned events) {
    struct conn *c = conn_of(w, watched);
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) c->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) c->hung = true;
    if (events & EPOLLOUT) c->writable = true;

    /* Else another thread has it, or a task goes on with it. */
    if (!c->queued) request_advance(c);
}

/* Take over a connection that was accepted, on the I/O thread that serves it. */
static void
adopt_conn(struct task *t) {
    struct conn *c = conn_of(t, task);
    c->queued = false;
    list_conn(c);
    if (loop_watch(c->io->loop, c->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &c->watched) != 0)
        conn_close(c);
}

/* Count a connection of ${peer}.  Returns whether it fits. */
static bool
count_conn(struct daemon *d, const struct http_address *peer, bool counted) {
    if (counted && !budget_take(d->clients, peer, 1, BUDGET_SHARES)) return false;
    unsigned open = atomic_fetch_add(&d->open, 1) + 1;
    if (open > d->most) d->most = open;
    atomic_fetch_add(&d->fresh, 1);
    return true;
}

void
conn_open(struct daemon *d, const struct daemon_listener *listener, int fd,
          struct http_address peer) {
    struct conn *c = calloc(1, sizeof(*c));

    /* A trusted proxy or a local socket carries many clients: their requests are counted. */
    bool counted = !http_address_trusted(d->config.trusted, &peer);
    if (c == NULL || !count_conn(d, &peer, counted)) {
        free(c);
        (void)close(fd);
        return;
    }

    c->watched.ready = conn_ready;
    c->io = &d->ios[d->next++ % d->config.io_threads];
    c->listener = listener;
    c->fd = fd;
    c->counted = counted;
    c->fresh = true;
    c->writable = true;
    c->peer = peer;
    buf_init(&c->input, HEAD_MAX);
    head_begin(&c->head, d->config.user_header);
    conn_allow(c, CONN_HEADER_MS);

    c->task.run = adopt_conn;
    if (c->io == &d->ios[0]) {
        adopt_conn(&c->task);
        return;
    }
    c->queued = true;
    loop_post(c->io->loop, &c->task);
}

bool
conn_count_request(struct conn *c) {
    struct daemon *d = c->io->daemon;

    enum budget_rule rule = BUDGET_SHARES;
    if (c->counted) return true;

    /* The proxy names no client, but at most another proxy, whose clients are many. */
    if (http_address_trusted(d->config.trusted, &c->http.client)) rule = BUDGET_NETWORK;
    c->shared = budget_take(d->clients, &c->http.client, 1, rule);
    return c->shared;
}

void
conn_uncount_request(struct conn *c) {
    if (c->shared) budget_give(c->io->daemon->clients, &c->http.client, 1);
    c->shared = false;
}

bool
conn_keep(struct conn *c) {
    struct daemon *d = c->io->daemon;
    if (c->kept) return true;
    c->kept = atomic_fetch_add(&d->kept, 1) < d->config.kept_max;
    if (!c->kept) atomic_fetch_sub(&d->kept, 1);
    return c->kept;
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* As conn_receive(), with ${flags} of recv(2). */
static ssize_t
receive_bytes(struct conn *c, void *to, size_t room, int flags) {
    if (!c->readable) return 0;
    ssize_t n = recv(c->fd, to, room, flags);
    if (n < 0 && errno == EAGAIN) {
        c->readable = false;
        return 0;
    }

    /* Less than asked for: that was all (epoll(7)), unless the end follows. */
    if (n <= 0) return -1;
    if ((size_t)n < room && !c->hung) c->readable = false;
    return n;
}

ssize_t
conn_receive(struct conn *c, void *to, size_t room) {
    return receive_bytes(c, to, room, 0);
}

enum next
conn_linger(struct conn *c) {
    struct daemon *d = c->io->daemon;
    if (!budget_take(d->lingering, &c->http.client, 1, BUDGET_SHARES)) return NEXT_CLOSE;
    leave_open(c);
    c->placed = true;
    c->stage = STAGE_LINGERING;

    /* The client learns that the response is complete. */
    (void)shutdown(c->fd, SHUT_WR);
    conn_allow(c, LINGER_MS);
    return NEXT_GO_ON;
}

enum next
conn_drop(struct conn *c) {
    /* TCP drops the bytes inside the kernel with this flag.  A unix socket copies them. */
    ssize_t n = receive_bytes(c, c->io->scratch, sizeof(c->io->scratch), MSG_TRUNC);
    if (n == 0) return NEXT_WAIT;
    if (n < 0) return NEXT_CLOSE;
    if (c->listener->port == 0) explicit_bzero(c->io->scratch, sizeof(c->io->scratch));
    c->dropped += (uint64_t)n;
    return c->dropped < LINGER_BYTES ? NEXT_GO_ON : NEXT_CLOSE;
}

/* --- deadlines -------------------------------------------------------------------------------- */

void
conn_allow(struct conn *c, int64_t ms) {
    c->deadline = ms == 0 ? 0 : clock_monotonic_ms() + ms;
}

void
conn_hurry(struct conn *c, int64_t ms) {
    int64_t hurried = clock_monotonic_ms() + ms;
    if (c->deadline == 0 || c->deadline > hurried) c->deadline = hurried;
}

void
conn_body_begins(struct conn *c, uint64_t len) {
    conn_allow(c, len > CONN_BODY_SMALL ? CONN_BODY_MS : CONN_TRANSFER_MS);
    if (len <= CONN_BODY_SMALL) return;

    /* Where memory is short the deadline of its own is enough. */
    c->sender = senders_join(c->io->daemon->senders, &c->http.client, clock_monotonic_ms());
}

void
conn_body_received(struct conn *c, uint64_t bytes) {
    int64_t gained = (int64_t)(bytes / CONN_BYTES_PER_MS);
    if (c->sender != NULL) {
        sender_received(c->sender, bytes, clock_monotonic_ms());
        gained = (int64_t)bytes * CONN_BODY_MS_PER_BYTE;
    }
    c->deadline += gained;
}

void
conn_body_ends(struct conn *c) {
    if (c->sender != NULL) senders_leave(c->io->daemon->senders, c->sender);
    c->sender = NULL;
}

static bool
is_late(const struct conn *c, int64_t now_ms) {
    if (c->deadline != 0 && now_ms >= c->deadline) return true;
    return c->sender != NULL && sender_is_late(c->sender, now_ms);
}

/* End what is late, however slowly bytes still trickle in. */
static void
look_at_deadlines(struct io *io, int64_t now_ms) {
    for (struct conn *c = io->oldest, *after; c != NULL; c = after) {
        after = c->after;
        if (!is_late(c, now_ms)) continue;
        if (c->stage == STAGE_WAITING) work_late(c);
        else conn_close(c);
    }
}

int
conn_tick(struct io *io, int64_t now_ms) {
    bool first = io == &io->daemon->ios[0];
    if (now_ms >= io->look_ms) {
        io->look_ms = now_ms + LOOK_MS;
        look_at_deadlines(io, now_ms);
        if (first) give_memory_back(io->daemon);
    }
    free_closed(io);

    /* Without connections the thread sleeps. */
    bool looks = io->oldest != NULL || io->closed != NULL;
    if (first && io->daemon->most >= MANY_OPEN) looks = true;
    return looks ? (int)(io->look_ms - now_ms) : -1;
}
