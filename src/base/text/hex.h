/* SPDX-License-Identifier: MIT */
/*
 * Hexadecimal digits (RFC 4648, section 8).  Written in lower case, read in either.  Any thread.
 */
#ifndef BASE_TEXT_HEX_H
#define BASE_TEXT_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Return the value of the digit ${c}, or -1 if it is not one. */
int hex_digit(char c);

/* Read 2 * ${len} digits at ${text} into ${out}.  Returns 0, or ERR_INVALID if a character is not a
 * digit; ${out} is then partly written. */
MUST_CHECK
int hex_read(const char *text, uint8_t *out, size_t len);

/* Write the ${len} bytes at ${data} as 2 * ${len} digits and a NUL to ${out}. */
void hex_write(const uint8_t *data, size_t len, char *out);

#endif
