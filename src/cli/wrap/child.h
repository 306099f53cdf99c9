/* SPDX-License-Identifier: MIT */
/*
 * Running another program with secrets: they go through pipes, never through arguments or files.
 * Main thread.
 */
#ifndef CLI_WRAP_CHILD_H
#define CLI_WRAP_CHILD_H

#include "base/buf.h"

enum { CHILD_INPUT_MAX = 32 * 1024 }; /* less than a pipe holds */

/*
 * Run the program argv[0], found by PATH, with the arguments ${argv}, which end with NULL.  It gets
 * ${in}, of at most CHILD_INPUT_MAX bytes, on its standard input, and what it writes to its
 * standard output is appended to ${out}.  Its standard error is that of this process.  Returns its
 * exit status; or, with nothing appended, ERR_CONFIG if it cannot be started, ERR_TOO_LARGE if
 * ${out} has no room, or ERR_IO, also if a signal ended it.
 */
MUST_CHECK
int child_run(const char *const argv[], const struct buf *in, struct buf *out);

#endif
