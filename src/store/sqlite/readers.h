/* SPDX-License-Identifier: MIT */
/* A pool of reading connections, each lent to one thread at a time.  A connection is opened when it
 * is first needed, and stays open: an idle server has one. */
#ifndef STORE_SQLITE_READERS_H
#define STORE_SQLITE_READERS_H

#include <pthread.h>

#include "store/sqlite/db.h"

struct sqlite_readers {
    pthread_mutex_t lock;    /* guards the rest */
    pthread_cond_t returned; /* a connection came back, or lending resumed (monotonic clock) */
    const struct sqlite_place *place;
    struct sqlite_db *db; /* without a handle: not opened yet */
    int count;
    int free_count;
    int *free; /* indices into db */
    bool paused;
    int64_t none_since_ms; /* since when none could be lent; 0 while one can */
};

/*
 * Make a pool of ${count} connections, and open one of them.  The caller keeps ${place}.  Returns
 * 0, or a code with ${p} closed and a line added to ${reason}.
 */
MUST_CHECK
int sqlite_readers_open(struct sqlite_readers *p, const struct sqlite_place *place, int count,
                        struct buf *reason);

/* Close all connections, none of which is lent.  A zeroed ${p} is allowed. */
void sqlite_readers_close(struct sqlite_readers *p);

/*
 * Borrow a connection, waiting at most ${ms} milliseconds (-1: no limit).  Returns NULL if it
 * cannot be opened; if none came in time; or at once if none could be lent for most of that time:
 * the threads that have them hang.  Any thread.
 */
struct sqlite_db *sqlite_readers_take(struct sqlite_readers *p, int ms);

/* Give a connection back.  Any thread. */
void sqlite_readers_give(struct sqlite_readers *p, struct sqlite_db *db);

/*
 * Lend no connection until sqlite_readers_resume(), and wait at most ${ms} milliseconds until all
 * are back.  Returns whether they are.
 */
bool sqlite_readers_pause(struct sqlite_readers *p, int ms);
void sqlite_readers_resume(struct sqlite_readers *p);

/* Close the connections during a pause for which all are back.  They are opened again when they are
 * needed. */
void sqlite_readers_disconnect(struct sqlite_readers *p);

#endif
