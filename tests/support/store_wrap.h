/* SPDX-License-Identifier: MIT */
/*
 * A record store and a blob store that pass every call on to another store, fail those that a plan
 * names, and can break one of the rules.
 */
#ifndef STORE_WRAP_H
#define STORE_WRAP_H

#include "vault/blobs.h"
#include "vault/store.h"

/* Which calls fail, counted from 1 over all stores that share the plan. */
struct wrap_plan {
    int fail_at;   /* 0: none */
    bool for_ever; /* every call from that one on */
    int err;       /* ERR_STORE, or ERR_UNKNOWN_OUTCOME where the call may answer that */
    bool done;     /* with ERR_UNKNOWN_OUTCOME: the call was done */
    int calls;     /* so far */
    int hits;      /* that failed */

    void (*before_put)(void *ctx); /* called before a blob is put; NULL: nothing */
    void *ctx;
};

/* A rule to break, which a test must notice. */
enum wrap_bug {
    BUG_NONE,
    BUG_LEASE_NOT_RECOGNISED, /* the same lease again takes another view */
    BUG_ANY_PROOF_OPENS,
    BUG_WRONG_PROOFS_FREE,
    BUG_CONFIRM_FORGOTTEN,
    BUG_BURN_FORGOTTEN,
    BUG_LAPSE_FORGOTTEN, /* the sweeper erases nothing */
    BUG_LEASES_NEVER_END,
    BUG_EXPIRY_FORGOTTEN, /* what has expired is seen, and can be burnt */
    BUG_CLOCK_RUNS_BACK,
    BUG_PARTS_NOT_COUNTED,
    BUG_COUNT, /* those above the model notices */
    BUG_REMOVE_FORGOTTEN,
    BUG_COMPLETE_FORGOTTEN,
};

/* Wrap ${inner} with ${plan} (NULL: nothing fails) and ${bug}.  Closing it closes ${inner}. */
struct store *store_wrap(struct store *inner, struct wrap_plan *plan, enum wrap_bug bug);
struct blobs *blobs_wrap(struct blobs *inner, struct wrap_plan *plan);

#endif
