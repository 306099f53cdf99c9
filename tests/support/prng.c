/* SPDX-License-Identifier: MIT */
#include "prng.h"

uint64_t
prng_next(struct prng *p) {
    uint64_t z = p->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t
prng_below(struct prng *p, uint64_t bound) {
    return prng_next(p) % bound;
}

static void
fill(void *ctx, void *out, size_t len) {
    uint8_t *to = out;
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(prng_next(ctx) >> 32);
}

struct random
prng_random(struct prng *p) {
    return (struct random){.fill = fill, .ctx = p};
}

uint64_t
prng_seed(void) {
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20250917;
    printf("TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}
