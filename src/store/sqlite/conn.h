/* SPDX-License-Identifier: MIT */
/*
 * The one connection that writes: how it is opened, the state that its file has, and what follows a
 * failed commit.  Used by the writer's thread only, except for the atomic members.
 */
#ifndef STORE_SQLITE_CONN_H
#define STORE_SQLITE_CONN_H

#include <stdatomic.h>
#include <stdint.h>

#include "crypto/audit/audit.h"
#include "http/storage_shares.h"
#include "store/sqlite/db.h"

enum { SQLITE_CONN_RETRY_MS = 1000 };

/* The events: the newest, which the next one follows, and how many there are. */
struct sqlite_chain {
    int64_t number; /* 0 if there is none */
    uint8_t hash[AUDIT_HASH_LEN];
    int64_t count, spare; /* all, and those of them that are beyond the share of a network */
};

/* How events are kept. */
struct sqlite_retention {
    int64_t seconds;
    int64_t max;                   /* 0: any number */
    struct storage_shares *shares; /* of max, by network; NULL with it */
};

struct sqlite_conn {
    struct sqlite_db db;
    const struct sqlite_place *place;
    atomic_bool broken;             /* commits fail: nothing is written until a reopen succeeds */
    atomic_int_fast64_t high;       /* the latest time that the store was given */
    atomic_uint_fast64_t bytes;     /* the store's usage, as committed */
    int64_t stored_high;            /* as the file has it */
    int64_t stored_bytes;           /* as the file has it */
    int wal_pages;                  /* in the log after the last commit */
    bool events;                    /* whether events are written */
    struct sqlite_retention keep;   /* how they are kept; set before the thread starts */
    struct sqlite_chain chain;      /* as the file has it */
    atomic_int_fast64_t last_event; /* number of the newest event that was committed */
    int failures;                   /* commits that failed in a row */
    bool unsettled;                 /* a failed commit may come back after a crash */
    int64_t retry_ms;               /* when to try the next reopen, on the monotonic clock */
};

/*
 * Open the connection of ${place}, which outlives the zeroed ${c}, and read the store's state.
 * Returns as sqlite_db_open_writer().
 */
MUST_CHECK
int sqlite_conn_open(struct sqlite_conn *c, const struct sqlite_place *place, struct buf *reason);

/* The later of ${clock} and the latest time that the store was given.  Any thread. */
int64_t sqlite_conn_now(struct sqlite_conn *c, int64_t clock);

/* Note that a transaction was committed which made the state ${high} and ${bytes}, and whose newest
 * event is ${chain}. */
void sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes,
                           const struct sqlite_chain *chain);

/*
 * Undo a transaction that failed with ${rc}.  Returns what its callers get: ERR_FULL or ERR_STORE
 * if it certainly did not happen, ERR_UNKNOWN_OUTCOME if it may come back after a crash.
 */
MUST_CHECK
int sqlite_conn_undo(struct sqlite_conn *c, int rc);

/*
 * If an ERR_UNKNOWN_OUTCOME is still undecided, try again to make sure that it did not happen.
 * Returns whether none is undecided.  Until then the writer runs no job.
 */
MUST_CHECK
bool sqlite_conn_settle(struct sqlite_conn *c);

/*
 * After sqlite_conn_undo(), with the same ${rc}: decide whether the store is broken.  A full disk
 * or a locked file is not.  After another failure the file is opened again and checked, and writing
 * stops if that fails.  The second failure in a row stops writing at once.  An undecided commit
 * that the reopened file contains has happened.
 */
void sqlite_conn_reopen(struct sqlite_conn *c, int rc);

/* Stop writing, since the store is broken. */
void sqlite_conn_stop(struct sqlite_conn *c);

/* While writing is stopped: whether it is time to open the file again. */
bool sqlite_conn_is_due(const struct sqlite_conn *c);

/* While writing is stopped: open the file again, and write again if it is sound. */
void sqlite_conn_retry(struct sqlite_conn *c);

#endif
