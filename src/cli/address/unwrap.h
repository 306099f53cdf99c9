/* SPDX-License-Identifier: MIT */
/*
 * Undoing what programs between sender and recipient do to a link: text, quotes and invisible
 * characters around it, encoded characters, and the redirects that mail gateways and chat programs
 * wrap around it.  A wrapper is never asked.  Pure functions.  Any thread.
 */
#ifndef CLI_ADDRESS_UNWRAP_H
#define CLI_ADDRESS_UNWRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/address/link.h"

/*
 * Write to ${out} the address in the ${len} characters at ${text}: from its scheme, or from the
 * first letter or digit where there is none, to the next blank or quote.  Invisible characters are
 * removed.  Returns 0; ERR_INVALID if it is too long or contains NUL.
 */
MUST_CHECK
int unwrap_clean(const char *text, size_t len, char out[static LINK_TEXT_MAX + 1]);

enum unwrap_result {
    UNWRAP_DONE,
    UNWRAP_NOTHING, /* the address wraps no other */
    UNWRAP_BROKEN,  /* it is a wrapper, but the address in it is missing */
};

/* Replace the address ${text} by the one that it wraps, if its host is a known wrapper. */
MUST_CHECK
enum unwrap_result unwrap_known(char text[static LINK_TEXT_MAX + 1]);

/* Replace the address ${text} by one that its query contains, if there is any. */
MUST_CHECK
enum unwrap_result unwrap_any(char text[static LINK_TEXT_MAX + 1]);

/* Decode "%23" and "%2E" in ${text}, which gateways make of '#' and '.', however often encoded. */
void unwrap_marks(char *text);

#endif
