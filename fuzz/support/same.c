/* SPDX-License-Identifier: MIT */
/*
 * With FUZZ_SAME in the environment a fuzzer does the same in each run: random numbers, also those
 * of libraries, are a sequence that every run repeats.
 */
#include <jansson.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SEED = 1 };

static bool same;

__attribute__((constructor)) static void
choose_same(void) {
    same = getenv("FUZZ_SAME") != NULL;
    if (!same) return;
    (void)json_object_seed(SEED);
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, SEED, NULL);
}

/* The next number of the sequence (splitmix64).  Any thread. */
static uint64_t
next_number(void) {
    static atomic_uint_least64_t count;
    uint64_t z = (atomic_fetch_add(&count, 1) + SEED) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

ssize_t
getrandom(void *out, size_t len, unsigned flags) {
    if (!same) return syscall(SYS_getrandom, out, len, flags);
    uint8_t *to = out;
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(next_number() >> 56);
    return (ssize_t)len;
}
