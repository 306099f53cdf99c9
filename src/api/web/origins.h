/* SPDX-License-Identifier: MIT */
/* Web addresses in settings: the origins of other pages, and the address of the own page. */
#ifndef API_WEB_ORIGINS_H
#define API_WEB_ORIGINS_H

#include <stdbool.h>

#include "base/compiler.h"

enum { ORIGINS_MAX = 16, ORIGINS_TEXT_MAX = 2047 };

/* Origins as browsers send them: scheme, host in lower case, and a port if there is one. */
struct origins {
    const char *items[ORIGINS_MAX]; /* in text, so the struct must not be copied */
    int count;
    char text[ORIGINS_TEXT_MAX + 1];
};

/*
 * Parse ${list}, which has origins separated by commas and spaces and at most ORIGINS_TEXT_MAX
 * bytes.  "" is none.  Returns 0 or ERR_INVALID.
 */
MUST_CHECK
int origins_parse(const char *list, struct origins *out);

/* The origin in ${all} that is ${origin}, as a browser sends it; or NULL.  "null" never is one. */
const char *origins_find(const struct origins *all, const char *origin);

/* Whether ${address} can be the address of a page: an origin with or without a path. */
bool origins_is_page(const char *address);

#endif
