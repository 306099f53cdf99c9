/* SPDX-License-Identifier: MIT */
/*
 * A blob store in a directory: PATH/xx/NAME.K, one file a piece, xx being the first two characters
 * of NAME.  A piece is written under a temporary name in the same folder, fsynced, linked to its
 * name, and the folder fsynced.  Files are 0600, folders 0700, links are never followed.
 */
#ifndef STORE_BLOBS_DIR_H
#define STORE_BLOBS_DIR_H

#include "vault/blobs.h"

/*
 * Open the blob store at ${path}, made if it is not there (its parent must be), and lock it for
 * this process.  What half-written pieces a crash left are removed.  Returns 0 with ${out};
 * ERR_BUSY if another process has it; ERR_NOMEM; or ERR_STORE with errno set.
 */
MUST_CHECK
int blobs_dir_open(const char *path, struct blobs **out);

#endif
