/* SPDX-License-Identifier: MIT */
/*
 * Numbers from text.  Every number in the project is read here.  A number is decimal, without white
 * space and trailing characters.  It has a leading '-' only where the range includes negatives.
 */
#ifndef BASE_TEXT_PARSE_H
#define BASE_TEXT_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/*
 * Read the ${len} characters at ${text} as a number from ${min} to ${max} into ${out}.  Returns 0,
 * or ERR_INVALID with ${out} unchanged.
 */
MUST_CHECK
int parse_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);

/*
 * Read the NUL-terminated ${text} as a count of bytes from ${min} to ${max} into ${out}.  A unit
 * (KiB, MiB, GiB or TiB) may follow, with or without a space ("64 KiB", "1GiB").  Returns as
 * parse_number().
 */
MUST_CHECK
int parse_size(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
