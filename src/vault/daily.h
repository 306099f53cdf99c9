/* SPDX-License-Identifier: MIT */
/*
 * A limit on the bytes that an instance takes in a day, for stores without a quota.  The day is the
 * last 24 hours, counted in hours.
 */
#ifndef VAULT_DAILY_H
#define VAULT_DAILY_H

#include <stdint.h>

#include "base/compiler.h"

enum { DAILY_SECONDS = 24 * 60 * 60 };

struct daily;

/* Make a limit of ${bytes} a day.  Returns NULL if memory is short.  Free it with daily_free(). */
struct daily *daily_new(uint64_t bytes);

/* Free ${d}, which no thread may be using.  NULL is allowed. */
void daily_free(struct daily *d);

/* Take ${bytes} at ${now} (seconds since 1970).  Any thread.  Returns 0, or ERR_FULL with nothing
 * taken if they exceed what the last 24 hours leave. */
MUST_CHECK
int daily_take(struct daily *d, uint64_t bytes, int64_t now);

/* Give back ${bytes} that were taken shortly before ${now}: nothing was stored.  Any thread. */
void daily_return(struct daily *d, uint64_t bytes, int64_t now);

/* Returns the limit of ${d}.  Any thread. */
uint64_t daily_limit(const struct daily *d);

/* Returns the bytes that were taken in the 24 hours before ${now}.  Any thread. */
uint64_t daily_taken(struct daily *d, int64_t now);

#endif
