/* SPDX-License-Identifier: MIT */
/*
 * Events: what happened to secrets, for the operator of a server (docs/FORMAT.md, "Events").  Each
 * row has the hash of the row before it, so that a log which is kept elsewhere can be compared.
 * All functions are pure.
 */
#ifndef CRYPTO_EVENT_EVENT_H
#define CRYPTO_EVENT_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/token.h"

/* X(NAME, number, "wire name") */
#define EVENT_LIST(X)                                                                              \
    X(STARTED, 1, "started")     /* the writing of events began */                                 \
    X(STOPPED, 2, "stopped")     /* the writing of events ended in order */                        \
    X(CREATED, 3, "created")     /* a secret was stored, or its upload began */                    \
    X(OPENED, 4, "opened")       /* a view was taken */                                            \
    X(CONFIRMED, 5, "confirmed") /* an opener has received the content */                          \
    X(USED_UP, 6, "used_up")     /* the last view was taken */                                     \
    X(BURNT, 7, "burnt")         /* destroyed by its sender or by an opener */                     \
    X(LOCKED, 8, "locked")       /* too many wrong passphrases */                                  \
    X(REMOVED, 9, "removed")     /* taken down by the operator */                                  \
    X(EXPIRED, 10, "expired")    /* its time ended with views left */

enum event_kind {
#define X(name, number, wire) EVENT_##name = (number),
    EVENT_LIST(X)
#undef X
};

enum {
    EVENT_REF_LEN = 8,   /* bytes of the SHA-256 of an id */
    EVENT_BY_MAX = 255,  /* bytes of the name of a creator */
    EVENT_HASH_LEN = 32, /* SHA-256 */
};

struct event {
    int64_t number; /* from 1 on, without gaps as they are written */
    int64_t at;     /* seconds since 1970-01-01 UTC */
    enum event_kind kind;
    uint8_t ref[EVENT_REF_LEN]; /* of the id; zeros for STARTED and STOPPED */
    char by[EVENT_BY_MAX + 1];  /* who created the secret; "" if that is unknown */
    uint8_t hash[EVENT_HASH_LEN];
};

/* The wire name of ${kind}, or NULL if there is no such kind. */
const char *event_name(enum event_kind kind);

/* The kind with the wire name ${name}, or 0. */
int event_kind_of(const char *name);

/* Whether events of ${kind} are about a secret, and so have a ref. */
bool event_has_ref(enum event_kind kind);

/* Set e->hash to that of ${e}, all of whose other members are set, after a row with the hash
 * ${previous}, which is zeros for the first row of a chain. */
void event_seal(struct event *e, const uint8_t previous[static EVENT_HASH_LEN]);

/* Whether ${e} has the hash that it must have after a row with the hash ${previous}. */
bool event_follows(const struct event *e, const uint8_t previous[static EVENT_HASH_LEN]);

#endif
