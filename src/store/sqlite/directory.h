/* SPDX-License-Identifier: MIT */
/* The store's directory: created, private to its owner, and locked against a second process. */
#ifndef STORE_SQLITE_DIRECTORY_H
#define STORE_SQLITE_DIRECTORY_H

#include "base/buf.h"

/*
 * Open the directory ${path}, made with mode 0700 if it is not there, and hold its lock file.  Then
 * make the empty file ${file} in it, with mode 0600 and durable, if it is not there.  Returns 0
 * with two descriptors; or ERR_STORE with both -1 and a line added to ${reason} (another process
 * has the lock, or a call failed).
 */
MUST_CHECK
int sqlite_directory_open(const char *path, const char *file, int *dir, int *lock,
                          struct buf *reason);

/* Release the lock and close both descriptors.  -1 is allowed. */
void sqlite_directory_close(int dir, int lock);

#endif
