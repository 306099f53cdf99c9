/* SPDX-License-Identifier: MIT */
/*
 * Sends watchdog pings to systemd while the server is healthy, so that systemd restarts one that
 * hangs.
 */
#ifndef SERVER_PROCESS_WATCHDOG_H
#define SERVER_PROCESS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog;

/*
 * Send "WATCHDOG=1" to ${fd} (notify.h) every ${ms} / 2 milliseconds while ${healthy} returns true.
 * While it returns false it is called more often.  Returns NULL if memory is short; also, which is
 * not a failure, if ${ms} is 0 or ${fd} is -1.
 */
struct watchdog *watchdog_start(int fd, int64_t ms, bool (*healthy)(void *ctx), void *ctx);

/* Stop and free ${w}.  Returns false if ${healthy} did not return for ${ms} milliseconds: no ping
 * follows, and the caller calls this again.  NULL is allowed. */
bool watchdog_stop(struct watchdog *w, int64_t ms);

#endif
