/* SPDX-License-Identifier: MIT */
/*
 * A file that does nothing but take room.  On a disk that others have filled it is given up, so
 * that views can still be taken, leases ended and secrets burnt: each of those writes a little
 * before it frees anything.
 */
#ifndef STORE_SQLITE_BALLAST_H
#define STORE_SQLITE_BALLAST_H

#include <stdbool.h>

enum {
    SQLITE_BALLAST_SIZE = 4 * 1024 * 1024, /* bytes */
    SQLITE_BALLAST_LOG_PAGES = 512,        /* that the log may grow to without it: 1 MiB */
};

/* Take the room in the folder ${dir}.  Returns whether it is taken now. */
bool sqlite_ballast_take(int dir);

/* Give it back. */
void sqlite_ballast_give(int dir);

#endif
