/* SPDX-License-Identifier: MIT */
#include "crypto/kdf/lanes.h"

/* Unroll the loop that follows.  The arrays in it then live in registers. */
#ifdef __clang__
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 8")
#endif

/* Where word ${i} of a block in the order of the kernels is in its bytes: see lanes_kernel.h. */
#define LANES_AT(i) ((i) / 16 * 64 + (i) % 16 * 5 % 16 * 4)

/* The four words that a vector has of one block, and two times that. */
typedef uint32_t lanes_words __attribute__((vector_size(16)));
typedef uint32_t lanes_two __attribute__((vector_size(32)));

#define LANES_NAME(name) one_##name
#define LANES_TARGET
#define LANES_WIDTH   1
#define LANES_VECTORS 1
#include "crypto/kdf/lanes_kernel.h"

#define LANES_NAME(name) one_two_##name
#define LANES_TARGET
#define LANES_WIDTH   1
#define LANES_VECTORS 2
#include "crypto/kdf/lanes_kernel.h"

#define LANES_NAME(name) one_three_##name
#define LANES_TARGET
#define LANES_WIDTH   1
#define LANES_VECTORS 3
#include "crypto/kdf/lanes_kernel.h"

#ifdef __x86_64__
#define LANES_NAME(name) two_##name
#define LANES_TARGET     __attribute__((target("avx2")))
#define LANES_WIDTH      2
#define LANES_VECTORS    1
#include "crypto/kdf/lanes_kernel.h"

#define LANES_NAME(name) two_two_##name
#define LANES_TARGET     __attribute__((target("avx2")))
#define LANES_WIDTH      2
#define LANES_VECTORS    2
#include "crypto/kdf/lanes_kernel.h"

#define LANES_NAME(name) two_three_##name
#define LANES_TARGET     __attribute__((target("avx2")))
#define LANES_WIDTH      2
#define LANES_VECTORS    3
#include "crypto/kdf/lanes_kernel.h"

/* AVX-512 rotates in one instruction, in short vectors too. */
#define LANES_NAME(name) rotating_##name
#define LANES_TARGET     __attribute__((target("avx512f,avx512vl")))
#define LANES_WIDTH      1
#define LANES_VECTORS    1
#include "crypto/kdf/lanes_kernel.h"

#define LANES_NAME(name) four_##name
#define LANES_TARGET     __attribute__((target("avx512f,avx512vl")))
#define LANES_WIDTH      4
#define LANES_VECTORS    1
#include "crypto/kdf/lanes_kernel.h"

#define LANES_NAME(name) four_two_##name
#define LANES_TARGET     __attribute__((target("avx512f,avx512vl")))
#define LANES_WIDTH      4
#define LANES_VECTORS    2
#include "crypto/kdf/lanes_kernel.h"
#endif

enum { KERNELS_MAX = 4 };

struct lanes_path {
    const char *name;
    bool (*can_run)(void);

    /* From the fewest lanes to the most; the rest is zero. */
    struct {
        unsigned lanes;
        void (*romix)(const struct lanes_input *in, void *work, size_t n, size_t r);
    } kernels[KERNELS_MAX];
};

#ifdef __x86_64__
static bool
has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
}

static bool
has_avx2(void) {
    return __builtin_cpu_supports("avx2");
}
#endif

/* Words in memory are little-endian, so that they need no conversion. */
static bool
is_little_endian(void) {
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

#if defined(__x86_64__)
#define PLAIN_NAME "sse2"
#elif defined(__aarch64__)
#define PLAIN_NAME "neon"
#else
#define PLAIN_NAME "vectors"
#endif

static const struct lanes_path paths[] = {
#ifdef __x86_64__
    {"avx512", has_avx512, {{1, rotating_romix}, {4, four_romix}, {8, four_two_romix}}},
    {"avx2", has_avx2, {{1, one_romix}, {2, two_romix}, {4, two_two_romix}, {6, two_three_romix}}},
#endif
    {PLAIN_NAME, is_little_endian, {{1, one_romix}, {2, one_two_romix}, {3, one_three_romix}}},
};

const struct lanes_path *
lanes_path(unsigned index) {
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        if (paths[i].can_run() && index-- == 0) return &paths[i];
    return NULL;
}

const char *
lanes_name(const struct lanes_path *path) {
    return path->name;
}

unsigned
lanes_count(const struct lanes_path *path, unsigned limit) {
    unsigned most = 1;
    for (size_t i = 0; i < KERNELS_MAX; i++)
        if (path->kernels[i].lanes > most && path->kernels[i].lanes <= limit)
            most = path->kernels[i].lanes;
    return most;
}

size_t
lanes_work_len(unsigned lanes, size_t r) {
    return (size_t)2 * 128 * r * lanes;
}

/* Overwrite the stack that the kernel used: the compiler keeps some vectors there. */
static __attribute__((noinline)) void
wipe_stack(void) {
    uint8_t used[4096];
    explicit_bzero(used, sizeof(used));
}

void
lanes_romix(const struct lanes_path *path, const struct lanes_input *in, unsigned count, void *work,
            size_t n, size_t r) {
    struct lanes_input all[LANES_MAX];
    size_t k = 0;

    while (path->kernels[k].lanes < count)
        k++;

    /* A lane without an input does the work of another one, on the same memory. */
    for (unsigned lane = 0; lane < LANES_MAX; lane++)
        all[lane] = in[lane < count ? lane : 0];

    path->kernels[k].romix(all, work, n, r);
    wipe_stack();
}
