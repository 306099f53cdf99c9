/* SPDX-License-Identifier: MIT */
/*
 * Tells whoever started this process (systemd) how it is doing: sd_notify(3) without its library.
 */
#ifndef SERVER_PROCESS_NOTIFY_H
#define SERVER_PROCESS_NOTIFY_H

#include <stdint.h>

/*
 * Connect to the datagram socket ${where}, the value of NOTIFY_SOCKET: a path, or '@' and an
 * abstract name; NULL or "" for none.  Call before the process is confined.  Returns a descriptor
 * for notify_send(), or -1: nobody is listening, which is logged unless it was to be so.
 */
int notify_open(const char *where);

/* Send ${state}, e.g. "READY=1", to ${fd}; -1 does nothing.  Never waits.  Any thread. */
void notify_send(int fd, const char *state);

/*
 * Milliseconds between "WATCHDOG=1" and the next at the latest, from the values of WATCHDOG_USEC
 * and WATCHDOG_PID (either may be NULL); 0 if nobody waits for them.
 */
int64_t notify_watchdog_ms(const char *usec, const char *pid);

#endif
