/* SPDX-License-Identifier: MIT */
/*
 * Tells systemd about the state of this process: sd_notify(3) without its library.
 */
#ifndef SERVER_PROCESS_NOTIFY_H
#define SERVER_PROCESS_NOTIFY_H

#include <stdint.h>

/*
 * Connect to the datagram socket ${where}, the value of NOTIFY_SOCKET: a path, or '@' and an
 * abstract name; NULL or "" for none.  Call it before the process is confined.  Returns a
 * descriptor for notify_send(), or -1 if there is none; a failure is logged.
 */
int notify_open(const char *where);

/* Send ${state}, for example "READY=1", to ${fd}; -1 does nothing.  Never blocks.  Any thread. */
void notify_send(int fd, const char *state);

/*
 * The watchdog timeout in milliseconds, from ${usec} and ${pid}, the values of WATCHDOG_USEC and
 * WATCHDOG_PID (NULL if not set).  Returns 0 if no watchdog watches this process.
 */
int64_t notify_watchdog_ms(const char *usec, const char *pid);

#endif
