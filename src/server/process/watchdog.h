/* SPDX-License-Identifier: MIT */
/*
 * Tells systemd again and again that the server is healthy, so that one that hangs is started anew.
 */
#ifndef SERVER_PROCESS_WATCHDOG_H
#define SERVER_PROCESS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog;

/*
 * Send "WATCHDOG=1" to ${fd} (notify.h) each half of ${ms} milliseconds, as long as ${healthy} returns
 * true; where it does not, it is asked again sooner.  Returns NULL if memory is short, or if ${ms}
 * is 0 or ${fd} is -1: nobody waits then, which is no failure.
 */
struct watchdog *watchdog_start(int fd, int64_t ms, bool (*healthy)(void *ctx), void *ctx);

/* End and free ${w}; false if ${healthy} did not return for ${ms} milliseconds: there is no further
 * beat then, and this is to be called again.  NULL is allowed. */
bool watchdog_stop(struct watchdog *w, int64_t ms);

#endif
