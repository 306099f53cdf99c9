/* SPDX-License-Identifier: MIT */
/* What the stores of this machine ask of the file system below them. */
#ifndef STORE_FS_H
#define STORE_FS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* Bytes that this user can still write on the file system of ${dir}; UINT64_MAX if unknown. */
uint64_t fs_free_space(int dir);

/*
 * Let the names in the folder ${dir} be on the disk as they are now.  After a failed sync the
 * system may forget what it had not written, tells so once, to whichever process asks first, and
 * the next sync goes well all the same: one over an unchanged folder proves nothing.  So unless the
 * caller just ${changed} a name, a file ".touch" is made and removed first.  Returns 0, or -1 with
 * errno set.
 */
MUST_CHECK
int fs_sync_names(int dir, bool changed);

/*
 * Let the folder ${path} be there, made with mode 0700 if it is not; what is made is on the disk
 * then, and not there if it cannot be.  Returns 0, or -1 with errno set.
 */
MUST_CHECK
int fs_make_dir(const char *path);

#endif
