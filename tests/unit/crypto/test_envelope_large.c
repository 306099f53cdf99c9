/* SPDX-License-Identifier: MIT */
/* A large envelope goes through a sealer and an opener in constant memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/text/json.h"
#include "sealed.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum {
    PATTERN_LEN = 1 << 16,
    MORE_MEMORY_MAX = 8 << 10, /* KiB */
};

/* With sanitizers the test is slow, and memory cannot be compared. */
static const uint64_t size = SANITIZED ? 64 << 20 : 1 << 30;

static uint8_t pattern[PATTERN_LEN];

/* The sink of the sealer, which feeds the opener. */
struct pipe {
    struct envelope_sealer *sealer;
    struct envelope_opener *opener;
    uint64_t sealed, opened;
};

static int
check_content(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct pipe *p = ctx;
    assert_true(offset == p->opened);
    p->opened += len;
    while (len > 0) {
        size_t at = offset % PATTERN_LEN, n = PATTERN_LEN - at < len ? PATTERN_LEN - at : len;
        assert_memory_equal(data, pattern + at, n);
        data += n;
        offset += n;
        len -= n;
    }
    return 0;
}

static int
pass_on(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct pipe *p = ctx;
    assert_true(offset == p->sealed);
    p->sealed += len;
    if (p->opener == NULL)
        p->opener = envelope_opener_new(envelope_sealer_keys(p->sealer), check_content, p);
    return envelope_opener_add(p->opener, data, len);
}

static long
peak_kib(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void
a_gibibyte_passes_in_constant_memory(void **state) {
    (void)state;
    struct pipe p = {0};
    struct envelope_meta meta;
    long before = peak_kib();
    int64_t began = clock_monotonic_ms();
    struct kdf_arena *arena = kdf_arena_new(SEALED_COST);
    assert_int_equal(envelope_meta_set(&meta, size, "large.bin", "application/octet-stream"), 0);
    assert_int_equal(envelope_sealer_new(&p.sealer, &random_system, arena, SEALED_COST,
                                         SEALED_SECRET, strlen(SEALED_SECRET), &meta, pass_on, &p),
                     0);
    for (uint64_t at = 0; at < size; at += PATTERN_LEN)
        assert_int_equal(envelope_sealer_add(p.sealer, pattern, PATTERN_LEN), 0);
    assert_int_equal(envelope_sealer_end(p.sealer), 0);
    assert_int_equal(envelope_opener_end(p.opener), ENVELOPE_OK);
    assert_true(p.opened == size);
    assert_true(p.sealed == envelope_sealer_size(p.sealer));
    envelope_sealer_free(p.sealer);
    envelope_opener_free(p.opener);
    kdf_arena_free(arena);
    printf("%llu MiB sealed and opened in %lld ms, %ld KiB more memory\n",
           (unsigned long long)size >> 20, (long long)(clock_monotonic_ms() - began),
           peak_kib() - before);
    if (!SANITIZED) assert_true(peak_kib() - before < MORE_MEMORY_MAX);
}

int
main(void) {
    json_setup();
    struct prng prng = {prng_seed()};
    struct random r = prng_random(&prng);
    random_fill(&r, pattern, sizeof(pattern));
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_gibibyte_passes_in_constant_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
