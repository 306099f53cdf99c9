/* SPDX-License-Identifier: MIT */
/* What is written to standard error, such as the log. */
#ifndef TESTS_SUPPORT_CAPTURED_H
#define TESTS_SUPPORT_CAPTURED_H

/* From now on keep what is written to standard error. */
void captured_begin(void);

/* Write to standard error again.  Returns what was kept, for the caller to free. */
char *captured_end(void);

#endif
