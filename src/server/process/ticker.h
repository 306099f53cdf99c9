/* SPDX-License-Identifier: MIT */
/*
 * Calls a function again and again, on a thread of its own.
 */
#ifndef SERVER_PROCESS_TICKER_H
#define SERVER_PROCESS_TICKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct ticker;

/*
 * Start a thread called ${name} (at most 15 characters).  It calls ${run} with ${ctx} after ${ms}
 * milliseconds, and then each time as many milliseconds later as ${run} returned.  Returns NULL if
 * memory or threads are short.
 */
struct ticker *ticker_start(const char *name, int64_t ms, int64_t (*run)(void *ctx), void *ctx);

/* Let the next call of ${t} begin now.  During a call: as soon as it has ended.  Any thread. */
void ticker_wake(struct ticker *t);

/*
 * Stop and free ${t}.  A call under way may take ${ms} milliseconds, -1 for no limit.  Returns
 * true; or false if it still runs, as the last call: then nothing that it uses may be freed until
 * another ticker_stop() returned true.  NULL is allowed.
 */
bool ticker_stop(struct ticker *t, int64_t ms);

#endif
