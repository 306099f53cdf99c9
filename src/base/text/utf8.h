/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629). */
#ifndef BASE_TEXT_UTF8_H
#define BASE_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Return whether the ${len} bytes at ${text} are UTF-8, without overlong forms and surrogates.  NUL
 * bytes are allowed. */
bool utf8_valid(const char *text, size_t len);

/* Decode the first character of the ${len} bytes at ${text} to ${*c}.  Return its length, or 0 with
 * ${*c} 0 if there is none or it is not UTF-8. */
size_t utf8_decode(const char *text, size_t len, uint32_t *c);

/* Return whether the ${len} bytes at ${text}, which are UTF-8, contain a control character:
 * U+0000 to U+001F or U+007F to U+009F. */
bool utf8_has_control(const char *text, size_t len);

/* Return whether ${c} is a space beyond ASCII (category Zs of Unicode). */
bool utf8_is_wide_space(uint32_t c);

#endif
