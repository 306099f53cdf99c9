/* SPDX-License-Identifier: MIT */
/*
 * The one connection that writes: how it is opened, what the file said then, and what is done when
 * a commit fails.  Used by the writer's thread alone, but for what is atomic.
 */
#ifndef STORE_SQLITE_CONN_H
#define STORE_SQLITE_CONN_H

#include <stdatomic.h>
#include <stdint.h>

#include "store/sqlite/db.h"

enum { SQLITE_CONN_RETRY_MS = 1000 };

struct sqlite_conn {
    struct sqlite_db db;
    const struct sqlite_place *place;
    atomic_bool broken;         /* commits fail: nothing is written until a reopen went well */
    atomic_int_fast64_t high;   /* the latest time ever told */
    atomic_uint_fast64_t bytes; /* of content, as committed */
    int64_t stored_high;        /* as the file has them */
    int64_t stored_bytes;
    int wal_pages;    /* in the log after the last commit */
    int failures;     /* commits that failed in a row */
    bool unsettled;   /* a commit failed that may come back after a crash */
    int64_t retry_ms; /* when to try the next reopen */
};

/*
 * Open the connection of ${place}, which outlives the zeroed ${c}, and read the store's state.
 * Returns as sqlite_db_open_writer().
 */
MUST_CHECK
int sqlite_conn_open(struct sqlite_conn *c, const struct sqlite_place *place, char *error,
                     size_t error_len);

/* The later of ${clock} and the latest time ever told.  Any thread. */
int64_t sqlite_conn_now(struct sqlite_conn *c, int64_t clock);

/* A transaction that made the state ${high} and ${bytes} was committed. */
void sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes);

/*
 * A transaction failed with ${rc}: undo it.  Returns what to tell those who were in it: ERR_FULL or
 * ERR_STORE if it certainly did not happen, ERR_UNKNOWN_OUTCOME if it may come back after a crash.
 */
MUST_CHECK
int sqlite_conn_undo(struct sqlite_conn *c, int rc);

/*
 * If what ERR_UNKNOWN_OUTCOME was told of still is not known, try again to make sure that it did
 * not happen.  Returns whether nothing of the kind is left; until then the writer runs no job.
 */
MUST_CHECK
bool sqlite_conn_settle(struct sqlite_conn *c);

/*
 * After sqlite_conn_undo(), with the same ${rc}: a full disk or a locked file is left at that.  Of other failures
 * the second in a row stops writing; after the first the file is opened anew and looked through,
 * and writing stops if that fails.  What was not known by then has happened if the file has it.
 */
void sqlite_conn_reopen(struct sqlite_conn *c, int rc);

/* Writing has stopped: if it is time, open the file anew and go on if it is sound. */
void sqlite_conn_retry(struct sqlite_conn *c);

#endif
