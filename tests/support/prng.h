/* SPDX-License-Identifier: MIT */
/*
 * Randomness that a test can repeat: splitmix64.  Not for secrets.
 */
#ifndef TESTS_PRNG_H
#define TESTS_PRNG_H

#include <stdint.h>

#include "base/random.h"

struct prng {
    uint64_t state;
};

/* The next number of ${p}. */
uint64_t prng_next(struct prng *p);

/* The next number below ${bound}. */
uint64_t prng_below(struct prng *p, uint64_t bound);

/* ${p} as the project's source of randomness; it must live as long. */
struct random prng_random(struct prng *p);

/* The seed: TEST_SEED, or a constant.  Prints it. */
uint64_t prng_seed(void);

#endif
