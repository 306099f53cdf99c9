/* SPDX-License-Identifier: MIT */
/* Many threads that run one function at once. */
#ifndef CROWD_H
#define CROWD_H

#include <pthread.h>

enum { CROWD_MAX = 64 };

/*
 * Run ${run}(${arg}) on ${count} threads, at most CROWD_MAX, and return when all are done.
 * ${start}, if it is not NULL, is a barrier for as many threads, at which they can wait for each
 * other.
 */
void crowd_run(int count, void *(*run)(void *arg), void *arg, pthread_barrier_t *start);

#endif
