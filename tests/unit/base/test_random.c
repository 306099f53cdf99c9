/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prng.h"

enum { DRAWS = 90000, BINS = 3 };

/* The bound for which a plain modulo is most biased: the lower third would be twice as likely. */
#define UNFAIR_BOUND UINT32_C(0xC0000000)

static uint32_t
plain_modulo(const struct random *r, uint32_t bound) {
    uint32_t v;
    random_fill(r, &v, sizeof(v));
    return v % bound;
}

/* Chi-square of ${DRAWS} draws over ${BINS} equal bins; above 13.8 happens once in a thousand. */
static double
chi_square(uint32_t (*draw)(const struct random *, uint32_t), const struct random *r) {
    double sum = 0, want = (double)DRAWS / BINS;
    unsigned counts[BINS] = {0};
    for (unsigned i = 0; i < DRAWS; i++)
        counts[draw(r, UNFAIR_BOUND) / (UNFAIR_BOUND / BINS)]++;
    for (unsigned i = 0; i < BINS; i++)
        sum += ((double)counts[i] - want) * ((double)counts[i] - want) / want;
    return sum;
}

static void
no_number_is_favoured(void **state) {
    (void)state;
    struct prng p = {prng_seed()};
    struct random r = prng_random(&p);
    double fair = chi_square(random_below, &r), unfair = chi_square(plain_modulo, &r);
    printf("chi-square %.1f; of a plain modulo %.1f\n", fair, unfair);
    assert_true(fair < 13.8);
    assert_true(unfair > 1000); /* negative control */
}

static void
every_bound_is_kept_and_reached(void **state) {
    (void)state;
    struct prng p = {prng_seed()};
    struct random r = prng_random(&p);
    for (uint32_t bound = 1; bound < 40; bound++) {
        uint64_t seen = 0;
        for (int i = 0; i < 2000; i++) {
            uint32_t v = random_below(&r, bound);
            assert_true(v < bound);
            seen |= UINT64_C(1) << v;
        }
        assert_true(seen == (UINT64_C(1) << bound) - 1);
    }
    for (int i = 0; i < 100; i++)
        assert_true(random_below(&r, UINT32_MAX) < UINT32_MAX);
}

/* Two values at the top, which must be rejected, and one that is kept. */
static void
scripted_fill(void *ctx, void *out, size_t len) {
    static const uint32_t values[] = {UINT32_MAX, UINT32_MAX - 1, 5};
    unsigned *at = ctx;
    assert_int_equal(len, sizeof(uint32_t));
    memcpy(out, &values[(*at)++], len);
}

static void
values_of_the_broken_last_turn_are_drawn_again(void **state) {
    (void)state;
    unsigned at = 0;
    struct random r = {.fill = scripted_fill, .ctx = &at};
    assert_int_equal(random_below(&r, 10), 5);
    assert_int_equal(at, 3);
}

static void
the_system_gives_different_bytes(void **state) {
    (void)state;
    uint8_t a[1000] = {0}, b[1000] = {0};
    random_fill(&random_system, a, sizeof(a));
    random_fill(&random_system, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    unsigned zeros = 0;
    for (size_t i = 0; i < sizeof(a); i++)
        zeros += a[i] == 0;
    assert_true(zeros < 50); /* the whole buffer was filled */
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_number_is_favoured),
        cmocka_unit_test(every_bound_is_kept_and_reached),
        cmocka_unit_test(values_of_the_broken_last_turn_are_drawn_again),
        cmocka_unit_test(the_system_gives_different_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
