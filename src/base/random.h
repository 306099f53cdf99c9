/* SPDX-License-Identifier: MIT */
/*
 * Random bytes.  The source is passed in, so that a test can repeat a run.  The programs use
 * random_system, which is getrandom(2) and aborts if that fails.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct random {
    void (*fill)(void *ctx, void *out, size_t len); /* any thread; cannot fail */
    void *ctx;
};

/* The random number generator of the kernel. */
extern const struct random random_system;

/* Fill ${out} with ${len} random bytes from ${r}. */
void random_fill(const struct random *r, void *out, size_t len);

/*
 * Return a uniform number from 0 to ${bound} - 1, where ${bound} is at least 1.  There is no modulo
 * bias: a value that would favour a remainder is drawn again.
 */
uint32_t random_below(const struct random *r, uint32_t bound);

#endif
