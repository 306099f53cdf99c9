/* SPDX-License-Identifier: MIT */
/*
 * Heap functions that wipe what they release, for libraries that hold secrets and let their
 * allocator be set (Jansson, libcurl).  In secretsd every block is wiped when it is freed
 * (server/process/heap.c); these are for the other programs, and wipe a second time there.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

/* Wipe and free ${p}, which malloc(3) returned.  NULL is allowed. */
void heap_wiping_free(void *p);

/* As realloc(3) with a size above 0, but what is moved is wiped where it was. */
void *heap_wiping_realloc(void *p, size_t size);

#endif
