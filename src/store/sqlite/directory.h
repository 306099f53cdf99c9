/* SPDX-License-Identifier: MIT */
/* The store's directory: made, kept to its owner, and locked against a second process. */
#ifndef STORE_SQLITE_DIRECTORY_H
#define STORE_SQLITE_DIRECTORY_H

#include <stddef.h>

#include "base/compiler.h"

/*
 * Open ${path}, made (0700) if absent, and hold its lock file; then make the empty file ${file}
 * (0600) in it if absent, durably.  Returns 0 with two descriptors, or ERR_STORE (cannot, or
 * another process holds it) with the reason in ${error} and both -1.
 */
MUST_CHECK
int sqlite_directory_open(const char *path, const char *file, int *dir, int *lock, char *error,
                          size_t error_len);

/* Give the lock back and close.  -1 is allowed. */
void sqlite_directory_close(int dir, int lock);

#endif
