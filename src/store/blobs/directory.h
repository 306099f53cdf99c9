/* SPDX-License-Identifier: MIT */
/*
 * A blob store in a directory: PATH/xx/NAME.K, one file a part, where xx is the first two
 * characters of NAME.  A part is written under a temporary name in the same subdirectory, fsynced,
 * linked to its name, and the subdirectory is fsynced.  Files have mode 0600, directories 0700, and
 * symbolic links are never followed.
 *
 * A failed fsync follows the rule in store/fs.h: a put in doubt is removed, and a put of bytes that
 * are there already, like an erase, changes the subdirectory before it syncs.  A disk that
 * nevertheless gives an erased part back after a power failure has a file that no record names.
 * Nobody can read it, and the next start removes it.
 */
#ifndef STORE_BLOBS_DIRECTORY_H
#define STORE_BLOBS_DIRECTORY_H

#include "vault/blobs.h"

/*
 * Open the blob store at ${path}, which is made if it is not there (its parent must be), and lock
 * it for this process.  The temporary files that a crash left are removed.  put is ERR_FULL where
 * fewer than ${min_free} bytes of the disk would stay free.  Returns 0 with ${out}; ERR_BUSY if
 * another process has it; ERR_NOMEM; or ERR_STORE with errno set.
 */
MUST_CHECK
int blobs_directory_open(const char *path, uint64_t min_free, struct blobs **out);

#endif
