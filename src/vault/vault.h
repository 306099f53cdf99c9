/* SPDX-License-Identifier: MIT */
/*
 * The vault creates, opens, burns and deletes secrets by the rules of policy.h, over a record store
 * and a blob store.  See classic.h and sealed.h for the two kinds of secrets.
 *
 * Every function blocks until its outcome is durable, unless stated otherwise.  Any thread may call
 * any function at any time, unless stated otherwise.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "vault/blobs.h"
#include "vault/daily.h"
#include "vault/store.h"

/* The stores: of records with their inline content, and of blobs. */
enum vault_place { VAULT_RECORDS, VAULT_BLOBS, VAULT_PLACES };

/* Bytes that a new secret, or a part, counts for in each store. */
struct vault_charge {
    uint64_t bytes[VAULT_PLACES];
};

struct vault_limits {
    uint64_t quota;            /* bytes in the local stores; 0: unlimited */
    struct daily *daily;       /* bytes sent to the remote stores in a day; NULL: unlimited */
    bool remote[VAULT_PLACES]; /* whether the store is remote: it counts in daily, not in quota */
    uint32_t part_size;        /* bytes, of new uploads: 64 KiB to 4 MiB */
    int sweep_ms;              /* time limit of a sweep; 0: none */
};

/*
 * The caller sets the members up to wake_ctx and zeroes the rest.  The vault owns none of them: the
 * stores must outlive it.
 */
struct vault {
    struct store *store;
    struct blobs *blobs;
    struct clock clock;
    struct random random;
    struct vault_limits limits;

    /*
     * Set by a program that sweeps on a thread of its own, else NULL.  Called when a change has
     * made content in the blob store unreadable that nobody has asked to erase: the next
     * vault_sweep_due() erases it.  Must not block.
     */
    void (*wake_sweep)(void *ctx);
    void *wake_ctx;

    atomic_uint creating;            /* creates between their first blob and their record */
    atomic_uint_fast64_t quota_held; /* bytes in flight: passed the quota, not stored yet */
    atomic_bool untidy;              /* orphaned blobs may exist: the next sweep tidies */
    atomic_bool ending;              /* vault_end_sweeps() was called */
    int sweep_skip; /* due records that the last sweep could not finish; sweeper only */

    /* For the metrics. */
    atomic_uint_fast64_t views_claimed;
    atomic_uint_fast64_t erased;
    atomic_uint_fast64_t store_errors;
};

struct vault_sweep_result {
    int records; /* looked at */
    int erased;  /* whose content was erased */
    int errors;
    bool more; /* the time limit or the number of records ended the sweep */
};

/*
 * Erase and delete what is due, in batches, until everything due or ${max} records were visited or
 * the time limit is reached.  The record visited at that moment is finished.  A record that fails
 * stays due but never delays others, in this sweep or the next.  One sweep at a time.  Returns 0
 * with ${out} filled, or the first negative code after all other work was done.
 */
MUST_CHECK
int vault_sweep_due(struct vault *v, int max, struct vault_sweep_result *out);

/* The same, then tidy if an erase has failed since the last tidy, and scrub. */
MUST_CHECK
int vault_sweep(struct vault *v, int max, struct vault_sweep_result *out);

/* End the running sweep, and every later one, after its current record. */
void vault_end_sweeps(struct vault *v);

/*
 * Remove what a crash or a failed erase left in the blob store.  Called at start, possibly while
 * requests run.  Returns 0 or ERR_STORE.
 */
MUST_CHECK
int vault_tidy(struct vault *v);

/*
 * What a secret of ${views} views counts for, with ${size} bytes of ${content} (CONTENT_INLINE or
 * CONTENT_BLOBS) and a wrap of ${wrap_len} bytes.
 */
struct vault_charge vault_charge(int views, enum record_content content, uint64_t size,
                                 size_t wrap_len);

/* Whether ${result} of a create or of a put says that bytes were, or may have been, stored. */
static inline bool
vault_stored(int result) {
    return result == 1 || result == ERR_UNKNOWN_OUTCOME;
}

/* Whether the store can create and open without blocking (store_ops.create_later). */
bool vault_has_later(const struct vault *v);

/* Abandon ${l}, as store_ops.abandon does. */
MUST_CHECK
bool vault_abandon(struct vault *v, struct store_later *l);

/* The time that decisions use: the clock, but never earlier than a time the store has seen. */
int64_t vault_now(struct vault *v);

enum { VAULT_BEHIND_MAX = 5 * 60 /* seconds */ };

/*
 * By how many seconds the clock is behind vault_now(), if that is more than VAULT_BEHIND_MAX, else
 * 0.  The clock was once ahead.  A new secret would live longer than its sender asked.
 */
int64_t vault_clock_behind(struct vault *v);

/*
 * Check that ${bytes} more in ${place} fit under the quota.  Holds nothing: create and put_part
 * check again.  Returns 0, always if ${place} is remote; or ERR_FULL.
 */
MUST_CHECK
int vault_has_room(struct vault *v, enum vault_place place, uint64_t bytes);

/* Bytes that count in the quota: records, content, and what is in flight. */
uint64_t vault_usage(struct vault *v);

/* Check both stores.  Returns 0 if they respond, else ERR_STUCK or ERR_STORE as in store.h. */
MUST_CHECK
int vault_ping(struct vault *v);

/* Whether a thread of either store is stuck, as in store.h.  Contacts no other machine. */
bool vault_stuck(struct vault *v);

#endif
