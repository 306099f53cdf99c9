/* SPDX-License-Identifier: MIT */
/* Folders that a test makes and removes again. */
#ifndef SCRATCH_H
#define SCRATCH_H

enum { SCRATCH_PATH_MAX = 64 };

/* Make an empty folder of mode 0700 under /tmp and write its path to ${path}.  Aborts if
 * it cannot. */
void scratch_make(char path[SCRATCH_PATH_MAX]);

/* The same in memory, where this machine has /dev/shm: for tests to which syncing costs nothing but
 * time. */
void scratch_make_fast(char path[SCRATCH_PATH_MAX]);

/* Remove the folder and all that is in it. */
void scratch_remove(const char *path);

/* How many entries the folder ${path} has, hidden ones included; -1 if it cannot be read. */
int scratch_count_files(const char *path);

#endif
