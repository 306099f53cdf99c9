/* SPDX-License-Identifier: MIT */
/*
 * What the vault needs of a record store.  One table of functions a backend, one contract test
 * (tests/unit/store_contract.c) over all of them.  Every function may be called from any thread at
 * once and blocks until it is done, or until the store's deadline has come: then it is ERR_STORE,
 * or ERR_UNKNOWN_OUTCOME if it had begun to write.
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
    /*
     * The time to decide by while the clock shows ${clock}: the later of the two, ${clock} and the
     * latest time this store was ever told.  Where a store can (SQLite), that mark is kept with the
     * data, so that a clock set back brings nothing to life again, not even over a restart.
     */
    int64_t (*now)(struct store *s, int64_t clock);

    /* Fill ${out} with the address of the secret ${id}. */
    void (*ref)(struct store *s, const char *id, struct store_ref *out);

    /*
     * Put a new record; with CONTENT_INLINE ${content} goes with it, else ${content} is NULL.
     * Durable when it returns 1.  Returns 1 created; 0 that id is taken, nothing changed; ERR_FULL;
     * ERR_NOMEM; ERR_STORE; or ERR_UNKNOWN_OUTCOME.
     */
    int (*create)(struct store *s, const struct store_ref *ref, const struct record *r,
                  const struct buf *content);

    /*
     * Read consistently into ${out} (caller clears) and, where ${content} is not NULL and the
     * record has inline content, that into ${content} (empty, bound set by the caller).  No rules
     * are applied: what has expired is still returned.  Record and content are of one moment: with
     * out->content CONTENT_INLINE the content is whole.  Returns 1 found; 0 absent; ERR_TOO_LARGE
     * if the content is above the bound of ${content}; ERR_NOMEM; or ERR_STORE.  On anything but 1
     * ${out} is zeroed.
     */
    int (*load)(struct store *s, const struct store_ref *ref, struct record *out,
                struct buf *content);

    /*
     * Apply ${c} by policy_apply(), at now(c->now), in one atomic step that is durable when it
     * returns; ${effect} tells what came of it, and ${after} (caller clears; may be NULL) is the
     * record afterwards, without its content; after a drop_record it is as it was last.  What
     * decides is read in that same step: nothing read earlier is trusted.  c->part_is_new is the
     * store's own affair: it keeps the set of parts registered with each record.
     *
     * Returns 1 decided, see effect->verdict; 0 no such record; ERR_NOMEM or ERR_STORE: nothing
     * happened; ERR_UNKNOWN_OUTCOME: it may have happened, or still happen.  The same ${c} again
     * gives the true answer where a lease's hash tells one's own write, and with a classic claim
     * where the store keeps its mark (DynamoDB).  On anything but 1 ${effect} and ${after} are
     * zeroed.
     */
    int (*change)(struct store *s, const struct store_ref *ref, const struct change *c,
                  struct effect *effect, struct record *after);

    /*
     * List up to ${max} records, at most STORE_DUE_MAX, whose policy_sweep_at() is at or before
     * ${now}, the longest due first and always in the same order, without the first ${skip} of
     * them.  Returns their number, ERR_NOMEM or ERR_STORE.
     */
    int (*due)(struct store *s, int64_t now, int skip, struct store_ref *out, int max);

    /*
     * Whether a record names ${blob} as its content, CONTENT_BLOBS or CONTENT_DOOMED: 1, 0, or
     * ERR_STORE.  For blobs_ops.tidy.
     */
    int (*knows_blob)(struct store *s, const char *blob);

    /* After a sweep: make what was erased unreadable in files as well (SQLite truncates
     * its WAL). */
    int (*scrub)(struct store *s);

    /* Bytes of content that the store keeps on this machine now; 0 where it keeps none here. */
    uint64_t (*usage)(struct store *s);

    /* 0 if the store answers; ERR_STUCK if a part of it in this process does not get on, which a
     * new process may; else ERR_STORE. */
    int (*ping)(struct store *s);

    /*
     * Whether a part of it in this process does not get on, which a new process may.  Asks no other
     * machine, and answers within the store's deadline.  NULL where nothing can hang but the way to
     * a service.
     */
    bool (*stuck)(struct store *s);

    /* Finish what runs, close and free.  NULL is allowed. */
    void (*close)(struct store *s);
};

/* Every backend's struct begins with this. */
struct store {
    const struct store_ops *ops;
    uint64_t inline_max; /* largest content that can go with a record; the rest goes to the blobs */
    /* Classic records are laid out as pysecrets has them: each classic file is the blob "ID.enc". */
    bool pysecrets_layout;
};

#endif
