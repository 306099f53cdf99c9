/* SPDX-License-Identifier: MIT */
#include "server/http/senders.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256, KEY_LEN = 16 };

struct sender {
    struct sender *next; /* in its bucket */
    uint8_t key[KEY_LEN];
    unsigned bodies;
    _Atomic int64_t deadline_ms;
};

struct senders {
    pthread_mutex_t lock; /* guards all but the deadlines */
    struct sender *buckets[BUCKETS];
};

struct senders *
senders_new(void) {
    struct senders *s = calloc(1, sizeof(*s));
    if (s != NULL) pthread_mutex_init(&s->lock, NULL);
    return s;
}

void
senders_free(struct senders *s) {
    if (s == NULL) return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* The link to the sender of ${key}, or to where it would be. */
static struct sender **
find_sender(struct senders *s, const uint8_t key[static KEY_LEN]) {
    unsigned sum = 0;
    for (int i = 0; i < KEY_LEN; i++)
        sum = sum * 31 + key[i];
    struct sender **at = &s->buckets[sum % BUCKETS];
    while (*at != NULL && memcmp((*at)->key, key, KEY_LEN) != 0)
        at = &(*at)->next;
    return at;
}

struct sender *
senders_join(struct senders *s, const struct http_address *client, int64_t now_ms) {
    uint8_t key[KEY_LEN];
    http_address_group(client, key);
    pthread_mutex_lock(&s->lock);
    struct sender **at = find_sender(s, key), *sender = *at;
    if (sender == NULL && (sender = calloc(1, sizeof(*sender))) != NULL) {
        memcpy(sender->key, key, KEY_LEN);
        atomic_init(&sender->deadline_ms, now_ms + SENDER_START_MS);
        *at = sender;
    }

    if (sender != NULL) sender->bodies++;
    pthread_mutex_unlock(&s->lock);
    return sender;
}

void
senders_leave(struct senders *s, struct sender *sender) {
    pthread_mutex_lock(&s->lock);
    if (--sender->bodies == 0) {
        *find_sender(s, sender->key) = sender->next;
        free(sender);
    }
    pthread_mutex_unlock(&s->lock);
}

void
sender_received(struct sender *sender, uint64_t bytes, int64_t now_ms) {
    int64_t before = atomic_load(&sender->deadline_ms), after = 0;
    do {
        after = before + (int64_t)(bytes / SENDER_BYTES_PER_MS);
        if (after > now_ms + SENDER_AHEAD_MS) after = now_ms + SENDER_AHEAD_MS;
    } while (!atomic_compare_exchange_weak(&sender->deadline_ms, &before, after));
}

bool
sender_is_late(const struct sender *sender, int64_t now_ms) {
    return now_ms >= atomic_load(&sender->deadline_ms);
}
