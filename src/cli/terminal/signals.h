/* SPDX-License-Identifier: MIT */
/*
 * The signals that ask the program to stop.  They only set a flag.  Every wait ends when it is set,
 * and its caller cleans up and returns.
 */
#ifndef CLI_TERMINAL_SIGNALS_H
#define CLI_TERMINAL_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"

/* Handle SIGINT, SIGTERM, SIGHUP and SIGQUIT by setting the flag, and ignore SIGPIPE and SIGXFSZ.
 * Call once, before any other thread starts. */
void signals_setup(void);

/* Return whether the program was asked to stop.  Any thread. */
bool signals_stop_asked(void);

/* Read from ${fd} as read(2), but return -1 once the program was asked to stop.  Any thread. */
MUST_CHECK
ssize_t signals_read(int fd, void *out, size_t len);

/* Wait ${ms} milliseconds, or until the program is asked to stop.  Any thread. */
void signals_wait_ms(long ms);

#endif
