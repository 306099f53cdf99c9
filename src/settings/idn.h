/* SPDX-License-Identifier: MIT */
/* Host names of other letters in settings (IDNA). */
#ifndef SETTINGS_IDN_H
#define SETTINGS_IDN_H

#include <stdbool.h>

#include "base/buf.h"

/* Whether ${text} has ASCII characters only. */
bool idn_is_ascii(const char *text);

/*
 * Append to ${out} the list ${list} of hosts or addresses, which commas and spaces separate, each
 * host in ASCII and lower case as DNS and browsers have it ("xn--...").  Returns 0; or ERR_INVALID
 * if one is no host or address, or ${out} is full.
 */
MUST_CHECK
int idn_encode_list(const char *list, struct buf *out);

#endif
