/* SPDX-License-Identifier: MIT */
/*
 * Unfinished files, which one run of the program works on and another may find: whose they are is
 * told by a lock, which ends with its process.
 */
#ifndef CLI_LOCAL_LOCKFILE_H
#define CLI_LOCAL_LOCKFILE_H

#include <stdbool.h>

#include "base/compiler.h"

/*
 * Lock the file ${fd}, which was opened for writing as ${path}, until it is closed.  Returns 0;
 * ERR_BUSY if another run has it; ERR_NO_LOCK if nobody can tell, as on a file system without
 * locks; ERR_CONFLICT if ${path} no longer leads to it, or is not its only name: who had it
 * meanwhile finished it, or took it away.
 */
MUST_CHECK
int lockfile_lock(int fd, const char *path);

/*
 * Open ${path}, which is made with mode 0600 where there is none, for writing; while another run
 * has it claimed, wait, up to 20 s or until the program is asked to end.  Returns the descriptor,
 * claimed wherever files can be locked, or -1.
 */
MUST_CHECK
int lockfile_open(const char *path);

/*
 * Remove the file ${path} unless another run is at it; where nobody can tell, if its time is
 * ${over} and so most likely none is.  Returns 0 if there is none any more that could be claimed,
 * ERR_BUSY, or ERR_NO_LOCK: it is still there, and nobody can tell whose.
 */
MUST_CHECK
int lockfile_remove(const char *path, bool over);

#endif
