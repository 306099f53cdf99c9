/* SPDX-License-Identifier: MIT */
#include "server/http/conns.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/thread.h"
#include "server/http/budget.h"
#include "server/http/senders.h"

enum {
    LOOK_MS = 1000,   /* between two looks at the deadlines */
    MANY_OPEN = 1024, /* connections whose memory is worth giving back */
};

enum state { STATE_FREE, STATE_ADMITTED, STATE_SERVED };

struct conn {
    _Atomic int64_t deadline; /* monotonic ms; 0 for none */
    struct sender *sender;    /* of the large body that is being received; NULL if there is none */
    struct http_address client;
    enum state state;
    bool counted;     /* in clients */
    bool fresh;       /* in conns->fresh: no request has come yet */
    bool kept;        /* in conns->kept; only its own thread uses this */
    void *request;    /* that has begun and not ended, or NULL; as kept */
    unsigned refused; /* status of a refusal that is not logged yet, or 0; as kept */
};

struct conns {
    pthread_mutex_t lock; /* guards everything below that is not atomic */
    pthread_cond_t change;
    pthread_t thread;
    const struct http_trusted *trusted;
    struct conns_limits limits;
    struct budget *clients; /* connections of each */
    struct senders *senders;
    unsigned open;
    unsigned most; /* open at once since memory was given back */
    unsigned fresh;
    unsigned top; /* no descriptor from here on is in use */
    bool ending;
    atomic_uint kept;
    struct conn all[]; /* by descriptor */
};

/* Shut down connections past their deadline.  The lock is held, so that no descriptor is closed
 * meanwhile. */
static void
shut_down_overdue(struct conns *c, int64_t now) {
    for (unsigned fd = 0; fd < c->top; fd++) {
        struct conn *conn = &c->all[fd];
        if (conn->state != STATE_SERVED) continue;
        int64_t deadline = atomic_load(&conn->deadline);
        bool late = deadline != 0 && now >= deadline;
        if (!late && conn->sender != NULL) late = sender_is_late(conn->sender, now);
        if (late) (void)shutdown((int)fd, SHUT_RDWR);
    }
}

/*
 * After most of many connections have closed, give their memory back to the system: malloc() keeps
 * it.  The lock is held, but not meanwhile.
 */
static void
give_memory_back(struct conns *c) {
    if (c->most < MANY_OPEN || c->open > c->most / 2) return;
    c->most = c->open;

    pthread_mutex_unlock(&c->lock);
    (void)malloc_trim(0);
    pthread_mutex_lock(&c->lock);
}

