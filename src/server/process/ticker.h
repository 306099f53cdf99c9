/* SPDX-License-Identifier: MIT */
/*
 * A thread that does one thing again and again.
 */
#ifndef SERVER_PROCESS_TICKER_H
#define SERVER_PROCESS_TICKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct ticker;

/*
 * Start thread ${name} (at most 15 characters): it calls ${run} with ${ctx} after ${ms}
 * milliseconds, and then each time as many milliseconds later as ${run} returned.  NULL if memory
 * or threads are short.
 */
struct ticker *ticker_start(const char *name, int64_t ms, int64_t (*run)(void *ctx), void *ctx);

/*
 * End and free ${t}; a call that runs may go on for ${ms} milliseconds, -1 for no bound.  Returns
 * true; or false if it still runs, as the last call: then nothing that it uses may be freed before
 * this was called again.  NULL is allowed.
 */
bool ticker_stop(struct ticker *t, int64_t ms);

#endif
