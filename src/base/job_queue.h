/* SPDX-License-Identifier: MIT */
/*
 * The jobs of a pool that wait (jobs.h), and whose turn is next.
 *
 * Networks take turns, and the clients of a network take turns among themselves.  So a client that
 * is alone in its network waits for at most one job of each other network, however many jobs these
 * have in the queue.
 *
 * A network may use three quarters of the threads that the others leave, and a client three
 * quarters of what its network may use, but each at least one.  So a thread is usually free at once
 * for others, even while all jobs of one client take long.
 *
 * Jobs of no client take turns as one network, and may use all threads.
 *
 * The caller holds a lock during each of these functions.
 */
#ifndef BASE_JOB_QUEUE_H
#define BASE_JOB_QUEUE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/party.h"

struct job;

struct job_party;

/* Parties in the order of their turns.  Each has jobs that wait. */
struct job_turns {
    struct job_party *first, *last;
};

/* A client or a network.  It exists while it has jobs that wait or run. */
struct job_party {
    struct job_party *network; /* of a client; NULL: it is a network itself */
    struct job_party *same;    /* the next one in its bucket */
    struct job_party *next;    /* whose turn is after this one's */
    struct party key;          /* the client of a network is all zero */
    unsigned waiting, running;
    struct job_turns clients; /* of a network */
    struct job *head, *tail;  /* of a client: its jobs that wait, in order of arrival */
};

enum { JOB_QUEUE_BUCKETS = 256 };

struct job_queue {
    unsigned threads; /* jobs that run at once */
    unsigned waiting, running;
    struct job_turns networks;
    struct job_party *buckets[JOB_QUEUE_BUCKETS];
    struct job_party nobody[2]; /* the network and the client of jobs of no client */
};

/* Begin with an empty queue for ${threads} threads.  It is not moved any more. */
void job_queue_init(struct job_queue *q, unsigned threads);

/* Append ${job} of ${client} (NULL: of none).  Returns 0 or ERR_NOMEM. */
MUST_CHECK
int job_queue_add(struct job_queue *q, struct job *job, const struct party *client);

/* Append ${job} once more, which was taken and for which job_queue_done() was not called yet. */
void job_queue_again(struct job_queue *q, struct job *job);

/* Remove ${job}, which waits. */
void job_queue_remove(struct job_queue *q, struct job *job);

/* Whether job_queue_take() would return a job. */
bool job_queue_ready(const struct job_queue *q);

/* Take the job whose turn it is.  It runs until job_queue_done().  Returns NULL if none waits, or
 * if whoever has jobs that wait uses as many threads as it may. */
struct job *job_queue_take(struct job_queue *q);

/* The client of ${party}; NULL: no client.  Valid until job_queue_done(). */
const struct party *job_queue_client(const struct job_queue *q, const struct job_party *party);

/* A job that was taken has run.  ${party} is what its job->party was. */
void job_queue_done(struct job_queue *q, struct job_party *party);

#endif
