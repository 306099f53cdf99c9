/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads for calls that block, with a bounded queue.  Threads start as jobs come, up to
 * a maximum.  All but some of them end after ten seconds without work.
 *
 * A system call on a disk that hangs cannot be cancelled.  Therefore a caller can wait for a job
 * until a deadline and then abandon it.  An abandoned job keeps running, owns all that it uses, and
 * is dropped once it has ended.
 */
#ifndef BASE_JOBS_H
#define BASE_JOBS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/job_queue.h"

struct jobs;

enum job_state { JOB_WAITS, JOB_RUNS, JOB_ENDED };

/* The caller's own struct begins with it. */
struct job {
    /*
     * Run the job, or the next step of it, on a thread of the pool.  Returns whether it is
     * complete.  If not, it is queued again after the jobs that wait, so that long work leaves room
     * for others.  The result is ignored for a job of jobs_submit(), which need not exist any more.
     */
    bool (*run)(struct job *job);

    /* Release the job and all that it owns.  For jobs_do() with a deadline only.  Any thread. */
    void (*drop)(struct job *job);

    /* The rest belongs to the pool. */
    struct job *next;
    struct job_party *party; /* who has it */
    struct job *next_abandoned;
    enum job_state state;
    bool begun;
    bool abandoned;
    int64_t since_ms;      /* when the run under way began */
    pthread_cond_t *ended; /* of the caller that waits; NULL after jobs_submit() */
};

struct jobs_config {
    const char *name;      /* of the threads; at most 15 bytes; outlives the pool */
    unsigned threads_max;  /* jobs that run at once */
    unsigned threads_kept; /* threads that stay without work */
    unsigned queue_max;    /* jobs that wait while all threads are busy */
    size_t stack;          /* bytes of address space for a thread's stack; 0: the default */
    int nice;              /* added to the nice value of each thread */
    bool shared;           /* clients take turns and have shares of the threads (job_queue.h) */
};

struct jobs_load {
    unsigned threads;
    unsigned running;
    unsigned waiting;
};

/* Make a pool.  No thread starts before the first job.  Returns NULL if memory is short. */
struct jobs *jobs_new(const struct jobs_config *config);

/*
 * Queue ${job} of ${client} (NULL: of none), for which no caller waits: it belongs to its run
 * function from then on.  Returns 0; or ERR_BUSY if the queue is full, memory is short or no thread
 * can be started, and the job stays the caller's.  Any thread.
 */
MUST_CHECK
int jobs_submit_for(struct jobs *jobs, struct job *job, const struct party *client);

/* As jobs_submit_for().  What a job of another pool submits has the client of that job, and else
 * none. */
MUST_CHECK
int jobs_submit(struct jobs *jobs, struct job *job);

/*
 * Queue ${job}, whose client is as in jobs_submit(), and wait at most ${ms} milliseconds (-1:
 * without a limit) until it is complete.  Any thread.  Returns
 *   0         it is complete, and the caller's again;
 *   ERR_BUSY  it never began: the queue was full, no thread could be started, or none took it up in
 *             time; it is the caller's again;
 *   ERR_STUCK it had begun and is abandoned; ${job} is NULL, and the pool drops the job later.
 */
MUST_CHECK
int jobs_do(struct jobs *jobs, struct job **job, int ms);

/*
 * Whether there is an abandoned job that has not ended, for which ${match} (NULL: always) returns
 * true.  ${match} may read job->state and job->since_ms.  Any thread.
 */
bool jobs_abandoned(struct jobs *jobs, bool (*match)(const struct job *job, const void *ctx),
                    const void *ctx);

/* For how many milliseconds jobs have waited while none was taken up; 0 if none waits.  Any
 * thread. */
int64_t jobs_waiting_ms(struct jobs *jobs);

/* What the pool does now.  Any thread. */
struct jobs_load jobs_load(struct jobs *jobs);

/*
 * Run what waits, but no second step of a job; wait for all that runs; end the threads and free
 * ${jobs}.  No thread is inside jobs_submit() any more.  NULL is allowed.
 */
void jobs_free(struct jobs *jobs);

#endif
