/* SPDX-License-Identifier: MIT */
/* A pool of long-lived reading connections, each lent to one thread at a time. */
#ifndef STORE_SQLITE_READERS_H
#define STORE_SQLITE_READERS_H

#include <pthread.h>

#include "store/sqlite/db.h"

struct sqlite_readers {
    pthread_mutex_t lock;
    pthread_cond_t returned; /* on the monotonic clock */
    struct sqlite_db *db;
    int count;
    int free_count;
    int *free; /* indices into db */
    bool paused;
    int64_t away_ms; /* since when none could be lent; 0 while one can */
};

/* Open ${count} connections.  Returns 0, or a code with ${p} closed and the reason in ${error}. */
MUST_CHECK
int sqlite_readers_open(struct sqlite_readers *p, const struct sqlite_place *place, int count,
                        char *error, size_t error_len);

/* Close all of them; none is lent.  A zeroed ${p} is allowed. */
void sqlite_readers_close(struct sqlite_readers *p);

/*
 * Borrow a connection, waiting at most ${ms} milliseconds (-1: no bound).  NULL if none came, at
 * once if none has come for most of that time: those who have them hang.
 */
struct sqlite_db *sqlite_readers_take(struct sqlite_readers *p, int ms);
void sqlite_readers_give(struct sqlite_readers *p, struct sqlite_db *db);

/*
 * Lend none until sqlite_readers_resume(), and wait at most ${ms} milliseconds until all are back.
 * Returns whether they are.
 */
bool sqlite_readers_pause(struct sqlite_readers *p, int ms);
void sqlite_readers_resume(struct sqlite_readers *p);

#endif
