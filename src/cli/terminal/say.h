/* SPDX-License-Identifier: MIT */
/*
 * What the program says to people, on standard error.  Nothing said here holds a key, a passphrase
 * or a token: what looks like a link's key is left out even where somebody gave it for something
 * else.  Any thread.
 */
#ifndef CLI_TERMINAL_SAY_H
#define CLI_TERMINAL_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* Whether notes are left out (${quiet}), and whether standard error is a terminal that knows how to
 * clear a line (${terminal}). */
void say_setup(bool quiet, bool terminal);

/* An error: what happened, then on a line of its own what to do next; "" for nothing. */
void say_error(const char *next, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* That memory is short. */
void say_no_memory(void);

/* Whether an error was said. */
bool say_had_error(void);

/* Once: that the program was asked to end, and what to do next; "" for nothing. */
void say_interrupted(const char *next);

/* Something good to know, unless --quiet. */
void say_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Replace the key of every link in ${text} by "...", and of every ID.KEY without one. */
void say_hide_keys(char *text);

#endif
