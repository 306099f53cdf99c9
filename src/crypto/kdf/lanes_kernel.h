/* SPDX-License-Identifier: MIT */
/*
 * One kernel: ROMix of RFC 7914, section 5, for LANES_WIDTH * LANES_VECTORS blocks at once.
 * lanes.c includes this file once for each kernel.  Before that it defines
 *
 *   LANES_NAME(name)  the name of a function or a type of this kernel;
 *   LANES_TARGET      the attribute that permits the instructions of the vectors;
 *   LANES_WIDTH       blocks in a vector: 1, 2 or 4;
 *   LANES_VECTORS     vectors that are computed side by side, so that the processor works on one
 *                     while another waits for its last operation: 1, 2 or 3.
 *
 * Salsa20/8 sees 64 bytes as a matrix of 4 times 4 words.  Each of its diagonals is kept in four
 * adjacent words of a vector, so that a quarter round is the same operation on each word.  The rows
 * in memory have the same order, but belong to one block each: a row is read in one piece.
 */
#define kernel_vector LANES_NAME(vector)
#define kernel_salsa  LANES_NAME(salsa)
#define kernel_put    LANES_NAME(put)
#define kernel_take   LANES_NAME(take)
#define kernel_mix    LANES_NAME(mix)
#define kernel_select LANES_NAME(select)
#define kernel_word   LANES_NAME(word)
#define kernel_romix  LANES_NAME(romix)
#define KERNEL_INLINE LANES_TARGET static inline __attribute__((always_inline))

typedef uint32_t kernel_vector __attribute__((vector_size(16 * LANES_WIDTH)));

/* The order ${a}, ${b}, ${c}, ${d} for the four words of each block in a vector. */
#if LANES_WIDTH == 1
#define KERNEL_ORDER(a, b, c, d) a, b, c, d
#elif LANES_WIDTH == 2
#define KERNEL_ORDER(a, b, c, d) a, b, c, d, a + 4, b + 4, c + 4, d + 4
#else
#define KERNEL_ORDER(a, b, c, d)                                                                   \
    a, b, c, d, a + 4, b + 4, c + 4, d + 4, a + 8, b + 8, c + 8, d + 8, a + 12, b + 12, c + 12,    \
        d + 12
#endif

#define KERNEL_REORDER(x, a, b, c, d) x = __builtin_shufflevector(x, x, KERNEL_ORDER(a, b, c, d))

/* For each vector s: x[s][to] ^= (x[s][a] + x[s][b]) rotated left by ${n}. */
#define KERNEL_QUARTER(to, a, b, n)                                                                \
    LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {                                      \
        kernel_vector sum = x[s][a] + x[s][b];                                                     \
        x[s][to] ^= (sum << (n)) | (sum >> (32 - (n)));                                            \
    }

/* Salsa20/8 of each block in ${x}. */
KERNEL_INLINE void
kernel_salsa(kernel_vector x[LANES_VECTORS][4]) {
    kernel_vector before[LANES_VECTORS][4];

    LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
        LANES_UNROLL for (size_t k = 0; k < 4; k++) before[s][k] = x[s][k];
    }

    LANES_UNROLL for (size_t i = 0; i < 8; i += 2) {
        KERNEL_QUARTER(1, 0, 3, 7)
        KERNEL_QUARTER(2, 1, 0, 9)
        KERNEL_QUARTER(3, 2, 1, 13)
        KERNEL_QUARTER(0, 3, 2, 18)

        /* From columns to rows. */
        LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
            KERNEL_REORDER(x[s][1], 3, 0, 1, 2);
            KERNEL_REORDER(x[s][2], 2, 3, 0, 1);
            KERNEL_REORDER(x[s][3], 1, 2, 3, 0);
        }

        KERNEL_QUARTER(3, 0, 1, 7)
        KERNEL_QUARTER(2, 3, 0, 9)
        KERNEL_QUARTER(1, 2, 3, 13)
        KERNEL_QUARTER(0, 1, 2, 18)

        LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
            KERNEL_REORDER(x[s][1], 1, 2, 3, 0);
            KERNEL_REORDER(x[s][2], 2, 3, 0, 1);
            KERNEL_REORDER(x[s][3], 3, 0, 1, 2);
        }
    }

    LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
        LANES_UNROLL for (size_t k = 0; k < 4; k++) x[s][k] += before[s][k];
    }
}

/* Store the part of each block of ${v} at offset ${at} of the row of that block. */
KERNEL_INLINE void
kernel_put(uint8_t *const *rows, size_t at, const kernel_vector *v) {
#if LANES_WIDTH == 1
    *(kernel_vector *)(rows[0] + at) = *v;
#else
    *(lanes_words *)(rows[0] + at) = __builtin_shufflevector(*v, *v, 0, 1, 2, 3);
    *(lanes_words *)(rows[1] + at) = __builtin_shufflevector(*v, *v, 4, 5, 6, 7);
#endif
#if LANES_WIDTH == 4
    *(lanes_words *)(rows[2] + at) = __builtin_shufflevector(*v, *v, 8, 9, 10, 11);
    *(lanes_words *)(rows[3] + at) = __builtin_shufflevector(*v, *v, 12, 13, 14, 15);
#endif
}

/* The reverse of kernel_put(): XOR what is at offset ${at} of the rows into ${v}. */
KERNEL_INLINE void
kernel_take(uint8_t *const *rows, size_t at, kernel_vector *v) {
    lanes_words first = *(const lanes_words *)(rows[0] + at);
#if LANES_WIDTH == 1
    *v ^= first;
#else
    lanes_words second = *(const lanes_words *)(rows[1] + at);
    lanes_two low = __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7);
