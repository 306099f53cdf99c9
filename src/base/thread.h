/* SPDX-License-Identifier: MIT */
/* Threads.  Only the main thread receives signals.  Timed waits use the monotonic clock. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Start a thread that runs ${run} with ${arg} and blocks every signal.  ${stack} is the size of its
 * stack in bytes, or 0 for the default of the system.  Returns 0 with the thread in ${out}, or
 * ERR_NOMEM.
 */
MUST_CHECK
int thread_start(pthread_t *out, size_t stack, void *(*run)(void *), void *arg);

/* Initialize ${cond} for timed waits that end at a thread_deadline(). */
void thread_cond_init(pthread_cond_t *cond);

/* Return the time on the monotonic clock that is ${ms} milliseconds (at least 0) from now. */
struct timespec thread_deadline(int64_t ms);

/*
 * Sleep while ${word} is ${value}, until thread_wake(${word}) or for at most ${ms} milliseconds
 * (-1: no limit).  May wake early.  Source: futex(2).
 */
void thread_sleep(atomic_uint *word, unsigned value, int ms);

/* Wake one thread that sleeps on ${word}, whose memory may be gone already. */
void thread_wake(atomic_uint *word);

#endif
