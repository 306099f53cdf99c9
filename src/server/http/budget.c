/* SPDX-License-Identifier: MIT */
#include "server/http/budget.h"

#include <pthread.h>

enum { BUCKETS = 1024, KEY_LEN = 16 };

/* What one client or one network holds; it exists while that is more than nothing. */
struct holding {
    struct holding *next; /* in its bucket */
    uint8_t key[KEY_LEN];
    size_t amount;
};

struct table {
    struct holding *buckets[BUCKETS];
};

struct budget {
    pthread_mutex_t lock; /* guards all below */
    struct budget_limits limits;
    size_t held;
    struct table clients, networks;
};

struct budget_limits
budget_unshared(size_t total) {
    const struct budget_share all = {.most = total, .scarce = total};
    return (struct budget_limits){.total = total, .client = all, .network = all};
}

struct budget *
budget_new(const struct budget_limits *limits) {
    struct budget *b = calloc(1, sizeof(*b));
    if (b == NULL) return NULL;
    pthread_mutex_init(&b->lock, NULL);
    b->limits = *limits;
    return b;
}

static void
free_table(struct table *t) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct holding *h = t->buckets[i], *next; h != NULL; h = next) {
            next = h->next;
            free(h);
        }
}

void
budget_free(struct budget *b) {
    if (b == NULL) return;
    free_table(&b->clients);
    free_table(&b->networks);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* The link to the holding of ${key}, or to where it would be. */
static struct holding **
find_holding(struct table *t, const uint8_t key[static KEY_LEN]) {
    unsigned sum = 0;
    for (int i = 0; i < KEY_LEN; i++)
        sum = sum * 31 + key[i];
    struct holding **at = &t->buckets[sum % BUCKETS];
    while (*at != NULL && memcmp((*at)->key, key, KEY_LEN) != 0)
        at = &(*at)->next;
    return at;
}

static bool
amount_fits(size_t held, size_t more, size_t limit) {
    return more <= limit && held <= limit - more;
}

static size_t
held_by(struct table *t, const uint8_t key[static KEY_LEN]) {
    const struct holding *h = *find_holding(t, key);
    return h != NULL ? h->amount : 0;
}

/* Whether one that holds ${held} may take ${more}; ${plenty}: half of the total is still free. */
static bool
share_allows(const struct budget_share *share, bool plenty, size_t held, size_t more) {
    return amount_fits(held, more, plenty ? share->most : share->scarce);
}

/* Whether ${who} may take ${more} by ${rule}. */
static bool
may_take(struct budget *b, const struct party *who, size_t more, enum budget_rule rule) {
    const struct budget_limits *l = &b->limits;
    bool plenty = amount_fits(b->held, more, l->total / 2);
    if (rule == BUDGET_FORCED) return true;
    if (!amount_fits(b->held, more, l->total)) return false;
    if (!share_allows(&l->network, plenty, held_by(&b->networks, who->network), more)) return false;
    return rule == BUDGET_NETWORK ||
           share_allows(&l->client, plenty, held_by(&b->clients, who->client), more);
}

/* Add ${amount} to what ${key} holds.  Returns false, without a change, if memory is short. */
static bool
add_amount(struct table *t, const uint8_t key[static KEY_LEN], size_t amount) {
    struct holding **at = find_holding(t, key);
    if (*at == NULL) {
        struct holding *h = calloc(1, sizeof(*h));
        if (h == NULL) return false;
        memcpy(h->key, key, KEY_LEN);
        *at = h;
    }
    (*at)->amount += amount;
    return true;
}

static void
remove_amount(struct table *t, const uint8_t key[static KEY_LEN], size_t amount) {
    struct holding **at = find_holding(t, key), *h = *at;
    h->amount -= amount;
    if (h->amount > 0) return;
    *at = h->next;
    free(h);
}

/* Take what ${to} is more than ${from}, as budget_take(). */
static bool
take_more(struct budget *b, const struct http_address *client, size_t from, size_t to,
          enum budget_rule rule) {
    bool taken = false;
    if (from <= b->limits.small) from = 0;
    if (to <= b->limits.small || to <= from) return true;
    size_t amount = to - from;

    const struct party who = http_address_party(client);
    pthread_mutex_lock(&b->lock);
    if (!may_take(b, &who, amount, rule)) goto out;

    /* Both, or none. */
    if (!add_amount(&b->clients, who.client, amount)) goto out;
    if (!add_amount(&b->networks, who.network, amount)) {
        remove_amount(&b->clients, who.client, amount);
        goto out;
    }
    b->held += amount;
    taken = true;
out:
    pthread_mutex_unlock(&b->lock);
    return taken;
}

bool
budget_take(struct budget *b, const struct http_address *client, size_t amount,
            enum budget_rule rule) {
    return take_more(b, client, 0, amount, rule);
}

bool
budget_grow(struct budget *b, const struct http_address *client, size_t from, size_t to) {
    return take_more(b, client, from, to, BUDGET_SHARES);
}

void
budget_shrink(struct budget *b, const struct http_address *client, size_t from, size_t to) {
    if (from <= b->limits.small) return;
    if (to <= b->limits.small) to = 0;
    if (from == to) return;

    const struct party who = http_address_party(client);
    pthread_mutex_lock(&b->lock);
    b->held -= from - to;
    remove_amount(&b->clients, who.client, from - to);
    remove_amount(&b->networks, who.network, from - to);
    pthread_mutex_unlock(&b->lock);
}

void
budget_give(struct budget *b, const struct http_address *client, size_t amount) {
    budget_shrink(b, client, amount, 0);
}
