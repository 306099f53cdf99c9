/* SPDX-License-Identifier: MIT */
#include "http/rate.h"

#include <pthread.h>

#include "base/compiler.h"

enum { SET_SIZE = 8, SETS = RATE_CLIENTS / SET_SIZE };

/*
 * A bucket is one number, the time at which it is full again.  A token costs ${cost} microseconds
 * of refilling.  A bucket that needs more than ${depth} to be full has no token left.
 */
struct rate_client {
    uint8_t key[16];
    int64_t full_at; /* microseconds; 0 if never used */
};

struct rate {
    pthread_mutex_t lock;
    uint64_t seed[2];
    int64_t cost;
    int64_t depth;
    struct rate_client sets[SETS][SET_SIZE];
};

struct rate *
rate_new(uint32_t per_minute, const struct random *random) {
    struct rate *r = calloc(1, sizeof(*r));
    if (r == NULL) return NULL;

    if (pthread_mutex_init(&r->lock, NULL) != 0) {
        free(r);
        return NULL;
    }

    random_fill(random, r->seed, sizeof(r->seed));
    r->cost = 60000000 / (int64_t)per_minute;
    r->depth = r->cost * (per_minute - 1);
    return r;
}

void
rate_free(struct rate *r) {
    if (r == NULL) return;
    (void)pthread_mutex_destroy(&r->lock);
    explicit_bzero(r, sizeof(*r)); /* addresses are private */
    free(r);
}

/* The set of ${key}.  Without the seed a client cannot choose the set that it falls into. */
static size_t
rate_set_of(const struct rate *r, const uint8_t key[static 16]) {
    uint64_t a, b;
    memcpy(&a, key, 8);
    memcpy(&b, key + 8, 8);
    unsigned __int128 m = (unsigned __int128)(a ^ r->seed[0]) * ((b ^ r->seed[1]) | 1);
    uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64) ^ r->seed[1];
    h = (h ^ h >> 32) * 0x9E3779B97F4A7C15U;
    return (size_t)(h >> 40) % SETS;
}

static struct rate_client *
rate_find_client(struct rate *r, const uint8_t key[static 16]) {
    struct rate_client *set = r->sets[rate_set_of(r, key)], *fullest = &set[0];

    for (size_t i = 0; i < SET_SIZE; i++) {
        if (set[i].full_at != 0 && memcmp(set[i].key, key, 16) == 0) return &set[i];
        if (set[i].full_at < fullest->full_at) fullest = &set[i];
    }

    /* It is new: replace the client that loses least. */
    memcpy(fullest->key, key, 16);
    fullest->full_at = 0;
    return fullest;
}

/* Set ${full_at} to when the bucket of ${c} is full, and return the wait in microseconds. */
static int64_t
rate_look(const struct rate *r, const struct rate_client *c, int64_t now, int64_t *full_at) {
    *full_at = c->full_at;
    if (*full_at < now) *full_at = now;
    if (*full_at - now <= r->depth) return 0;
    return *full_at - now - r->depth;
}

static uint32_t
rate_seconds(int64_t microseconds) {
    return (uint32_t)((microseconds + 999999) / 1000000);
}

uint32_t
rate_take(struct rate *r, const uint8_t key[static 16], int64_t now_ms) {
    int64_t full_at;
    if (r == NULL) return 0;

    (void)pthread_mutex_lock(&r->lock);
    struct rate_client *c = rate_find_client(r, key);
    int64_t wait = rate_look(r, c, now_ms * 1000, &full_at);
    if (wait == 0) full_at += r->cost;
    c->full_at = full_at;
    (void)pthread_mutex_unlock(&r->lock);

    return rate_seconds(wait);
}

uint32_t
rate_wait(struct rate *r, const uint8_t key[static 16], int64_t now_ms) {
    int64_t wait = 0, full_at;
    if (r == NULL) return 0;

    (void)pthread_mutex_lock(&r->lock);
    const struct rate_client *set = r->sets[rate_set_of(r, key)];
    for (size_t i = 0; i < SET_SIZE; i++)
        if (set[i].full_at != 0 && memcmp(set[i].key, key, 16) == 0)
            wait = rate_look(r, &set[i], now_ms * 1000, &full_at);
    (void)pthread_mutex_unlock(&r->lock);

    return rate_seconds(wait);
}
