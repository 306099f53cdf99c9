/* SPDX-License-Identifier: MIT */
/*
 * File names.  One that comes from a sender is hostile until it went through here.
 */
#ifndef CLI_LOCAL_NAME_H
#define CLI_LOCAL_NAME_H

#include <stddef.h>

#include "base/compiler.h"

enum { NAME_LEN_MAX = 255 };

/*
 * Write to ${out} the name under which a file may be kept that its sender called the ${len} bytes
 * at ${name}: the last component alone; control, bidi, invisible, separator and invalid characters
 * replaced by '_'; neither hidden nor taken for an option; never empty.
 */
void name_sanitise(const char *name, size_t len, char out[static NAME_LEN_MAX + 1]);

/*
 * Write to ${out} the ${n}th other name (1, 2, ...) for ${name}: "a-1.txt" for "a.txt".  It has at
 * most NAME_LEN_MAX bytes.
 */
void name_variant(const char *name, unsigned n, char out[static NAME_LEN_MAX + 1]);

/* The last component of ${path}, which a name for a receiver is made of. */
const char *name_of_path(const char *path);

#endif
