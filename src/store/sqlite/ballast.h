/* SPDX-License-Identifier: MIT */
/*
 * A file that only occupies disk space.  When others have filled the disk, the store deletes it, so
 * that views can still be taken, leases ended and secrets burnt: each of these writes a little
 * before it frees anything.
 */
#ifndef STORE_SQLITE_BALLAST_H
#define STORE_SQLITE_BALLAST_H

#include <stdbool.h>

enum {
    SQLITE_BALLAST_SIZE = 4 * 1024 * 1024, /* bytes */
    SQLITE_BALLAST_LOG_PAGES = 512,        /* the log's limit without a ballast: 1 MiB */
};

/*
 * Make the file in the directory ${dir}, or fill it if it is there.  Returns whether it has its
 * whole size on the disk.
 */
bool sqlite_ballast_make(int dir);

/* Delete the file if it is there. */
void sqlite_ballast_remove(int dir);

#endif
