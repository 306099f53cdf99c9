/* SPDX-License-Identifier: MIT */
/* The store's directory: created, private to its owner, and locked against a second process. */
#ifndef STORE_SQLITE_DIRECTORY_H
#define STORE_SQLITE_DIRECTORY_H

#include "base/buf.h"

enum {
    SQLITE_DIRECTORY_BALLAST = 4 * 1024 * 1024, /* bytes */
    SQLITE_DIRECTORY_LOG_PAGES = 512,           /* the log's limit without a ballast: 1 MiB */
};

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

/*
 * The ballast is a file that only occupies disk space.  When others have filled the disk, the store
 * deletes it, so that views can still be taken, leases ended and secrets burnt: each of these
 * writes a little before it frees anything.
 *
 * Make it in the directory ${dir}, or fill it if it is there.  Returns whether it has its whole
 * size on the disk.
 */
bool sqlite_directory_make_ballast(int dir);

/* Delete the ballast if it is there. */
void sqlite_directory_drop_ballast(int dir);

#endif
