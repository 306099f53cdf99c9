/* SPDX-License-Identifier: MIT */
/*
 * The signals that ask the program to end.  They only raise a flag: whoever waits sees it, leaves
 * everything in order and returns.
 */
#ifndef CLI_TERMINAL_SIGNALS_H
#define CLI_TERMINAL_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"

/* Raise the flag on SIGINT, SIGTERM, SIGHUP and SIGQUIT from now on, and ignore SIGPIPE and
 * SIGXFSZ.  Call before any other thread starts: the signals are taken while the main thread waits
 * in signals_read(), and at any other time. */
void signals_setup(void);

/* Whether the program was asked to end.  Any thread. */
bool signals_stop_asked(void);

/* read(2) that also ends, with -1, once the program was asked to end. */
MUST_CHECK
ssize_t signals_read(int fd, void *out, size_t len);

/* Wait ${ms}, or until the program is asked to end.  Any thread. */
void signals_wait_ms(long ms);

#endif
