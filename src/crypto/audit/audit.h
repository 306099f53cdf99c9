/* SPDX-License-Identifier: MIT */
/*
 * Events: what happened to secrets and requests, for the operator of a server (docs/FORMAT.md,
 * "Events").  Each row has the hash of the row before it, so that a log which is kept elsewhere can
 * be compared.  All functions are pure.
 */
#ifndef CRYPTO_AUDIT_AUDIT_H
#define CRYPTO_AUDIT_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/token.h"

/* X(NAME, number, "wire name") */
#define AUDIT_KIND_LIST(X)                                                                         \
    X(STARTED, 1, "started")     /* the writing of events began */                                 \
    X(STOPPED, 2, "stopped")     /* the writing of events ended in order */                        \
    X(CREATED, 3, "created")     /* a secret was stored, or its upload began */                    \
    X(OPENED, 4, "opened")       /* a view was taken */                                            \
    X(CONFIRMED, 5, "confirmed") /* an opener has received the content */                          \
    X(USED_UP, 6, "used_up")     /* the last view was taken */                                     \
    X(BURNT, 7, "burnt")         /* destroyed by its sender or by an opener */                     \
    X(LOCKED, 8, "locked")       /* too many wrong passphrases */                                  \
    X(REMOVED, 9, "removed")     /* taken down by the operator */                                  \
    X(EXPIRED, 10, "expired")    /* its time ended with views left */                              \
    X(ASKED, 11, "asked")        /* a request was stored */                                        \
    X(ANSWERED, 12, "answered")  /* a request has another answer */

enum audit_kind {
#define X(name, number, wire) AUDIT_##name = (number),
    AUDIT_KIND_LIST(X)
#undef X
};

enum {
    AUDIT_REF_LEN = 8,   /* bytes of the SHA-256 of an id */
    AUDIT_BY_MAX = 255,  /* bytes of the name of a creator */
    AUDIT_HASH_LEN = 32, /* SHA-256 */
};

struct audit_event {
    int64_t number; /* from 1 on, without gaps as they are written */
    int64_t at;     /* seconds since 1970-01-01 UTC */
    enum audit_kind kind;
    uint8_t ref[AUDIT_REF_LEN]; /* of the id; zeros for STARTED and STOPPED */
    char by[AUDIT_BY_MAX + 1];  /* who created, asked or opened; "" if unknown */
    uint8_t hash[AUDIT_HASH_LEN];
};

/* The wire name of ${kind}, or NULL if there is no such kind. */
const char *audit_name(enum audit_kind kind);

/* The kind with the wire name ${name}, or 0. */
int audit_kind_of(const char *name);

/* Whether events of ${kind} are about a secret, and so have a ref. */
bool audit_has_ref(enum audit_kind kind);

/* Set e->hash to that of ${e}, all of whose other members are set, after a row with the hash
 * ${previous}, which is zeros for the first row of a chain. */
void audit_seal(struct audit_event *e, const uint8_t previous[static AUDIT_HASH_LEN]);

/* Whether ${e} has the hash that it must have after a row with the hash ${previous}. */
bool audit_follows(const struct audit_event *e, const uint8_t previous[static AUDIT_HASH_LEN]);

#endif
