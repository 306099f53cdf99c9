/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: lines of "name = value", '#' begins a comment.  A line that is not
 * understood is an error, never ignored.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdint.h>

#include "cli/transfer/link.h"

struct config {
    char server[LINK_PAGE_MAX]; /* "" if not set */
    int64_t views;              /* 0 if not set */
    int64_t ttl;                /* seconds, 0 if not set */
};

/*
 * Read the ${len} characters at ${text} into ${out}.  Returns 0, or ERR_CONFIG with the number of
 * the line that is not understood in ${line}.
 */
MUST_CHECK
int config_parse(const char *text, size_t len, struct config *out, unsigned *line);

/* Read the file at ${path}; one that is not there is empty.  Returns 0, or ERR_CONFIG after saying
 * what is wrong. */
MUST_CHECK
int config_load(const char *path, struct config *out);

#endif
