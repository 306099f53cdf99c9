/* SPDX-License-Identifier: MIT */
/*
 * The configuration file.  Its lines are "name = value"; '#' begins a comment.  A line that cannot
 * be parsed is an error and is never ignored.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdint.h>

#include "cli/address/link.h"

enum { CONFIG_METHOD_MAX = 1024 };

struct config {
    char server[LINK_PAGE_MAX];        /* "" if not set */
    char page[LINK_PAGE_MAX];          /* "" if not set */
    char api_token[CONFIG_METHOD_MAX]; /* how to read that of ${server}; "" if not set */
    int64_t views;                     /* 0 if not set */
    int64_t ttl;                       /* seconds, 0 if not set */
};

/* Parse the ${len} characters at ${text} into ${out}.  Returns 0, or ERR_CONFIG with the number of
 * the invalid line in ${line}. */
MUST_CHECK
int config_parse(const char *text, size_t len, struct config *out, unsigned *line);

/* Parse the file at ${path} into ${out}; a missing file counts as empty.  Returns 0, or ERR_CONFIG
 * after printing an error. */
MUST_CHECK
int config_load(const char *path, struct config *out);

#endif
