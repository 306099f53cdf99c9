/* SPDX-License-Identifier: MIT */
/*
 * What the vault needs of a record store.  One table of functions a backend, one contract test
 * (tests/unit/store_contract.c) over all of them.  Every function may be called from any thread at
 * once and blocks until it is done.
 */
#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include "base/buf.h"
#include "vault/policy.h"
#include "vault/record.h"

/*
 * How a store addresses a record.  Stores on this machine use the SHA-256 of the id, so that no
 * full id is ever written down; DynamoDB uses the id itself, as pysecrets did.
 */
struct store_ref {
    uint8_t bytes[32];
    size_t len;
};

enum { STORE_DUE_MAX = 256 };

struct store;

struct store_ops {
    /* Fill ${out} with the address of the secret ${id}. */
    void (*ref)(struct store *s, const char *id, struct store_ref *out);

    /*
     * Put a new record; with CONTENT_INLINE ${content} goes with it, else ${content} is NULL.
     * Durable when it returns 1.  Returns 1 created; 0 that id is taken, nothing changed; ERR_FULL;
     * ERR_STORE; or ERR_UNKNOWN_OUTCOME.
     */
    int (*create)(struct store *s, const struct store_ref *ref, const struct record *r,
                  const struct buf *content);

    /*
     * Read consistently into ${out} (caller clears) and, where ${content} is not NULL and the
     * record has inline content, that into ${content} (empty, bound set by the caller).  No rules
     * are applied: what has expired is still returned.  Returns 1 found; 0 absent; or ERR_STORE.
     */
    int (*load)(struct store *s, const struct store_ref *ref, struct record *out,
                struct buf *content);

    /*
     * Apply ${c} by policy_apply() in one atomic, durable step; ${effect} tells what came of it,
     * and
     * ${after} (caller clears; may be NULL) is the record afterwards.  Returns 1 decided, see
     * effect->verdict; 0 no such record; ERR_STORE nothing happened; ERR_UNKNOWN_OUTCOME: repeat
     * with the same ${c} to learn it.
     */
    int (*change)(struct store *s, const struct store_ref *ref, const struct change *c,
                  struct effect *effect, struct record *after);

    /*
     * List up to ${max} records, at most STORE_DUE_MAX, whose policy_sweep_at() is at or before
     * ${now}, the longest due first.  Returns their number, or ERR_STORE.
     */
    int (*due)(struct store *s, int64_t now, struct store_ref *out, int max);

    /* Whether a record names ${blob} as its content: 1, 0, or ERR_STORE.  For blobs_ops.tidy. */
    int (*knows_blob)(struct store *s, const char *blob);

    /* After a sweep: make what was erased unreadable in files as well (SQLite truncates its WAL).
     */
    int (*scrub)(struct store *s);

    /* Bytes of content that the store keeps on this machine now; 0 where it keeps none here. */
    uint64_t (*usage)(struct store *s);

    /* 0 if the store answers, else ERR_STORE. */
    int (*ping)(struct store *s);

    /* Finish what runs, close and free.  NULL is allowed. */
    void (*close)(struct store *s);
};

/* Every backend's struct begins with this. */
struct store {
    const struct store_ops *ops;
    uint64_t inline_max; /* largest content that can go with a record; the rest goes to the blobs */
};

#endif
