/* SPDX-License-Identifier: MIT */
/* Arithmetic on sizes. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stddef.h>

#include "base/compiler.h"

/* The smaller of ${a} and ${b}. */
static inline size_t
size_min(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The larger of ${a} and ${b}. */
static inline size_t
size_max(size_t a, size_t b) {
    return a > b ? a : b;
}

#endif
