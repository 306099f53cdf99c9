/* SPDX-License-Identifier: MIT */
/*
 * Messages to the user, on standard error.
 *
 * No message contains a key, a passphrase or a token.  Whatever looks like the key of a link is
 * cut out, even where the user gave the link in place of something else.  All functions may be
 * called from any thread.
 */
#ifndef CLI_TERMINAL_SAY_H
#define CLI_TERMINAL_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/*
 * Prepare the module: ${quiet} suppresses notes, ${terminal} says that standard error is a terminal
 * that can clear a line.  Call once, before any other thread starts.
 */
void say_setup(bool quiet, bool terminal);

/* Print an error message.  A say_hint() follows it. */
void say_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Print, on the line after an error message, what the user can do next. */
void say_hint(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Print the error for a failed allocation. */
void say_no_memory(void);

/* Return whether an error was printed. */
bool say_had_error(void);

/* Print that the program was interrupted, and the hint ${hint} unless it is NULL.  Prints nothing
 * the second time. */
void say_interrupted(const char *hint);

/* Print a note, unless notes are suppressed. */
void say_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Replace the key of every link, and of every bare ID.KEY, in ${text} by "...". */
void say_hide_keys(char *text);

#endif
