/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629). */
#ifndef BASE_TEXT_UTF8_H
#define BASE_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* Return whether the ${len} bytes at ${text} are UTF-8, without overlong forms and surrogates.  NUL
 * bytes are allowed. */
bool utf8_valid(const char *text, size_t len);

/* Return whether the ${len} bytes at ${text}, which are UTF-8, contain a control character:
 * U+0000 to U+001F or U+007F to U+009F. */
bool utf8_has_control(const char *text, size_t len);

#endif
