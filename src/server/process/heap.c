/* SPDX-License-Identifier: MIT */
/*
 * Wipes every block of the heap when it is freed.  The project's own buffers wipe themselves; this
 * is for the libraries: what SQLite, jansson or OpenSSL copied of a request is gone with the
 * request.  These functions replace those of the C library for every library in the process.
 */
#include <malloc.h>

#include "base/compiler.h"
#include "base/heap.h"

/* Sanitizers bring a heap of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_OF_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define HEAP_OF_SANITIZER
#endif
#endif

#if defined(__GLIBC__) && !defined(HEAP_OF_SANITIZER)

#define EXPORT __attribute__((visibility("default")))

extern void __libc_free(void *p);

EXPORT void
free(void *p) {
    if (p == NULL) return;
    explicit_bzero(p, malloc_usable_size(p));
    __libc_free(p);
}

void
heap_free_wiped(void *p) {
    __libc_free(p);
}

EXPORT void *
realloc(void *p, size_t size) {
    if (p != NULL && size == 0) {
        free(p);
        return NULL;
    }
    return heap_wiping_realloc(p, size);
}

#endif
