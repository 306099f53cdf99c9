/* SPDX-License-Identifier: MIT */
/*
 * Heap functions that wipe what they release, for libraries that hold secrets and let their
 * allocator be set (Jansson, libcurl).  In secretsd every block is wiped when it is freed
 * (server/process/heap.c); these are for the other programs.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

/* Wipe and free ${p}, which malloc(3) returned.  NULL is allowed. */
void heap_wiping_free(void *p);

/* As realloc(3) with a size above 0, but what is moved is wiped where it was. */
void *heap_wiping_realloc(void *p, size_t size);

/*
 * Free ${p}, whose owner has wiped it.  Where every block is wiped when it is freed, this one is
 * not wiped a second time.  NULL is allowed.
 */
void heap_free_wiped(void *p);

#endif
