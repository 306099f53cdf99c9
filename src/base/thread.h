/* SPDX-License-Identifier: MIT */
/*
 * What all threads of a process have in common: signals are for the main thread, and waiting is
 * timed by the clock that never jumps.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Start a thread that runs ${run} with ${arg} and blocks every signal; ${stack} bytes of address
 * space for its stack, 0 for the system's default.  Returns 0 with ${out}, or ERR_NOMEM.
 */
MUST_CHECK
int thread_start(pthread_t *out, size_t stack, void *(*run)(void *), void *arg);

/* Make ${cond} one whose waits end by thread_deadline(). */
void thread_cond_init(pthread_cond_t *cond);

/* The time ${ms} milliseconds, at least 0, from now on the clock that never jumps. */
struct timespec thread_deadline(int64_t ms);

#endif
