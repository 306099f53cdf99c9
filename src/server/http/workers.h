/* SPDX-License-Identifier: MIT */
/*
 * Threads for work that blocks, behind a bounded queue.  Threads are started as work comes, up to a
 * maximum, and end when there is none for a while, so that an idle process is small.
 */
#ifndef SERVER_HTTP_WORKERS_H
#define SERVER_HTTP_WORKERS_H

#include <stdint.h>

#include "base/compiler.h"

struct workers;

/* A piece of work; the caller's own struct begins with it.  It is the caller's again once run is
 * called. */
struct work {
    struct work *next;
};

/*
 * At most ${max} threads that call ${run} for each piece of work, and at most ${queue_max} pieces
 * that wait for one.  Returns NULL if memory is short.
 */
struct workers *workers_new(unsigned max, unsigned queue_max, void (*run)(struct work *));

/* Let ${run} be called for ${work} on one of the threads.  Returns 0, or ERR_BUSY if too many wait.
 * Any thread. */
MUST_CHECK
int workers_submit(struct workers *w, struct work *work);

/* For how many milliseconds work has been waiting while none was taken up; 0 if none waits.  Any
 * thread. */
int64_t workers_waiting_ms(struct workers *w);

/* Do what waits, end the threads and free ${w}.  NULL is allowed. */
void workers_free(struct workers *w);

#endif
