/* SPDX-License-Identifier: MIT */
/* File names.  A name from a sender is not trusted until name_sanitise() cleaned it. */
#ifndef CLI_LOCAL_NAME_H
#define CLI_LOCAL_NAME_H

#include <stddef.h>

#include "base/compiler.h"

enum { NAME_LEN_MAX = 255 };

/*
 * Write to ${out} a safe file name made from the ${len} bytes at ${name}.  Uses only the last
 * component.  Control characters, separators, hidden characters (base/text/hidden.h) and bytes that
 * are not UTF-8 become '_', and every blank becomes a space.  The result is never empty, does not
 * begin with '.', '-', '~' or a blank, and does not end with '.' or a blank.
 */
void name_sanitise(const char *name, size_t len, char out[static NAME_LEN_MAX + 1]);

/* Write to ${out} the ${n}th variant (1, 2, ...) of ${name}: "a-1.txt" for "a.txt". */
void name_variant(const char *name, unsigned n, char out[static NAME_LEN_MAX + 1]);

/* Return the last component of ${path}, a pointer into it. */
const char *name_of_path(const char *path);

#endif
