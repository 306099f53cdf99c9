/* SPDX-License-Identifier: MIT */
/* Which web addresses a server is set up with: other origins' pages, and where its own page is. */
#ifndef API_WEB_ORIGINS_H
#define API_WEB_ORIGINS_H

#include <stdbool.h>

#include "base/compiler.h"

enum { ORIGINS_MAX = 16, ORIGINS_TEXT_MAX = 2047 };

/* Origins as browsers send them: scheme, host in lower case, and a port if there is one. */
struct origins {
    const char *items[ORIGINS_MAX]; /* they lie in text: not to be copied */
    int count;
    char text[ORIGINS_TEXT_MAX + 1];
};

/*
 * Read ${list}, origins separated by commas and spaces, of at most ORIGINS_TEXT_MAX bytes; "" for
 * none.  Returns 0, or ERR_INVALID.
 */
MUST_CHECK
int origins_parse(const char *list, struct origins *out);

/* Whether ${address} is where a page can be: an origin, with a path behind it or none. */
bool origins_is_page(const char *address);

#endif
