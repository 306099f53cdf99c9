/* SPDX-License-Identifier: MIT */
/*
 * What the program says to people, on standard error.  Nothing said here holds a key, a passphrase
 * or a token.  Any thread.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdbool.h>

#include "base/compiler.h"

/* Whether notes are left out. */
void say_set_quiet(bool quiet);

/* An error: what happened, then on a line of its own what to do next; "" for nothing. */
void say_error(const char *next, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Something good to know, unless --quiet. */
void say_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
