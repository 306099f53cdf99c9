/* SPDX-License-Identifier: MIT */
/* Requests to the operator's socket of secretsd. */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include <stdio.h>

#include "ctl/ctl.h"

enum { CTL_LINE_MAX = 8192 }; /* bytes of a line of an answer, its end included */

/*
 * Send ${request}, one line of JSON without its end, to the socket that ${ctl} names.  Returns the
 * answer, which the caller closes; or NULL after printing an error.  Sets the member reached of
 * ${ctl} if the server is there.
 */
FILE *ctl_ask(struct ctl *ctl, const char *request);

/*
 * Read the next line of ${answer} into ${line}.  Returns its length without the end; 0 at the end
 * of the answer; or -1, after an error, if it is not whole or the server refuses the request.
 */
ssize_t ctl_read_line(FILE *answer, char line[static CTL_LINE_MAX]);

/* Whether ${line} ends an answer of events: without it the answer is not whole. */
bool ctl_is_end(const char *line);

#endif
