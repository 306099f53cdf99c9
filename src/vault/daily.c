/* SPDX-License-Identifier: MIT */
#include "vault/daily.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { DAILY_HOUR = 3600, DAILY_HOURS = 24 };

struct daily {
    pthread_mutex_t lock; /* guards the members below */
    uint64_t limit;
    int64_t latest;              /* the latest hour seen */
    uint64_t taken[DAILY_HOURS]; /* by hour modulo DAILY_HOURS */
};

struct daily *
daily_new(uint64_t bytes) {
    struct daily *d = calloc(1, sizeof(*d));
    if (d == NULL) return NULL;
    (void)pthread_mutex_init(&d->lock, NULL);
    d->limit = bytes;
    return d;
}

void
daily_free(struct daily *d) {
    if (d == NULL) return;
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
}

/* Forget the hours that ended a day before ${hour}.  A clock that is set back forgets nothing. */
static void
advance_to(struct daily *d, int64_t hour) {
    if (hour >= d->latest + DAILY_HOURS) {
        memset(d->taken, 0, sizeof(d->taken));
        d->latest = hour;
    }
    while (d->latest < hour) {
        d->latest++;
        d->taken[d->latest % DAILY_HOURS] = 0;
    }
}

/* Returns the bytes of the 24 hours before ${now}.  The caller holds the lock. */
static uint64_t
sum_day(struct daily *d, int64_t now) {
    uint64_t sum = 0;
    advance_to(d, now / DAILY_HOUR);
    for (int i = 0; i < DAILY_HOURS; i++)
        sum += d->taken[i];
    return sum;
}

uint64_t
daily_limit(const struct daily *d) {
    return d->limit;
}

uint64_t
daily_taken(struct daily *d, int64_t now) {
    (void)pthread_mutex_lock(&d->lock);
    uint64_t sum = sum_day(d, now);
    (void)pthread_mutex_unlock(&d->lock);
    return sum;
}

int
daily_take(struct daily *d, uint64_t bytes, int64_t now) {
    int err = ERR_FULL;

    (void)pthread_mutex_lock(&d->lock);
    uint64_t sum = sum_day(d, now);
    if (sum <= d->limit && bytes <= d->limit - sum) {
        d->taken[d->latest % DAILY_HOURS] += bytes;
        err = 0;
    }
    (void)pthread_mutex_unlock(&d->lock);
    return err;
}

void
daily_return(struct daily *d, uint64_t bytes, int64_t now) {
    (void)pthread_mutex_lock(&d->lock);
    advance_to(d, now / DAILY_HOUR);

    /* From the newest hour on: a new one may have begun meanwhile. */
    for (int i = 0; i < DAILY_HOURS && bytes > 0; i++) {
        uint64_t *taken = &d->taken[(d->latest + DAILY_HOURS - i) % DAILY_HOURS];
        uint64_t part = bytes < *taken ? bytes : *taken;
        *taken -= part;
        bytes -= part;
    }
    (void)pthread_mutex_unlock(&d->lock);
}
