/* SPDX-License-Identifier: MIT */
/*
 * What the stores of this machine need from the file system.
 *
 * The rule of fsync: after a failed fsync the kernel may drop the pages that it has not written.
 * It reports the failure once, to whichever process asks first, and the next fsync succeeds.  So
 *   - what a failed fsync leaves in doubt is removed, and written again by a retry;
 *   - bytes or names that exist already count as durable only after a new change of them, followed
 *     by an fsync that succeeds.  An fsync of an unchanged file or directory proves nothing.
 */
#ifndef STORE_FS_H
#define STORE_FS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* Bytes that this user can still write to the file system of ${dir}; UINT64_MAX if unknown. */
uint64_t fs_free_space(int dir);

/*
 * Make the names in the directory ${dir} durable as they are now.  Unless the caller has just
 * ${changed} a name, the file ".touch" is made and removed first (the rule of fsync).  Several
 * threads may do this at once.  Returns 0, or -1 with errno set.
 */
MUST_CHECK
int fs_sync_names(int dir, bool changed);

/*
 * Whether the directory ${path} is a volume that was made for this user, as Kubernetes makes them:
 * it belongs to root, who this user is not, and its group or others may enter it.  False if it is
 * not there.
 */
bool fs_is_volume(const char *path);

/* The kind of file system of ${path} if it is one of the network, or one that a host shares, such
 * as "NFS".  Otherwise NULL. */
const char *fs_remote_kind(const char *path);

/*
 * Make the directory ${path} with mode 0700 if it is not there.  A directory that is made here is
 * durable on return, or removed again if it cannot be.  Returns 0, or -1 with errno set.
 */
MUST_CHECK
int fs_make_dir(const char *path);

#endif
