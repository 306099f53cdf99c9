/* SPDX-License-Identifier: MIT */
/*
 * Values of a query string, form-decoded once: '+' is a space, %XX a byte.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stddef.h>

#include "base/compiler.h"

/*
 * Find ${name} (compared as it comes, undecoded) in ${query} and decode its value into ${out} of
 * ${out_len} bytes, with a NUL behind.  Returns 1 found; 0 absent; ERR_INVALID if it is there twice
 * or not well encoded or holds a NUL; ERR_TOO_LARGE if it does not fit.
 */
MUST_CHECK
int query_value(const char *query, const char *name, char *out, size_t out_len);

#endif
