/* SPDX-License-Identifier: MIT */
/*
 * Records what a store does to its files, through hook_vfs.h, and computes what a disk may hold
 * after a power failure: everything up to the last sync of a file; and each later write is there,
 * lost, late or torn at 512 bytes.
 */
#ifndef DISK_TRACE_H
#define DISK_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "hook_vfs.h"
#include "prng.h"

enum { DISK_FILES = 2 }; /* HOOK_DB and HOOK_WAL */

struct disk_image {
    uint8_t *data;
    size_t len, cap;
};

struct disk_trace;

/* Begin to record what is done through HOOK_VFS.  Aborts if memory is short, as all functions
 * here. */
struct disk_trace *disk_trace_start(void);

/* Returns the number of operations so far.  Any thread. */
size_t disk_trace_position(struct disk_trace *t);

/* Stop recording.  The trace stays. */
void disk_trace_stop(struct disk_trace *t);

void disk_trace_free(struct disk_trace *t);

/*
 * Write the two files to ${out} (zeroed or used before) as a power failure right after the first
 * ${cut} operations may leave them, drawn from ${p}.  ${cut} must not decrease in one trace.
 */
void disk_trace_cut(struct disk_trace *t, size_t cut, struct prng *p,
                    struct disk_image out[DISK_FILES]);

void disk_image_free(struct disk_image *image);

#endif
