/* SPDX-License-Identifier: MIT */
/*
 * Values of a query string, form-decoded once: '+' is a space and %XX is a byte.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stddef.h>

#include "base/compiler.h"

/*
 * Find ${name}, which is compared undecoded, in ${query}, and decode its value into ${out} of
 * ${out_len} bytes, NUL-terminated.  Returns 1 if found; 0 if absent; ERR_INVALID if it occurs
 * twice, is badly encoded or holds a NUL; or ERR_TOO_LARGE if it does not fit.
 */
MUST_CHECK
int query_value(const char *query, const char *name, char *out, size_t out_len);

#endif
