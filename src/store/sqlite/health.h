/* SPDX-License-Identifier: MIT */
/*
 * Whether the store's file can be read, asked by a thread of its own: a read that hangs in the
 * kernel cannot be ended, and who wants to know goes when his time is over.
 */
#ifndef STORE_SQLITE_HEALTH_H
#define STORE_SQLITE_HEALTH_H

#include "store/sqlite/readers.h"

struct sqlite_health;

/* Start the thread; it takes a connection of ${readers}, which outlive it, whenever it looks.  NULL
 * if memory or threads are short. */
struct sqlite_health *sqlite_health_start(struct sqlite_readers *readers);

/*
 * Read the file, and wait for it at most ${ms} milliseconds, the same in every call.  Returns 0;
 * ERR_STUCK if that took longer, or takes too long already; or ERR_STORE.  Any thread.
 */
MUST_CHECK
int sqlite_health_ask(struct sqlite_health *p, int ms);

/* End the thread, once what it reads has come.  NULL is allowed. */
void sqlite_health_stop(struct sqlite_health *p);

#endif
