/* SPDX-License-Identifier: MIT */
/*
 * The one place where text becomes a number.  No white space, no sign but a leading '-' where the
 * range allows negatives, no trailing characters, decimal only.
 */
#ifndef BASE_TEXT_PARSE_H
#define BASE_TEXT_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Read the ${len} characters at ${text} as a decimal number in ${min} .. ${max} into ${out}.
 * Returns 0, or ERR_INVALID with ${out} untouched.
 */
MUST_CHECK
int parse_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);

/*
 * The same for a NUL-terminated count of bytes with an optional unit KiB, MiB, GiB or TiB behind
 * it, a space between them allowed ("64 KiB", "1GiB").  Returns as parse_number.
 */
MUST_CHECK
int parse_size(const char *text, int64_t min, int64_t max, int64_t *out);

/* The value of the hexadecimal digit ${c}, of either case; -1 if it is none. */
int parse_hex_digit(char c);

#endif
