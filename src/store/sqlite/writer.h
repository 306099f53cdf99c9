/* SPDX-License-Identifier: MIT */
/*
 * The one thread and the one connection that write.  Callers queue jobs, and sleep or are called
 * back.  The thread takes all jobs that wait, runs them in one transaction, and tells each caller
 * after COMMIT has returned.
 */
#ifndef STORE_SQLITE_WRITER_H
#define STORE_SQLITE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/sqlite/checkpoint.h"

struct sqlite_writer;

/* The transaction that a job runs in. */
struct sqlite_tx {
    struct sqlite_writer *writer;
    struct sqlite_db *db;
    int64_t bytes;             /* the sum of record_cost(); a job that changes a cost updates it */
    bool has_room;             /* the disk has room for new content */
    struct sqlite_chain chain; /* the newest event; a job that adds one updates it */
};

struct sqlite_job {
    /*
     * Do the job inside the transaction, on the writer's thread.  Returns 0 or a positive result,
     * or a negative code, after which its writes are undone.  It may be called again once its
     * writes were undone.
     */
    int (*run)(struct sqlite_tx *tx, struct sqlite_job *job);
    size_t weight; /* bytes of content that it writes, to bound a transaction */

    /* Release the job and all that it owns, after its caller abandoned it.  Any thread. */
    void (*drop)(struct sqlite_job *job);

    /* For sqlite_writer_submit(), else NULL: called on the writer's thread once job->result is
     * final.  The job is the caller's from then on.  Must not block. */
    void (*done)(struct sqlite_job *job);
    void *ctx; /* for ${done} */

    int result; /* what sqlite_writer_do() would return, for ${done} */

    /* The rest belongs to the writer. */
    struct sqlite_job *next;
    atomic_uint state;
};

struct sqlite_writer {
    struct sqlite_conn conn;
    int dir;
    uint64_t min_free;
    int wait_ms;                 /* how long a caller waits */
    struct sqlite_layout layout; /* of content; constant for a file */
    pthread_t thread;
    bool running;

    /*
     * The queue has no lock.  With one, a caller that is preempted while it holds it would delay
     * the thread, and with it every other caller.
     */
    _Atomic(struct sqlite_job *) inbox; /* newest first */
    atomic_uint asleep;                 /* 1 while the thread sleeps */
    atomic_bool stopping;
    atomic_int_fast64_t busy_ms; /* when the work under way began; 0 while there is none */

    /* Used by the thread only. */
    struct sqlite_job *waiting; /* taken from the inbox, oldest first */
    struct sqlite_checkpoint checkpoint;
    bool has_ballast;
};

/*
 * Open the writing connection of ${place}, which must outlive ${w}.  ${dir} is the descriptor of
 * its directory.  With ${min_free} above 0, new content is refused while the disk has fewer bytes
 * free, and a ballast file is kept for changes of what is stored (store/sqlite/directory.h).
 * Returns 0, or a code with a line added to ${reason}.
 */
MUST_CHECK
int sqlite_writer_open(struct sqlite_writer *w, const struct sqlite_place *place, int dir,
                       uint64_t min_free, int wait_ms, struct buf *reason);

/* Start the thread.  ${readers} is paused during its part of a checkpoint.  Returns 0 or
 * ERR_NOMEM. */
MUST_CHECK
int sqlite_writer_start(struct sqlite_writer *w, struct sqlite_readers *readers);

/* Run all jobs that wait and end the thread.  No job may be added any more. */
void sqlite_writer_stop(struct sqlite_writer *w);

/* Close the connection, which must be the last one on the file.  A zeroed ${w} is allowed. */
void sqlite_writer_close(struct sqlite_writer *w);

/*
 * Run ${job}, which owns all that it uses, and wait until it is durable, but at most wait_ms.  Any
 * thread.  Returns what job->run returned; ERR_STORE or ERR_FULL if nothing happened; or
 * ERR_UNKNOWN_OUTCOME.  ${job} is the caller's again, or NULL if it was abandoned.
 */
MUST_CHECK
int sqlite_writer_do(struct sqlite_writer *w, struct sqlite_job **job);

/*
 * Queue ${job}, which owns all that it uses, and do not wait: job->done is called, possibly before
 * this returns.  Any thread.  Returns 0; or ERR_STORE, and ${job} stays the caller's.
 */
MUST_CHECK
int sqlite_writer_submit(struct sqlite_writer *w, struct sqlite_job *job);

/*
 * Give up ${job} of sqlite_writer_submit(), whose caller has not seen that job->done was called.
 * Returns ERR_STORE if it never happens, or ERR_UNKNOWN_OUTCOME: job->done is not called, and
 * ${job} belongs to the writer.  Returns 0 if job->done was called or is about to be.  Any thread.
 */
MUST_CHECK
int sqlite_writer_abandon(struct sqlite_job *job);

/*
 * Copy the log into the main file and truncate it, without a time limit.  Any thread.  Returns 0 or
 * ERR_STORE.
 */
MUST_CHECK
int sqlite_writer_scrub(struct sqlite_writer *w);

/* The later of ${clock} and the latest time this store was given.  Any thread. */
int64_t sqlite_writer_now(struct sqlite_writer *w, int64_t clock);

/*
 * Whether the thread accepts work.  Returns 0; ERR_STUCK if its work under way has lasted longer
 * than ${ms} milliseconds; or ERR_STORE while commits fail.  Any thread.
 */
MUST_CHECK
int sqlite_writer_state(struct sqlite_writer *w, int ms);

#endif
