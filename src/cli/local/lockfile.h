/* SPDX-License-Identifier: MIT */
/*
 * Locks on files that one process works on and another may find, such as unfinished downloads.  A
 * lock ends with its process.
 */
#ifndef CLI_LOCAL_LOCKFILE_H
#define CLI_LOCAL_LOCKFILE_H

#include <stdbool.h>

#include "base/compiler.h"

/*
 * Lock ${fd}, which was opened for writing as ${path}, until it is closed.  Returns 0; ERR_BUSY if
 * another process holds the lock; ERR_NO_LOCK if the file system has no locks; ERR_CONFLICT if
 * ${path} no longer leads to the file or is not its only name, because another process finished or
 * removed it meanwhile.
 */
MUST_CHECK
int lockfile_lock(int fd, const char *path);

/*
 * Open ${path} for writing, creating it with mode 0600, and lock it.  Waits up to 20 s, or until
 * the program is asked to stop, while another process holds the lock.  Returns the descriptor,
 * which is locked unless the file system has no locks, or -1.
 */
MUST_CHECK
int lockfile_open(const char *path);

/*
 * As lockfile_open(), but share the lock with other processes that do so.  Waits only while one of
 * them has taken it.
 */
MUST_CHECK
int lockfile_share(const char *path);

/* Take the lock of ${fd}, which is from lockfile_share(), for this process alone.  Returns false if
 * others share it; true as well if the file system has no locks. */
bool lockfile_take(int fd);

/*
 * Remove ${path} unless another process holds its lock.  Without lock support, remove it only if
 * ${expired}.  Returns 0 if it was removed or did not exist; ERR_BUSY or ERR_NO_LOCK if it is still
 * there.
 */
MUST_CHECK
int lockfile_remove(const char *path, bool expired);

#endif
