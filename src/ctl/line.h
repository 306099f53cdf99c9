/* SPDX-License-Identifier: MIT */
/* Reads text line by line, with its whole length: a zero byte does not end a line. */
#ifndef CTL_LINE_H
#define CTL_LINE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum { LINE_BAD = -1 };

/*
 * Read the next line of ${file} into the ${room} bytes of ${line}, without its end, and put a zero
 * byte after it.  ${ended} tells whether it had an end.  Returns its length; LINE_BAD if it has
 * a zero byte or does not fit; or 0 with ${ended} false at the end of the file or after an error,
 * which ferror(3) tells apart.
 */
ssize_t line_read(FILE *file, char *line, size_t room, bool *ended);

#endif
