/* SPDX-License-Identifier: MIT */
/*
 * ROMix, the slow part of scrypt (RFC 7914, section 5), for several blocks at once.  Each block is
 * a lane of the vectors of the processor.  A path is the code for one kind of vectors, and has a
 * kernel for one lane and kernels for more.
 */
#ifndef CRYPTO_KDF_LANES_H
#define CRYPTO_KDF_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    LANES_MAX = 8,        /* of any kernel */
    LANES_ALIGNMENT = 64, /* of rows and working memory */
};

struct lanes_path;

/* One block: its 128 * r bytes, and 128 * r * n bytes of memory for it, aligned. */
struct lanes_input {
    uint8_t *block;
    uint8_t *rows;
};

/*
 * Return path ${index} of those that this processor can run, the widest vectors first, or NULL if
 * there are no more.  There is none on a big-endian processor.
 */
const struct lanes_path *lanes_path(unsigned index);

/* Return the name of ${path}: "avx512", "avx2", "sse2", "neon" or "vectors". */
const char *lanes_name(const struct lanes_path *path);

/* Return the most lanes of a kernel of ${path} that has at most ${limit} (at least 1) lanes. */
unsigned lanes_count(const struct lanes_path *path, unsigned limit);

/* Return the bytes of working memory for ${lanes} lanes of blocks of size 128 * ${r}. */
size_t lanes_work_len(unsigned lanes, size_t r);

/*
 * Replace each block of the ${count} (at least 1) inputs ${in} by its ROMix with parameters ${n} (a
 * power of 2, from 2 to 2^31) and ${r} (at least 1), on the kernel of ${path} with the fewest lanes
 * that holds them all.  ${count} is at most lanes_count().  ${work} has lanes_work_len() bytes for
 * lanes_count() lanes.  The caller wipes rows and ${work}.  Any thread.
 */
void lanes_romix(const struct lanes_path *path, const struct lanes_input *in, unsigned count,
                 void *work, size_t n, size_t r);

#endif
