/* SPDX-License-Identifier: MIT */
/*
 * A blob store in a directory: PATH/xx/NAME.K, one file a piece, xx being the first two characters
 * of NAME.  A piece is written under a temporary name in the same folder, fsynced, linked to its
 * name, and the folder fsynced.  Files are 0600, folders 0700, links are never followed.
 *
 * After a failed fsync the system forgets what it had not written, and the next fsync goes well all
 * the same.  So what such a failure leaves in doubt is removed, and bytes that were there already
 * are written again before anybody hears that they are durable; a folder that was there already,
 * and the absence of pieces that an erase finds gone, count once an fsync went well after another
 * change beside them (fs_sync_names()).  Should a disk give an erased piece back when the power
 * fails for all that, no record names it: nobody can read it, and the tidying at the next start
 * removes it.
 */
#ifndef STORE_BLOBS_DIRECTORY_H
#define STORE_BLOBS_DIRECTORY_H

#include "vault/blobs.h"

/*
 * Open the blob store at ${path}, made if it is not there (its parent must be), and lock it for
 * this process.  What half-written pieces a crash left are removed.  Nothing is put where less than
 * ${min_free} bytes of the disk would stay free: that is ERR_FULL.  Returns 0 with ${out}; ERR_BUSY
 * if another process has it; ERR_NOMEM; or ERR_STORE with errno set.
 */
MUST_CHECK
int blobs_directory_open(const char *path, uint64_t min_free, struct blobs **out);

#endif
