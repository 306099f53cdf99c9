/* SPDX-License-Identifier: MIT */
/*
 * Randomness is passed in, so that a test can repeat a run.  Everything that ships uses
 * random_system: getrandom(2), and abort where that fails, for there is nothing safe to do instead.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct random {
    void (*fill)(void *ctx, void *out, size_t len); /* safe from any thread; cannot fail */
    void *ctx;
};

/* The system's CSPRNG. */
extern const struct random random_system;

/* Fill ${out} with ${len} random bytes of ${r}. */
void random_fill(const struct random *r, void *out, size_t len);

/*
 * A uniform number in 0 .. ${bound} - 1, bound >= 1, without modulo bias (values that would favour
 * some remainder are drawn again).
 */
uint32_t random_below(const struct random *r, uint32_t bound);

#endif
