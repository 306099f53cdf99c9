/* SPDX-License-Identifier: MIT */
#include "ctl/line.h"

ssize_t
line_read(FILE *file, char *line, size_t room, bool *ended) {
    size_t len = 0;
    int c;
    *ended = false;
    while ((c = getc_unlocked(file)) != EOF && c != '\n') {
        if (c == '\0' || len + 1 >= room) return LINE_BAD;
        line[len++] = (char)c;
    }
    line[len] = '\0';
    *ended = c == '\n';
    return (ssize_t)len;
}
