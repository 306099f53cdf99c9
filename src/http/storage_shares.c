/* SPDX-License-Identifier: MIT */
#include "http/storage_shares.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

/* ${bytes} at ${since}, which drain evenly until ${ends}. */
struct account {
    uint8_t key[16];
    double bytes;
    int64_t since, ends; /* seconds; ends 0 for an entry never used */
};

struct storage_shares {
    pthread_mutex_t lock;
    struct account list[STORAGE_SHARES_NETWORKS];
};

struct storage_shares *
storage_shares_new(void) {
    struct storage_shares *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;

    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

void
storage_shares_free(struct storage_shares *s) {
    if (s == NULL) return;
    (void)pthread_mutex_destroy(&s->lock);
    explicit_bzero(s, sizeof(*s)); /* addresses are private */
    free(s);
}

/* What is left in ${a} at ${now}, in bytes. */
static double
account_bytes(const struct account *a, int64_t now) {
    if (now >= a->ends) return 0;
    if (now <= a->since) return a->bytes;
    return a->bytes * (double)(a->ends - now) / (double)(a->ends - a->since);
}

/* The account of ${key}, or NULL. */
static struct account *
look_up_account(struct storage_shares *s, const uint8_t key[static 16]) {
    for (size_t i = 0; i < STORAGE_SHARES_NETWORKS; i++) {
        struct account *a = &s->list[i];
        if (a->ends != 0 && memcmp(a->key, key, sizeof(a->key)) == 0) return a;
    }
    return NULL;
}

/* Make an empty account of ${key} in place of the smallest one. */
static struct account *
replace_smallest(struct storage_shares *s, const uint8_t key[static 16], int64_t now) {
    struct account *smallest = &s->list[0];
    double least = account_bytes(smallest, now);

    for (size_t i = 1; i < STORAGE_SHARES_NETWORKS && least > 0; i++) {
        double bytes = account_bytes(&s->list[i], now);
        if (bytes >= least) continue;
        smallest = &s->list[i];
        least = bytes;
    }

    *smallest = (struct account){.since = now, .ends = now};
    memcpy(smallest->key, key, sizeof(smallest->key));
    return smallest;
}

/* Set ${a} to ${bytes} at ${now} that last ${seconds} more. */
static void
set_account(struct account *a, double bytes, int64_t now, int64_t seconds) {
    a->bytes = bytes;
    a->since = now;
    a->ends = now + seconds + 1;
}

/* Whether a network that holds ${held} bytes may store ${bytes} more. */
static bool
is_within_share(double held, uint64_t bytes, struct storage_level level) {
    double used = (double)level.used, more = (double)bytes;
    double free_after = (double)level.quota - used - more;
    if (held > used) held = used;
    return held + more <= free_after / 2;
}

int
storage_shares_take(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                    int64_t ttl, struct storage_level level, int64_t now) {
    int err = ERR_FULL;
    if (level.quota == 0) return 0;

    (void)pthread_mutex_lock(&s->lock);
    struct account *a = look_up_account(s, key);
    double held = a != NULL ? account_bytes(a, now) : 0, more = (double)bytes;
    if (is_within_share(held, bytes, level)) {
        if (a == NULL) a = replace_smallest(s, key, now);

        /* Old and new bytes drain together, over the average of their remaining lifetimes. */
        double left = held > 0 ? (double)(a->ends - now) : 0;
        double total = held + more;
        double seconds = total > 0 ? (held * left + more * (double)ttl) / total : 0;
        set_account(a, total, now, (int64_t)seconds);
        err = 0;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return err;
}

int
storage_shares_check(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                     struct storage_level level, int64_t now) {
    double held = 0;
    if (level.quota == 0) return 0;

    (void)pthread_mutex_lock(&s->lock);
    const struct account *a = look_up_account(s, key);
    if (a != NULL) held = account_bytes(a, now);
    (void)pthread_mutex_unlock(&s->lock);

    if (!is_within_share(held, bytes, level)) return ERR_FULL;
    return 0;
}

void
storage_shares_return(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                      int64_t ttl, int64_t now) {
    (void)pthread_mutex_lock(&s->lock);
    struct account *a = look_up_account(s, key);
    double less = (double)bytes, held = 0;
    if (a == NULL) goto out; /* replaced meanwhile */

    held = account_bytes(a, now);
    if (held > less) {
        /* The opposite of storage_shares_take(), or a short charge that is taken and returned again
         * and again would shorten the others. */
        double left = (double)(a->ends - now);
        double seconds = (held * left - less * (double)ttl) / (held - less);
        set_account(a, held - less, now, seconds > 0 ? (int64_t)seconds : 0);
    } else {
        set_account(a, 0, now, 0);
    }
out:
    (void)pthread_mutex_unlock(&s->lock);
}

/* Insert ${bytes} into the ${max} numbers at ${out}, the largest first. */
static void
insert_largest(uint64_t bytes, uint64_t *out, int max) {
    for (int i = 0; i < max; i++) {
        uint64_t smaller = out[i];
        if (smaller >= bytes) continue;
        out[i] = bytes;
        bytes = smaller;
    }
}

int
storage_shares_largest(struct storage_shares *s, int64_t now, uint64_t *out, int max) {
    int networks = 0;
    memset(out, 0, (size_t)max * sizeof(*out));

    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < STORAGE_SHARES_NETWORKS; i++) {
        double bytes = account_bytes(&s->list[i], now);
        if (bytes < 1) continue;
        networks++;
        insert_largest((uint64_t)bytes, out, max);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return networks;
}
