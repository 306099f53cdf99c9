/* SPDX-License-Identifier: MIT */
#include "api/upload_limits.h"

#include <pthread.h>

#include "crypto/token.h"
#include "vault/policy.h"

struct upload {
    uint64_t ticket; /* 0: the entry is free */
    uint8_t client[16];
    uint8_t id_hash[TOKEN_HASH_LEN]; /* SHA-256 of the id of the secret */
    struct store_ref ref;
    int64_t touched_ms; /* time of its newest part */
    int64_t ends_ms;
};

struct upload_limits {
    pthread_mutex_t lock;
    uint64_t last_ticket;
    int each; /* most uploads of one client */
    struct upload list[UPLOAD_LIMITS_TRACKED];
};

struct upload_limits *
upload_limits_new(int each) {
    struct upload_limits *u = calloc(1, sizeof(*u));
    if (u != NULL) u->each = each;
    if (u != NULL && pthread_mutex_init(&u->lock, NULL) != 0) {
        free(u);
        u = NULL;
    }
    return u;
}

void
upload_limits_free(struct upload_limits *u) {
    if (u == NULL) return;
    (void)pthread_mutex_destroy(&u->lock);
    explicit_bzero(u, sizeof(*u));
    free(u);
}

/* Free the entry ${up} if its upload has ended by time. */
static void
free_if_ended(struct upload *up, int64_t now_ms) {
    if (up->ends_ms <= now_ms || up->touched_ms + POLICY_UPLOAD_IDLE * INT64_C(1000) <= now_ms)
        *up = (struct upload){0};
}

uint64_t
upload_limits_begin(struct upload_limits *u, const uint8_t key[static 16], int64_t ttl,
                    int64_t now_ms) {
    struct upload *place = &u->list[0], *stalest = NULL;
    uint64_t ticket = 0;
    int mine = 0;
    if (ttl > POLICY_UPLOAD_LIFE) ttl = POLICY_UPLOAD_LIFE;

    /* Count those of the client, and find its stalest one, and a free entry or else the stalest. */
    (void)pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < UPLOAD_LIMITS_TRACKED; i++) {
        struct upload *up = &u->list[i];
        if (up->ticket != 0) free_if_ended(up, now_ms);
        if (up->ticket != 0 && memcmp(up->client, key, 16) == 0) {
            mine++;
            if (stalest == NULL || up->touched_ms < stalest->touched_ms) stalest = up;
        }
        if (place->ticket != 0 && (up->ticket == 0 || up->touched_ms < place->touched_ms))
            place = up;
    }

    bool full = mine >= u->each;
    if (full && stalest->touched_ms + UPLOAD_LIMITS_IDLE * INT64_C(1000) <= now_ms) {
        place = stalest;
        full = false;
    }

    if (!full) {
        ticket = ++u->last_ticket;
        *place =
            (struct upload){.ticket = ticket, .touched_ms = now_ms, .ends_ms = now_ms + ttl * 1000};
        memcpy(place->client, key, 16);
    }

    (void)pthread_mutex_unlock(&u->lock);
    return ticket;
}

static struct upload *
find_upload_by_ticket(struct upload_limits *u, uint64_t ticket) {
    for (size_t i = 0; i < UPLOAD_LIMITS_TRACKED; i++)
        if (u->list[i].ticket == ticket) return &u->list[i];
    return NULL;
}

static struct upload *
find_upload_by_id(struct upload_limits *u, const uint8_t id_hash[static TOKEN_HASH_LEN]) {
    for (size_t i = 0; i < UPLOAD_LIMITS_TRACKED; i++)
        if (u->list[i].ticket != 0 && memcmp(u->list[i].id_hash, id_hash, TOKEN_HASH_LEN) == 0)
            return &u->list[i];
    return NULL;
}

void
upload_limits_name(struct upload_limits *u, uint64_t ticket, const char *id,
                   const struct store_ref *ref) {
    uint8_t hash[TOKEN_HASH_LEN];

    token_hash(id, strlen(id), hash);
    (void)pthread_mutex_lock(&u->lock);
    struct upload *up = find_upload_by_ticket(u, ticket);
    if (up != NULL) {
        memcpy(up->id_hash, hash, sizeof(hash));
        up->ref = *ref;
    }
    (void)pthread_mutex_unlock(&u->lock);
}

void
upload_limits_cancel(struct upload_limits *u, uint64_t ticket) {
    (void)pthread_mutex_lock(&u->lock);
    struct upload *up = find_upload_by_ticket(u, ticket);
    if (up != NULL) *up = (struct upload){0};
    (void)pthread_mutex_unlock(&u->lock);
}

void
upload_limits_touch(struct upload_limits *u, const char *id, int64_t now_ms) {
    uint8_t hash[TOKEN_HASH_LEN];

    token_hash(id, strlen(id), hash);
    (void)pthread_mutex_lock(&u->lock);
    struct upload *up = find_upload_by_id(u, hash);
    if (up != NULL) up->touched_ms = now_ms;
    (void)pthread_mutex_unlock(&u->lock);
}

void
upload_limits_end(struct upload_limits *u, const char *id) {
    uint8_t hash[TOKEN_HASH_LEN];

    token_hash(id, strlen(id), hash);
    (void)pthread_mutex_lock(&u->lock);
    struct upload *up = find_upload_by_id(u, hash);
    if (up != NULL) *up = (struct upload){0};
    (void)pthread_mutex_unlock(&u->lock);
}

size_t
upload_limits_list(struct upload_limits *u, const uint8_t key[static 16],
                   struct upload_limits_begun out[static UPLOAD_LIMITS_MAX]) {
    size_t n = 0;
    (void)pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < UPLOAD_LIMITS_TRACKED && n < UPLOAD_LIMITS_MAX; i++) {
        const struct upload *up = &u->list[i];
        if (up->ticket != 0 && memcmp(up->client, key, 16) == 0)
            out[n++] = (struct upload_limits_begun){up->ticket, up->ref};
    }
    (void)pthread_mutex_unlock(&u->lock);
    return n;
}
