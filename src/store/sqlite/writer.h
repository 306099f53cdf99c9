/* SPDX-License-Identifier: MIT */
/*
 * The one thread and the one connection that write.  Callers hand in jobs and sleep; the thread
 * takes all that wait, runs them in one transaction and wakes each once COMMIT has returned.
 */
#ifndef STORE_SQLITE_WRITER_H
#define STORE_SQLITE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "store/sqlite/conn.h"
#include "store/sqlite/readers.h"

struct sqlite_writer;

/* The transaction that a job runs in. */
struct sqlite_tx {
    struct sqlite_writer *writer;
    struct sqlite_db *db;
    int64_t bytes; /* of content in the store; jobs that put or drop content keep it up */
    bool room;     /* the disk has room for new content */
};

struct sqlite_job {
    /*
     * What to do within the transaction, on the writer's thread.  Returns 0 or a positive result;
     * or a negative code, and whatever it wrote is undone.  May be called again after it was
     * undone.
     */
    int (*run)(struct sqlite_tx *tx, struct sqlite_job *job);
    size_t weight; /* bytes of content that it writes, to bound a transaction */

    /* Release the job, which the caller gave up, with all that it owns.  Any thread. */
    void (*drop)(struct sqlite_job *job);

    int result; /* the rest is the writer's */
    struct sqlite_job *next;
    atomic_uint state;
};

struct sqlite_writer {
    struct sqlite_conn conn;
    struct sqlite_readers *readers;
    int dir;
    uint64_t min_free;
    int wait_ms;                 /* how long a caller waits */
    struct sqlite_layout layout; /* of content; the same for as long as the file */
    pthread_t thread;
    bool running;

    _Atomic(struct sqlite_job *) inbox; /* newest first */
    atomic_uint asleep;
    atomic_bool stopping;
    atomic_int_fast64_t busy_ms; /* since when it is at work; 0 when it waits */

    /* The thread's own. */
    struct sqlite_job *waiting; /* taken from the inbox, oldest first */
    int checkpoint_at;          /* pages in the log that ask for a checkpoint */
    bool ballast;               /* room is kept for the day on which the disk is full */
};

/*
 * Open the writing connection of ${place}, which outlives ${w}.  ${dir}: descriptor of its folder;
 * ${min_free}: bytes that must be free on its disk for new content; with any, room is kept as well
 * for the changes of what is there (sqlite_ballast.h).  Returns 0, or a code with the reason in
 * ${error}.
 */
MUST_CHECK
int sqlite_writer_open(struct sqlite_writer *w, const struct sqlite_place *place, int dir,
                       uint64_t min_free, int wait_ms, char *error, size_t error_len);

/* Start the thread.  ${readers} is the pool to hold back while the log is emptied. */
MUST_CHECK
int sqlite_writer_start(struct sqlite_writer *w, struct sqlite_readers *readers);

/* Finish what waits and end the thread; no job may come any more.  The readers can go then. */
void sqlite_writer_stop(struct sqlite_writer *w);

/* Close the connection, the last one on the file.  A zeroed ${w} is allowed. */
void sqlite_writer_close(struct sqlite_writer *w);

/*
 * Run ${job}, which owns all that it uses, and sleep until it is durable, but not longer than the
 * store may take.  Returns what job->run returned; ERR_STORE or ERR_FULL: nothing happened; or
 * ERR_UNKNOWN_OUTCOME.  ${job} is the caller's again, but NULL if it was given up.
 */
MUST_CHECK
int sqlite_writer_do(struct sqlite_writer *w, struct sqlite_job **job);

/* Empty the log into the main file and cut it to nothing, however long that takes.  Returns 0 or
 * ERR_STORE. */
MUST_CHECK
int sqlite_writer_scrub(struct sqlite_writer *w);

/* The later of ${clock} and the latest time ever told. */
int64_t sqlite_writer_now(struct sqlite_writer *w, int64_t clock);

/*
 * Whether it takes work: 0; ERR_STUCK if it is at one piece of it for longer than ${ms}
 * milliseconds; or ERR_STORE while commits fail.
 */
MUST_CHECK
int sqlite_writer_state(struct sqlite_writer *w, int ms);

#endif
