/* SPDX-License-Identifier: MIT */
/*
 * The terminal: asked without echo, measured, and protected from what a sender wrote.
 */
#ifndef CLI_TERMINAL_TERMINAL_H
#define CLI_TERMINAL_TERMINAL_H

#include "base/buf.h"

/*
 * Ask ${question} on the controlling terminal and append the line typed, without its end, to
 * ${out}; nothing is echoed, and the terminal is as it was afterwards, also when a signal ends the
 * wait.  Returns 0; ERR_CONFIG if there is no terminal; ERR_TOO_LARGE; ERR_IO if it failed or the
 * program was asked to end.
 */
MUST_CHECK
int terminal_ask(const char *question, struct buf *out);

/* Columns of standard error's terminal, 80 if that is none. */
unsigned terminal_width(void);

/*
 * Append the text of ${len} bytes to ${out} so that a terminal only shows it: control characters
 * but newline and tab become visible, and so does what is not UTF-8.  Returns 0, ERR_TOO_LARGE or
 * ERR_NOMEM.
 */
MUST_CHECK
int terminal_escape(const uint8_t *data, size_t len, struct buf *out);

#endif
