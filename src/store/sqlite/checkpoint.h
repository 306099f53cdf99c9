/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: the log is copied into the database, and begins again.
 *
 * A thread with a connection of its own, the copier, copies most of the log while the writer goes
 * on.  Then the writer itself copies the rest, between two transactions, so that the log begins
 * again with the next one.  If the copier does not keep up, the writer copies everything.
 *
 * The log is synced before a page is copied, and the database is synced before the log begins
 * again.  SQLite does both, with one exception: it does not sync the database after a copy during
 * which the log grew.  The copier therefore syncs it itself.  If this sync fails, the pages may be
 * lost although SQLite counts them as copied.  The store is then broken until all connections are
 * closed and the whole log is copied again.
 *
 * SQLite before 3.51.3 can lose commits if a checkpoint begins while another connection begins the
 * log again (sqlite.org/wal.html, "The WAL-Reset Bug").  A log begins again only when all of it is
 * copied.  Nothing but one copy of the copier, or one checkpoint of the writer, copies at a time,
 * and the copier is started only while a part of the log is not copied.
 *
 * All functions are for the writer's thread, or for the thread that starts and stops it.
 */
#ifndef STORE_SQLITE_CHECKPOINT_H
#define STORE_SQLITE_CHECKPOINT_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/sqlite/conn.h"
#include "store/sqlite/readers.h"

struct sqlite_checkpoint {
    struct sqlite_conn *conn; /* the writer's */
    struct sqlite_readers *readers;
    int start_at; /* pages in the log that start a checkpoint */

    /* The copier.  Its thread uses the rest while ${state} says that it copies. */
    struct sqlite_db db; /* without a handle: not opened yet */
    pthread_t thread;
    bool started;
    atomic_uint state;
    int rc;        /* SQLite's code of the last copy */
    int copied;    /* pages of the log that are copied */
    int last;      /* how many of them by the last copy */
    bool unsynced; /* the database could not be synced: pages that count as copied may be lost */
};

/* Prepare checkpoints of the log of ${conn}.  During the writer's part ${readers} are paused. */
void sqlite_checkpoint_init(struct sqlite_checkpoint *p, struct sqlite_conn *conn,
                            struct sqlite_readers *readers);

/* Wait for the copy under way and end the copier.  Its connection is closed. */
void sqlite_checkpoint_stop(struct sqlite_checkpoint *p);

/*
 * After a transaction: begin a checkpoint if the log is long enough, or do the writer's part of the
 * one under way.  ${tight} tells that the disk has no room: the log must stay small, and the writer
 * copies it alone.
 */
void sqlite_checkpoint_advance(struct sqlite_checkpoint *p, bool tight);

/*
 * Wait for the copy under way, and do a whole checkpoint with ${mode}, one of SQLITE_CHECKPOINT_*.
 * ${tight} as above.  Returns 0 or ERR_STORE.
 */
MUST_CHECK
int sqlite_checkpoint_run(struct sqlite_checkpoint *p, int mode, bool tight);

/* From now on the log starts a checkpoint when it has ${pages} pages. */
void sqlite_checkpoint_shorten(struct sqlite_checkpoint *p, int pages);

/* Wait for the copy under way. */
void sqlite_checkpoint_wait(struct sqlite_checkpoint *p);

/* Whether the last copy has ended and could not be synced: the store is broken. */
bool sqlite_checkpoint_failed(struct sqlite_checkpoint *p);

/*
 * Before the writer's connection is opened again: wait for the copy under way.  If it could not be
 * synced, close all connections, so that the next one counts nothing as copied.  Returns false if a
 * reader is still at work, and nothing is closed.
 */
MUST_CHECK
bool sqlite_checkpoint_release(struct sqlite_checkpoint *p);

#endif
