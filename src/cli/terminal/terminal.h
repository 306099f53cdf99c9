/* SPDX-License-Identifier: MIT */
/* The terminal: questions without echo, its width, and text that cannot control it. */
#ifndef CLI_TERMINAL_TERMINAL_H
#define CLI_TERMINAL_TERMINAL_H

#include "base/buf.h"

/*
 * Print ${question} on the controlling terminal and append the line that is typed, without its end,
 * to ${out}.  Nothing is echoed, and the terminal mode is restored, also when a signal ends the
 * wait.  Returns 0; ERR_CONFIG if there is no terminal; ERR_TOO_LARGE; ERR_IO if it failed or the
 * program was asked to stop.  Main thread.
 */
MUST_CHECK
int terminal_ask(const char *question, struct buf *out);

/* Print ${question} on the controlling terminal and set ${*yes} to whether the answer is "y" or
 * "yes".  Returns 0, ERR_CONFIG or ERR_IO as terminal_ask().  Main thread. */
MUST_CHECK
int terminal_confirm(const char *question, bool *yes);

/* Return the number of columns of standard error's terminal; 80 if it is none. */
unsigned terminal_width(void);

/*
 * Append the text of ${len} bytes at ${data} to ${out} with everything made visible that could
 * control a terminal, or hide or reorder text: control characters apart from newline and tab,
 * hidden characters (base/text/hidden.h), and what is not UTF-8. Returns 0, ERR_TOO_LARGE or
 * ERR_NOMEM.
 */
MUST_CHECK
int terminal_escape(const uint8_t *data, size_t len, struct buf *out);

/* Append the ${len} bytes of JSON at ${json} to ${out} with the same characters written as escapes
 * such as \u009b, which changes no value.  Returns as terminal_escape(). */
MUST_CHECK
int terminal_escape_json(const uint8_t *json, size_t len, struct buf *out);

#endif