#if LANES_WIDTH == 2
    *v ^= low;
#else
    lanes_words third = *(const lanes_words *)(rows[2] + at);
    lanes_words fourth = *(const lanes_words *)(rows[3] + at);
    lanes_two high = __builtin_shufflevector(third, fourth, 0, 1, 2, 3, 4, 5, 6, 7);
    *v ^= __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
#endif
}

/*
 * BlockMix from ${in} to ${out}, which are [2 * r][LANES_VECTORS][4].  First ${in} is stored in
 * ${rows}, or if ${reading} it is changed by XOR with the rows.
 */
KERNEL_INLINE void
kernel_mix(const kernel_vector *in, kernel_vector *out, uint8_t *const *rows, size_t r,
           bool reading) {
    const size_t step = (size_t)4 * LANES_VECTORS;
    kernel_vector x[LANES_VECTORS][4];

    LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
        LANES_UNROLL for (size_t k = 0; k < 4; k++) {
            x[s][k] = in[(2 * r - 1) * step + s * 4 + k];
            if (reading) kernel_take(rows + s * LANES_WIDTH, (2 * r - 1) * 64 + k * 16, &x[s][k]);
        }
    }

    for (size_t i = 0; i < 2 * r; i++) {
        LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
            LANES_UNROLL for (size_t k = 0; k < 4; k++) {
                const kernel_vector *v = &in[i * step + s * 4 + k];
                x[s][k] ^= *v;
                if (reading) kernel_take(rows + s * LANES_WIDTH, i * 64 + k * 16, &x[s][k]);
                else kernel_put(rows + s * LANES_WIDTH, i * 64 + k * 16, v);
            }
        }

        kernel_salsa(x);

        /* The even blocks come first, then the odd ones. */
        kernel_vector *to = out + (i / 2 + (i % 2) * r) * step;
        LANES_UNROLL for (size_t s = 0; s < LANES_VECTORS; s++) {
            LANES_UNROLL for (size_t k = 0; k < 4; k++) to[s * 4 + k] = x[s][k];
        }
    }
}

/* Where word ${k} of block ${i} (of 64 bytes) of ${lane} is in ${x}. */
KERNEL_INLINE uint32_t *
kernel_word(kernel_vector *x, size_t lane, size_t i, size_t k) {
    size_t vector = (i * LANES_VECTORS + lane / LANES_WIDTH) * 4 + k / 4;
    return (uint32_t *)(x + vector) + lane % LANES_WIDTH * 4 + k % 4;
}

/* Set ${rows} to those that ${x} names (Integerify), and begin to fetch them. */
KERNEL_INLINE void
kernel_select(kernel_vector *x, uint8_t **rows, const struct lanes_input *in, size_t n, size_t r) {
    for (size_t lane = 0; lane < LANES_WIDTH * LANES_VECTORS; lane++)
        rows[lane] = in[lane].rows + (*kernel_word(x, lane, 2 * r - 1, 0) & (n - 1)) * 128 * r;

    /* The last 64 bytes are needed first. */
    for (size_t lane = 0; lane < LANES_WIDTH * LANES_VECTORS; lane++)
        __builtin_prefetch(rows[lane] + 128 * r - 64);
    for (size_t at = 0; at < 128 * r - 64; at += 64)
        for (size_t lane = 0; lane < LANES_WIDTH * LANES_VECTORS; lane++)
            __builtin_prefetch(rows[lane] + at);
}

/* ROMix of each block of ${in}, in place. */
LANES_TARGET static void
kernel_romix(const struct lanes_input *in, void *work, size_t n, size_t r) {
    kernel_vector *x = work, *y = x + 2 * r * 4 * LANES_VECTORS;
    uint8_t *rows[LANES_WIDTH * LANES_VECTORS];

    for (size_t lane = 0; lane < LANES_WIDTH * LANES_VECTORS; lane++) {
        rows[lane] = in[lane].rows;
        for (size_t i = 0; i < 2 * r * 16; i++)
            memcpy(kernel_word(x, lane, i / 16, i % 16), in[lane].block + LANES_AT(i), 4);
    }

    /* Two steps at a time, from x to y and back. */
    for (size_t i = 0; i < 2 * n; i++) {
        if (i >= n) kernel_select(x, rows, in, n, r);
        if (i >= n) kernel_mix(x, y, rows, r, true);
        else kernel_mix(x, y, rows, r, false);

        kernel_vector *swap = x;
        x = y;
        y = swap;

        for (size_t lane = 0; i < n && lane < LANES_WIDTH * LANES_VECTORS; lane++)
            rows[lane] += 128 * r;
    }

    for (size_t lane = 0; lane < LANES_WIDTH * LANES_VECTORS; lane++)
        for (size_t i = 0; i < 2 * r * 16; i++)
            memcpy(in[lane].block + LANES_AT(i), kernel_word(x, lane, i / 16, i % 16), 4);
}

#undef kernel_vector
#undef kernel_salsa
#undef kernel_put
#undef kernel_take
#undef kernel_mix
#undef kernel_select
#undef kernel_word
#undef kernel_romix
#undef KERNEL_INLINE
#undef KERNEL_ORDER
#undef KERNEL_REORDER
#undef KERNEL_QUARTER
#undef LANES_NAME
#undef LANES_TARGET
#undef LANES_WIDTH
#undef LANES_VECTORS
