/* SPDX-License-Identifier: MIT */
/*
 * Whether the store's file can be read.  A read that hangs in the kernel cannot be cancelled, so a
 * thread of its own reads and the caller returns at its deadline.
 */
#ifndef STORE_SQLITE_HEALTH_H
#define STORE_SQLITE_HEALTH_H

#include "store/sqlite/readers.h"

struct sqlite_health;

/* Make a check that reads with the connections of ${readers}, which outlive it.  NULL if memory
 * is short. */
struct sqlite_health *sqlite_health_new(struct sqlite_readers *readers);

/*
 * Read the file, and wait for it at most ${ms} milliseconds.  Returns 0; ERR_STUCK if it takes
 * longer, or at once while an earlier read hangs; or ERR_STORE.  Any thread.
 */
MUST_CHECK
int sqlite_health_check(struct sqlite_health *h, int ms);

/* Wait for the read that runs and free ${h}.  NULL is allowed. */
void sqlite_health_free(struct sqlite_health *h);

#endif
