/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <malloc.h>

#include "base/compiler.h"

/* A program that replaces free() brings a function of its own (server/process/heap.c). */
__attribute__((weak)) void
heap_free_wiped(void *p) {
    free(p);
}

void
heap_wiping_free(void *p) {
    if (p == NULL) return;
    explicit_bzero(p, malloc_usable_size(p));
    heap_free_wiped(p);
}

void *
heap_wiping_realloc(void *p, size_t size) {
    if (p == NULL) return malloc(size);

    /* A block that still fits stays, unless it would waste more than half of its memory. */
    size_t old = malloc_usable_size(p);
    if (size <= old && size >= old / 2) return p;

    void *to = malloc(size);
    if (to == NULL) return NULL;
    memcpy(to, p, old < size ? old : size);
    heap_wiping_free(p);
    return to;
}
