/* SPDX-License-Identifier: MIT */
/*
 * Every block of the heap is wiped when it is freed.  The project's own buffers do that by
 * themselves; this is for the libraries: what libmicrohttpd, SQLite or OpenSSL copied of a request
 * is gone with the request.  These functions stand in front of the C library's own, for every
 * library in the process.
 */
#include <malloc.h>

#include "base/compiler.h"

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

EXPORT void *
realloc(void *p, size_t size) {
    if (p == NULL) return malloc(size);
    if (size == 0) {
        free(p);
        return NULL;
    }
    size_t have = malloc_usable_size(p);
    if (size <= have && size >= have / 2) return p;
    void *to = malloc(size);
    if (to == NULL) return NULL;
    memcpy(to, p, size < have ? size : have);
    free(p);
    return to;
}

#endif
