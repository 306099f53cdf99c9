/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/turns.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum waiter_state { WAITER_WAITS, WAITER_ENTERS, WAITER_REFUSED };

/* One caller that waits.  It lives on the stack of that caller. */
struct waiter {
    struct waiter *next; /* in order of arrival */
    const struct party *client;
    uint64_t network_turn, client_turn; /* the lowest is next; the same for all of one */
    enum waiter_state state;
    pthread_cond_t call; /* the state has changed */
};

struct turns {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t gone;  /* a caller has gone */
    unsigned running_max, waiting_max;
    unsigned running, waiting;
    unsigned entering; /* in turns_enter() */
    uint64_t refused;
    uint64_t last_turn; /* the highest that was given */
    struct waiter *first;
    bool ending;
};

struct turns *
turns_new(unsigned running, unsigned waiting) {
    struct turns *t = calloc(1, sizeof(*t));
    if (t == NULL) return NULL;

    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->gone, NULL);
    t->running_max = running;
    t->waiting_max = waiting;
    return t;
}

static bool
is_same_network(const struct party *a, const struct party *b) {
    return memcmp(a->network, b->network, sizeof(a->network)) == 0;
}

static bool
is_same_client(const struct party *a, const struct party *b) {
    return is_same_network(a, b) && memcmp(a->client, b->client, sizeof(a->client)) == 0;
}

/* Whether ${client} may take one more place in the queue.  The lock is held. */
static bool
has_place(const struct turns *t, const struct party *client) {
    unsigned of_network = 0, of_client = 0;
    if (t->waiting == t->waiting_max) return false;

    for (const struct waiter *w = t->first; w != NULL; w = w->next) {
        if (is_same_network(w->client, client)) of_network++;
        if (is_same_client(w->client, client)) of_client++;
    }

    /* What the network takes leaves as much free.  The first place is always there. */
    unsigned share = (t->waiting_max - (t->waiting - of_network)) / 2;
    if (share == 0) share = 1;
    if (of_network >= share) return false;

    /* So does the client, within its network. */
    return of_client == 0 || of_client < (share - (of_network - of_client)) / 2;
}

/*
 * Append ${w} to the queue.  Its client goes on with the turn that it has, and so does its network.
 * One that has none is the last to have its turn.  The lock is held.
 */
static void
add_waiter(struct turns *t, struct waiter *w) {
    struct waiter **end = &t->first;
    w->network_turn = w->client_turn = ++t->last_turn;

    for (; *end != NULL; end = &(*end)->next) {
        if (is_same_network((*end)->client, w->client)) w->network_turn = (*end)->network_turn;
        if (is_same_client((*end)->client, w->client)) w->client_turn = (*end)->client_turn;
    }

    w->next = NULL;
    *end = w;
    t->waiting++;
}

/* Whether the turn of ${a} comes before that of ${b}, which has waited for longer. */
static bool
is_before(const struct waiter *a, const struct waiter *b) {
    if (a->network_turn != b->network_turn) return a->network_turn < b->network_turn;
    return a->client_turn < b->client_turn;
}

/* Take the waiter whose turn it is out of the queue, which is not empty.  The lock is held. */
static struct waiter *
take_waiter(struct turns *t) {
    struct waiter **best = &t->first;
    for (struct waiter **at = &t->first->next; *at != NULL; at = &(*at)->next)
        if (is_before(*at, *best)) best = at;

    struct waiter *taken = *best;
    *best = taken->next;
    t->waiting--;

    /* Its network, and its client within that, have had their turn. */
    uint64_t turn = ++t->last_turn;
    for (struct waiter *w = t->first; w != NULL; w = w->next) {
        if (is_same_network(w->client, taken->client)) w->network_turn = turn;
        if (is_same_client(w->client, taken->client)) w->client_turn = turn;
    }
    return taken;
}

static void
call_waiter(struct waiter *w, enum waiter_state state) {
    w->state = state;
    (void)pthread_cond_signal(&w->call);
}

/* Wait in the queue.  Returns 0 or ERR_BUSY.  The lock is held. */
static int
wait_for_turn(struct turns *t, const struct party *client) {
    struct waiter w = {.client = client, .state = WAITER_WAITS};
    if (!has_place(t, client)) return ERR_BUSY;

    (void)pthread_cond_init(&w.call, NULL);
    add_waiter(t, &w);
    while (w.state == WAITER_WAITS)
        (void)pthread_cond_wait(&w.call, &t->lock);
    (void)pthread_cond_destroy(&w.call);
    return w.state == WAITER_ENTERS ? 0 : ERR_BUSY;
}

int
turns_enter(struct turns *t, const struct party *client) {
    int err = 0;

    (void)pthread_mutex_lock(&t->lock);
    t->entering++;
    if (t->ending) err = ERR_BUSY;
    else if (t->running < t->running_max) t->running++;
    else err = wait_for_turn(t, client);

    if (err != 0) t->refused++;
    t->entering--;
    if (t->ending) (void)pthread_cond_signal(&t->gone);
    (void)pthread_mutex_unlock(&t->lock);
    return err;
}

void
turns_leave(struct turns *t) {
    (void)pthread_mutex_lock(&t->lock);
    /* The next one takes over the place of this one, so that nobody comes between. */
    if (t->first != NULL) call_waiter(take_waiter(t), WAITER_ENTERS);
    else t->running--;

    if (t->ending) (void)pthread_cond_signal(&t->gone);
    (void)pthread_mutex_unlock(&t->lock);
}

struct turns_load
turns_load(struct turns *t) {
    (void)pthread_mutex_lock(&t->lock);
    struct turns_load load = {t->running, t->waiting, t->refused};
    (void)pthread_mutex_unlock(&t->lock);
    return load;
}

void
turns_free(struct turns *t) {
    if (t == NULL) return;

    (void)pthread_mutex_lock(&t->lock);
    t->ending = true;
    while (t->first != NULL)
        call_waiter(take_waiter(t), WAITER_REFUSED);
    while (t->running > 0 || t->entering > 0)
        (void)pthread_cond_wait(&t->gone, &t->lock);
    (void)pthread_mutex_unlock(&t->lock);

    (void)pthread_cond_destroy(&t->gone);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}
