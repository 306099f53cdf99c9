/* SPDX-License-Identifier: MIT */
#ifndef BASE_TEXT_UTF8_H
#define BASE_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* Whether the ${len} bytes at ${text} are UTF-8 by RFC 3629: no overlong form, no surrogate, no NUL
 * check. */
bool utf8_valid(const char *text, size_t len);

/* Whether the ${len} bytes hold a control character: U+0000..U+001F, U+007F or U+0080..U+009F. */
bool utf8_has_control(const char *text, size_t len);

#endif
