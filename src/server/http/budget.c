/* SPDX-License-Identifier: MIT */
#include "server/http/budget.h"

#include <pthread.h>

enum { BUCKETS = 1024, KEY_LEN = 16 };

/* What one client holds; it exists while that is more than nothing. */
struct holding {
    struct holding *next; /* in its bucket */
    uint8_t key[KEY_LEN];
    size_t amount;
};

struct budget {
    pthread_mutex_t lock; /* guards all below */
    struct budget_limits limits;
    size_t held;
    struct holding *buckets[BUCKETS];
};

struct budget *
budget_new(const struct budget_limits *limits) {
    struct budget *b = calloc(1, sizeof(*b));
    if (b == NULL) return NULL;
    pthread_mutex_init(&b->lock, NULL);
    b->limits = *limits;
    return b;
}

void
budget_free(struct budget *b) {
    if (b == NULL) return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct holding *h = b->buckets[i], *next; h != NULL; h = next) {
            next = h->next;
            free(h);
        }
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* The link to the holding of ${key}, or to where it would be. */
static struct holding **
find_holding(struct budget *b, const uint8_t key[static KEY_LEN]) {
    unsigned sum = 0;
    for (int i = 0; i < KEY_LEN; i++)
        sum = sum * 31 + key[i];
    struct holding **at = &b->buckets[sum % BUCKETS];
    while (*at != NULL && memcmp((*at)->key, key, KEY_LEN) != 0)
        at = &(*at)->next;
    return at;
}

static void
make_key(const struct budget *b, const struct http_address *client, uint8_t key[static KEY_LEN]) {
    if (b->limits.networks) http_address_network(client, key);
    else http_address_group(client, key);
}

static bool
amount_fits(size_t held, size_t more, size_t limit) {
    return more <= limit && held <= limit - more;
}

/* Whether a client that holds ${held} may take ${more}. */
static bool
client_may_take(const struct budget *b, size_t held, size_t more) {
    const struct budget_limits *l = &b->limits;
    size_t share = l->scarce;
    if (amount_fits(b->held, more, l->total / 2)) share = l->share;
    return amount_fits(b->held, more, l->total) && amount_fits(held, more, share);
}

/* Take what ${to} is more than ${from}, as budget_take(). */
static bool
take_more(struct budget *b, const struct http_address *client, size_t from, size_t to,
          bool forced) {
    uint8_t key[KEY_LEN];
    bool taken = false;
    if (from <= b->limits.small) from = 0;
    if (to <= b->limits.small || to <= from) return true;
    size_t amount = to - from;

    make_key(b, client, key);
    pthread_mutex_lock(&b->lock);
    struct holding **at = find_holding(b, key), *h = *at;
    size_t held = h != NULL ? h->amount : 0;
    if (!forced && !client_may_take(b, held, amount)) goto out;

    /* The first amount of this client. */
    if (h == NULL) {
        if ((h = calloc(1, sizeof(*h))) == NULL) goto out;
        memcpy(h->key, key, KEY_LEN);
        *at = h;
    }

    h->amount += amount;
    b->held += amount;
    taken = true;
out:
    pthread_mutex_unlock(&b->lock);
    return taken;
}

bool
budget_take(struct budget *b, const struct http_address *client, size_t amount, bool forced) {
    return take_more(b, client, 0, amount, forced);
}

bool
budget_grow(struct budget *b, const struct http_address *client, size_t from, size_t to) {
    return take_more(b, client, from, to, false);
}

void
budget_shrink(struct budget *b, const struct http_address *client, size_t from, size_t to) {
    uint8_t key[KEY_LEN];
    if (from <= b->limits.small) return;
    if (to <= b->limits.small) to = 0;

    make_key(b, client, key);
    pthread_mutex_lock(&b->lock);
    struct holding **at = find_holding(b, key), *h = *at;
    b->held -= from - to;
    h->amount -= from - to;
    if (h->amount == 0) {
        *at = h->next;
        free(h);
    }
    pthread_mutex_unlock(&b->lock);
}

void
budget_give(struct budget *b, const struct http_address *client, size_t amount) {
    budget_shrink(b, client, amount, 0);
}
