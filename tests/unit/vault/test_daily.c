/* SPDX-License-Identifier: MIT */
/* The limit on the bytes of a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "vault/daily.h"

enum { HOUR = 3600, LIMIT = 1000 };

#define T0 (INT64_C(500000) * HOUR)

static void
a_day_takes_its_limit(void **state) {
    struct daily *d = daily_new(LIMIT);
    (void)state;
    assert_int_equal(daily_limit(d), LIMIT);
    assert_int_equal(daily_take(d, 600, T0), 0);
    assert_int_equal(daily_taken(d, T0 + 23 * HOUR), 600);
    assert_int_equal(daily_take(d, 401, T0), ERR_FULL);
    assert_int_equal(daily_take(d, 400, T0 + 23 * HOUR), 0);
    assert_int_equal(daily_take(d, 0, T0 + 23 * HOUR), 0);
    assert_int_equal(daily_take(d, 1, T0 + 24 * HOUR - 1), ERR_FULL);
    /* The first hour is a day ago. */
    assert_int_equal(daily_taken(d, T0 + 24 * HOUR), 400);
    assert_int_equal(daily_take(d, 600, T0 + 24 * HOUR), 0);
    assert_int_equal(daily_take(d, 1, T0 + 24 * HOUR), ERR_FULL);
    /* A long pause forgets everything. */
    assert_int_equal(daily_take(d, LIMIT, T0 + 1000 * HOUR), 0);
    assert_int_equal(daily_take(d, 1, T0 + 1000 * HOUR), ERR_FULL);
    daily_free(d);
}

static void
what_is_returned_can_be_taken_again(void **state) {
    struct daily *d = daily_new(LIMIT);
    (void)state;
    assert_int_equal(daily_take(d, 600, T0), 0);
    assert_int_equal(daily_take(d, 400, T0 + HOUR), 0);
    daily_return(d, 500, T0 + 2 * HOUR); /* the newest first */
    assert_int_equal(daily_taken(d, T0 + 2 * HOUR), 500);
    assert_int_equal(daily_take(d, 500, T0 + 2 * HOUR), 0);
    daily_return(d, UINT64_MAX, T0 + 2 * HOUR);
    assert_int_equal(daily_taken(d, T0 + 2 * HOUR), 0);
    daily_free(d);
}

static void
a_clock_that_is_set_back_gives_nothing(void **state) {
    struct daily *d = daily_new(LIMIT);
    (void)state;
    assert_int_equal(daily_take(d, LIMIT, T0), 0);
    for (int64_t back = 0; back < 100; back++)
        assert_int_equal(daily_take(d, 1, T0 - back * HOUR), ERR_FULL);
    daily_free(d);
}

static void
sums_do_not_overflow(void **state) {
    struct daily *d = daily_new(UINT64_MAX);
    (void)state;
    assert_int_equal(daily_take(d, UINT64_MAX - 1, T0), 0);
    assert_int_equal(daily_take(d, 2, T0), ERR_FULL);
    assert_int_equal(daily_take(d, UINT64_MAX, T0), ERR_FULL);
    assert_int_equal(daily_take(d, 1, T0), 0);
    daily_free(d);
    daily_free(NULL);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_takes_its_limit),
        cmocka_unit_test(what_is_returned_can_be_taken_again),
        cmocka_unit_test(a_clock_that_is_set_back_gives_nothing),
        cmocka_unit_test(sums_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
