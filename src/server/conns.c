/* SPDX-License-Identifier: MIT */
#include "server/conns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { BUCKETS = 1024, LOOK_SECONDS = 1, KEY_LEN = 16 };

struct conn {
    struct conn *next, *previous; /* in its bucket */
    unsigned bucket;
    int fd;
    bool counted;
    uint8_t key[KEY_LEN];
    _Atomic int64_t deadline; /* monotonic ms; 0 for none */
};

struct conns {
    pthread_mutex_t lock; /* guards the buckets, open and ending */
    pthread_cond_t change;
    pthread_t thread;
    const struct http_trusted *trusted;
    unsigned per_client;
    unsigned open;
    bool ending;
    struct conn *buckets[BUCKETS];
};

/* Shut down what is past its deadline.  The lock is held, so no descriptor is closed meanwhile. */
static void
look(struct conns *c, int64_t now) {
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct conn *conn = c->buckets[i]; conn != NULL; conn = conn->next) {
            int64_t deadline = atomic_load(&conn->deadline);
            if (deadline != 0 && now >= deadline) (void)shutdown(conn->fd, SHUT_RDWR);
        }
}

/* Look every second while there are connections; sleep while there are none. */
static void *
watch(void *arg) {
    struct conns *c = arg;
    pthread_mutex_lock(&c->lock);
    while (!c->ending) {
        struct timespec until;
        if (c->open == 0) {
            pthread_cond_wait(&c->change, &c->lock);
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LOOK_SECONDS;
        (void)pthread_cond_timedwait(&c->change, &c->lock, &until);
        look(c, clock_monotonic_ms());
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

struct conns *
conns_new(unsigned per_client, const struct http_trusted *trusted) {
    struct conns *c = calloc(1, sizeof(*c));
    pthread_condattr_t attr;
    if (c == NULL) return NULL;
    c->per_client = per_client;
    c->trusted = trusted;
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->change, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&c->thread, NULL, watch, c) != 0) {
        free(c);
        return NULL;
    }
    return c;
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
    free(c);
}

/* The bucket of ${key}: a few of its bits are enough, a full bucket only costs time. */
static unsigned
bucket_of(const uint8_t key[static KEY_LEN]) {
    uint32_t h = 2166136261U;
    for (int i = 0; i < KEY_LEN; i++)
        h = (h ^ key[i]) * 16777619U;
    return h % BUCKETS;
}

/* Whether ${peer} stands for one client: proxies and local sockets carry many. */
static bool
is_client(const struct conns *c, struct http_address peer) {
    return !peer.local && !http_address_trusted(c->trusted, &peer);
}

bool
conns_admit(struct conns *c, struct http_address peer) {
    uint8_t key[KEY_LEN];
    unsigned n = 0;
    if (!is_client(c, peer)) return true;
    http_address_group(&peer, key);
    pthread_mutex_lock(&c->lock);
    for (struct conn *conn = c->buckets[bucket_of(key)]; conn != NULL; conn = conn->next)
        if (conn->counted && memcmp(conn->key, key, KEY_LEN) == 0) n++;
    pthread_mutex_unlock(&c->lock);
    return n < c->per_client;
}

struct conn *
conns_add(struct conns *c, int fd, struct http_address peer) {
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) return NULL;
    conn->fd = fd;
    conn->counted = is_client(c, peer);
    http_address_group(&peer, conn->key);
    /* Those that are not counted are spread over all buckets. */
    conn->bucket = conn->counted ? bucket_of(conn->key) : (unsigned)fd % BUCKETS;
    conn_allow(conn, CONN_HEADER_MS);
    pthread_mutex_lock(&c->lock);
    struct conn **first = &c->buckets[conn->bucket];
    conn->next = *first;
    if (*first != NULL) (*first)->previous = conn;
    *first = conn;
    if (c->open++ == 0) pthread_cond_signal(&c->change);
    pthread_mutex_unlock(&c->lock);
    return conn;
}

void
conns_remove(struct conns *c, struct conn *conn) {
    if (conn == NULL) return;
    pthread_mutex_lock(&c->lock);
    if (conn->next != NULL) conn->next->previous = conn->previous;
    if (conn->previous != NULL) conn->previous->next = conn->next;
    else c->buckets[conn->bucket] = conn->next;
    c->open--;
    pthread_mutex_unlock(&c->lock);
    free(conn);
}

void
conn_allow(struct conn *conn, int64_t ms) {
    if (conn == NULL) return;
    atomic_store(&conn->deadline, ms == 0 ? 0 : clock_monotonic_ms() + ms);
}

int64_t
conn_transfer_ms(uint64_t bytes) {
    return CONN_TRANSFER_MS + (int64_t)(bytes / CONN_BYTES_PER_MS);
}
