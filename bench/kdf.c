/* SPDX-License-Identifier: MIT */
/*
 * Derive classic keys on one thread with each path that this processor can run, next to
 * libscrypt-kdf.  The paths take turns within a round, so that whatever else the machine does meets
 * all of them.  Prints the median processor time of a key, and how many keys libscrypt-kdf would
 * need to be slower by to take as long.
 *
 *   build/bench/kdf [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text/parse.h"
#include "crypto/kdf/internal.h"

enum { ROUNDS_MAX = 101, COLUMNS_MAX = 16 };

/* One line of the result: some lanes of a path. */
struct column {
    struct kdf_arena *arena;
    const char *name;
    unsigned count;
    double ms[ROUNDS_MAX]; /* of one key */
};

static double
processor_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
compare_times(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Return the milliseconds of processor time that a key takes. */
static double
time_keys(struct column *c) {
    static const uint8_t salt[16] = "a salt of 16";
    uint8_t keys[LANES_MAX][32];
    struct kdf_input in[LANES_MAX];
    double from = processor_ms();

    for (unsigned i = 0; i < c->count; i++)
        in[i] = (struct kdf_input){"a passphrase of 32 characters...", 32, salt, 16, keys[i], 32};
    if (kdf_derive_all(c->arena, KDF_CLASSIC, in, c->count) != 0) abort();
    return (processor_ms() - from) / c->count;
}

/* Add a line for ${count} lanes of ${path}. */
static void
add_column(struct column *columns, size_t *n, const struct lanes_path *path, unsigned count) {
    struct column *c = &columns[(*n)++];
    c->arena = kdf_arena_make(path, KDF_CLASSIC, count);
    c->count = count;
    c->name = "libscrypt-kdf";
    if (path != NULL) c->name = lanes_name(path);
    if (c->arena == NULL) abort();
}

int
main(int argc, char **argv) {
    static struct column columns[COLUMNS_MAX];
    size_t n = 0;
    int64_t rounds = 11;
    if (argc > 1 && parse_number(argv[1], strlen(argv[1]), 1, ROUNDS_MAX, &rounds) != 0) return 2;

    add_column(columns, &n, NULL, 1);
    for (unsigned i = 0; lanes_path(i) != NULL; i++)
        for (unsigned count = 1; count <= LANES_MAX; count++)
            if (lanes_count(lanes_path(i), count) == count)
                add_column(columns, &n, lanes_path(i), count);

    for (int64_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < n; i++)
            columns[i].ms[round] = time_keys(&columns[i]);

    for (size_t i = 0; i < n; i++)
        qsort(columns[i].ms, (size_t)rounds, sizeof(double), compare_times);
    for (size_t i = 0; i < n; i++) {
        double ms = columns[i].ms[rounds / 2];
        printf("%-14s %u at once  %6.2f ms a key, %6.1f keys/s a core, %5.2f times libscrypt-kdf\n",
               columns[i].name, columns[i].count, ms, 1000 / ms, columns[0].ms[rounds / 2] / ms);
        kdf_arena_free(columns[i].arena);
    }
    return 0;
}
