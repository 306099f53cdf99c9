/* SPDX-License-Identifier: MIT */
/*
 * The vault: creates, opens, burns and forgets secrets by the rules of policy.h over a record store
 * and a blob store.  What one kind of secret needs stands in a file of its own: vault_classic.h and
 * vault_sealed.h.  Every function blocks until its outcome is durable, and may be called from any
 * thread at once.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/random.h"
#include "vault/blobs.h"
#include "vault/store.h"

struct vault_limits {
    uint64_t quota;     /* bytes kept on this machine; 0 means no bound */
    uint32_t part_size; /* of new uploads, 64 KiB .. 4 MiB */
    int sweep_ms;       /* after which a sweep ends; 0 means no bound */
};

/*
 * The vault owns nothing of this but its counters: stores, clock and randomness outlive it.  Set
 * the first five members and zero the rest.
 */
struct vault {
    struct store *store;
    struct blobs *blobs;
    struct clock clock;
    struct random random;
    struct vault_limits limits;

    atomic_uint creating;            /* creates between their first blob and their record */
    atomic_uint_fast64_t quota_held; /* bytes that pass the quota now and are not stored yet */
    atomic_bool untidy; /* blobs that no record names may be there: the next sweep tidies */
    atomic_bool ending; /* sweeps end */
    int sweep_skip;     /* due records that the last sweep left behind it; the sweeper's own */

    /* For the metrics. */
    atomic_uint_fast64_t views_claimed;
    atomic_uint_fast64_t erased;
    atomic_uint_fast64_t store_errors;
};

struct vault_sweep_result {
    int records; /* looked at */
    int erased;  /* whose content was erased */
    int errors;
};

/*
 * Erase and forget what is due now, in batches, until all that is due or ${max} records were looked
 * at, or the time for a sweep is over; one that fails stays due and keeps no other waiting, in the
 * next sweep neither.  Then tidy if an erase failed since the last time, and scrub.  The record
 * that is looked at when the time is over is finished.  Never two at a time.  Returns 0 and fills
 * ${out}, or the first ERR_STORE after doing what could be done.
 */
MUST_CHECK
int vault_sweep(struct vault *v, int max, struct vault_sweep_result *out);

/* Let a sweep that runs, and each one after it, end after the record that it is at.  Any thread. */
void vault_end_sweeps(struct vault *v);

/*
 * Remove what a crash or a failed erase left in the blob store.  Call at start; requests may
 * run beside it.  Returns 0 or ERR_STORE.
 */
MUST_CHECK
int vault_tidy(struct vault *v);

/* The time to decide by: the clock's, but never earlier than the store has seen. */
int64_t vault_now(struct vault *v);

/*
 * Whether ${more} bytes fit under the quota: 0 or ERR_FULL.  A look before a body is read; creates
 * and put_part check again by themselves.
 */
MUST_CHECK
int vault_has_room(struct vault *v, uint64_t more);

/* 0 if both stores answer, else ERR_STUCK or ERR_STORE as in store.h. */
MUST_CHECK
int vault_ping(struct vault *v);

/* Whether something of either store hangs in this process, as in store.h; asks no other machine. */
bool vault_stuck(struct vault *v);

#endif
