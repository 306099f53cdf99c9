/* SPDX-License-Identifier: MIT */
/* Directories that a test makes and removes. */
#ifndef SCRATCH_H
#define SCRATCH_H

enum { SCRATCH_PATH_MAX = 64 };

/* Make an empty directory of mode 0700 under /tmp and write its path to ${path}.  Aborts on an
 * error. */
void scratch_make(char path[SCRATCH_PATH_MAX]);

/* The same in memory, if this machine has /dev/shm, for tests that do not depend on the disk. */
void scratch_make_fast(char path[SCRATCH_PATH_MAX]);

/* Remove the directory ${path} and everything in it. */
void scratch_remove(const char *path);

/* Returns the number of entries of the directory ${path}, hidden ones included; -1 if it cannot be
 * read. */
int scratch_count_files(const char *path);

#endif
