/* SPDX-License-Identifier: MIT */
/*
 * What a store does to its files, written down through hook_vfs.h, and what a disk may make of it
 * when the power fails: everything up to the last sync of a file is there; of what came after, each
 * write is there, lost, late or torn at 512 bytes.
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

/* Begin to write down what is done through HOOK_VFS.  Aborts if memory is short, as all here. */
struct disk_trace *disk_trace_start(void);

/* How many operations there were so far.  From any thread. */
size_t disk_trace_position(struct disk_trace *t);

/* Watch no longer; the trace stays. */
void disk_trace_stop(struct disk_trace *t);

void disk_trace_free(struct disk_trace *t);

/*
 * The two files as a power failure right after the first ${cut} operations may leave them, drawn
 * from ${p}, into ${out} (zeroed or used before).  Cuts must not go backwards in one trace.
 */
void disk_trace_cut(struct disk_trace *t, size_t cut, struct prng *p,
                    struct disk_image out[DISK_FILES]);

void disk_image_free(struct disk_image *image);

#endif