/* Look at the deadlines every second while there are connections; sleep while there are none. */
static void *
watch_deadlines(void *arg) {
    struct conns *c = arg;
    (void)pthread_setname_np(pthread_self(), "conns");
    pthread_mutex_lock(&c->lock);
    while (!c->ending) {
        give_memory_back(c);
        if (c->ending) break;
        if (c->open == 0) {
            pthread_cond_wait(&c->change, &c->lock);
            continue;
        }

        struct timespec until = thread_deadline(LOOK_MS);
        (void)pthread_cond_timedwait(&c->change, &c->lock, &until);
        shut_down_overdue(c, clock_monotonic_ms());
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

struct conns *
conns_new(const struct conns_limits *limits, const struct http_trusted *trusted) {
    struct conns *c = calloc(1, sizeof(*c) + limits->descriptors * sizeof(c->all[0]));
    if (c == NULL) return NULL;
    c->limits = *limits;
    c->trusted = trusted;

    /* Connections of each client, without a total. */
    const struct budget_limits clients = {
        .total = SIZE_MAX, .share = limits->per_client, .scarce = limits->per_client};
    c->clients = budget_new(&clients);
    c->senders = senders_new();
    pthread_mutex_init(&c->lock, NULL);
    thread_cond_init(&c->change);
    if (c->clients != NULL && c->senders != NULL &&
        thread_start(&c->thread, 0, watch_deadlines, c) == 0)
        return c;

    senders_free(c->senders);
    budget_free(c->clients);
    free(c);
    return NULL;
}

void
conns_free(struct conns *c) {
    if (c == NULL) return;
    pthread_mutex_lock(&c->lock);
    c->ending = true;
    pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);

    pthread_join(c->thread, NULL);
    pthread_cond_destroy(&c->change);
    pthread_mutex_destroy(&c->lock);
    senders_free(c->senders);
    budget_free(c->clients);
    free(c);
}

unsigned
conns_open(struct conns *c) {
    pthread_mutex_lock(&c->lock);
    unsigned open = c->open;
    pthread_mutex_unlock(&c->lock);
    return open;
}

unsigned
conns_fresh(struct conns *c) {
    pthread_mutex_lock(&c->lock);
    unsigned fresh = c->fresh;
    pthread_mutex_unlock(&c->lock);
    return fresh;
}

/* The lock is held. */
static void
leave_fresh(struct conns *c, struct conn *conn) {
    if (conn->fresh) c->fresh--;
    conn->fresh = false;
}

void
conns_asked(struct conns *c, struct conn *conn) {
    if (!conn->fresh) return; /* only this thread writes it while ${conn} is served */
    pthread_mutex_lock(&c->lock);
    leave_fresh(c, conn);
    pthread_mutex_unlock(&c->lock);
}

bool
conns_full(struct conns *c) {
    return conns_open(c) >= c->limits.open;
}

/* The lock is held. */
static void
leave_sender(struct conns *c, struct conn *conn) {
    if (conn->sender != NULL) senders_leave(c->senders, conn->sender);
    conn->sender = NULL;
}

/* Forget ${conn}.  The lock is held. */
static void
forget_conn(struct conns *c, struct conn *conn) {
    if (conn->state == STATE_FREE) return;
    if (conn->counted) budget_give(c->clients, &conn->client, 1);
    leave_sender(c, conn);
    if (conn->kept) atomic_fetch_sub(&c->kept, 1);
    leave_fresh(c, conn);
    conn->state = STATE_FREE;
    conn->kept = false;
    c->open--;
    while (c->top > 0 && c->all[c->top - 1].state == STATE_FREE)
        c->top--;
}

/* Count ${conn}, whose descriptor is ${fd}, as open.  The lock is held. */
static void
admit_conn(struct conns *c, struct conn *conn, int fd, struct http_address peer, bool counted) {
    conn->state = STATE_ADMITTED;
    conn->request = NULL;
    conn->refused = 0;
    conn->client = peer;
    conn->counted = counted;
    conn->fresh = true;
    c->fresh++;
    conn_allow(conn, CONN_HEADER_MS);

    if ((unsigned)fd >= c->top) c->top = (unsigned)fd + 1;
    if (c->open++ == 0) pthread_cond_signal(&c->change);
    if (c->open > c->most) c->most = c->open;
}

bool
conns_admit(struct conns *c, int fd, struct http_address peer) {
    if (fd < 0 || (unsigned)fd >= c->limits.descriptors) return false;
    struct conn *conn = &c->all[fd];
    /* A trusted proxy or a local socket carries many clients, and is counted for none of them. */
    bool counted = !http_address_trusted(c->trusted, &peer);

    pthread_mutex_lock(&c->lock);
    forget_conn(c, conn);
    bool fits = c->open < c->limits.open;
    if (fits && counted) fits = budget_take(c->clients, &peer, 1, false);
    if (fits) admit_conn(c, conn, fd, peer, counted);
    pthread_mutex_unlock(&c->lock);
    return fits;
}

struct conn *
conns_serve(struct conns *c, int fd) {
    struct conn *conn = &c->all[fd];
    pthread_mutex_lock(&c->lock);
    conn->state = STATE_SERVED;
    pthread_mutex_unlock(&c->lock);
    return conn;
}

void
conns_remove(struct conns *c, struct conn *conn) {
    pthread_mutex_lock(&c->lock);
    forget_conn(c, conn);
    pthread_mutex_unlock(&c->lock);
}

bool
conns_keep(struct conns *c, struct conn *conn) {
    if (conn->kept) return true;
    conn->kept = atomic_fetch_add(&c->kept, 1) < c->limits.kept;
    if (!conn->kept) atomic_fetch_sub(&c->kept, 1);
    return conn->kept;
}

void
conn_keep_request(struct conn *conn, void *request) {
    conn->request = request;
}

void *
conn_take_request(struct conn *conn) {
    void *request = conn->request;
    conn->request = NULL;
    return request;
}

void
conn_refuse(struct conn *conn, unsigned status) {
    conn->refused = status;
}

unsigned
conn_take_refusal(struct conn *conn) {
    unsigned status = conn->refused;
    conn->refused = 0;
    return status;
}

void
conn_allow(struct conn *conn, int64_t ms) {
    int64_t deadline = ms == 0 ? 0 : clock_monotonic_ms() + ms;
    atomic_store(&conn->deadline, deadline);
}

void
conn_hurry(struct conn *conn, int64_t ms) {
    int64_t deadline = atomic_load(&conn->deadline), hurried = clock_monotonic_ms() + ms;
    if (deadline == 0 || deadline > hurried) atomic_store(&conn->deadline, hurried);
}

void
conns_body_begins(struct conns *c, struct conn *conn, const struct http_address *client,
                  uint64_t len) {
    int64_t now = clock_monotonic_ms();
    conn_allow(conn, len > CONN_BODY_SMALL ? CONN_BODY_MS : CONN_TRANSFER_MS);
    if (len <= CONN_BODY_SMALL) return;

    /* Where memory is short the deadline of its own is enough. */
    pthread_mutex_lock(&c->lock);
    conn->sender = senders_join(c->senders, client, now);
    pthread_mutex_unlock(&c->lock);
}

void
conn_body_received(struct conn *conn, uint64_t bytes) {
    int64_t gained = (int64_t)(bytes / CONN_BYTES_PER_MS);
    if (conn->sender != NULL) {
        sender_received(conn->sender, bytes, clock_monotonic_ms());
        gained = (int64_t)bytes * CONN_BODY_MS_PER_BYTE;
    }
    (void)atomic_fetch_add(&conn->deadline, gained);
}

void
conns_body_ends(struct conns *c, struct conn *conn) {
    if (conn->sender == NULL) return; /* only the thread that serves it writes this */
    pthread_mutex_lock(&c->lock);
    leave_sender(c, conn);
    pthread_mutex_unlock(&c->lock);
}

int64_t
conn_response_ms(uint64_t bytes) {
    return CONN_TRANSFER_MS + (int64_t)(bytes * CONN_RESPONSES / CONN_BYTES_PER_MS);
}
