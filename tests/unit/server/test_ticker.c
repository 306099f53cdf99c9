/* SPDX-License-Identifier: MIT */
#include "server/process/ticker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000, PATIENCE_MS = 30 * 1000 };

static atomic_int calls;
static atomic_bool hold; /* a call lasts as long as this is set */

static int64_t
call_once(void *ctx) {
    (void)ctx;
    calls++;
    while (hold)
        (void)usleep(1000);
    return HOUR_MS;
}

/* Whether there were ${n} calls, at once or soon. */
static bool
are_called(int n) {
    for (int ms = 0; calls < n && ms < PATIENCE_MS; ms++)
        (void)usleep(1000);
    return calls == n;
}

static void
test_a_call_is_not_waited_for_after_a_wake(void **state) {
    (void)state;
    calls = 0;
    struct ticker *t = ticker_start("test", HOUR_MS, call_once, NULL);
    assert_non_null(t);
    (void)usleep(20 * 1000);
    assert_int_equal(calls, 0);
    ticker_wake(t);
    assert_true(are_called(1));
    (void)usleep(20 * 1000);
    assert_int_equal(calls, 1); /* one wake, one call */
    assert_true(ticker_stop(t, -1));
}

/* Something may have happened after the call has looked: one more follows, however many wakes. */
static void
test_a_wake_during_a_call_is_not_lost(void **state) {
    (void)state;
    calls = 0;
    hold = true;
    struct ticker *t = ticker_start("test", 0, call_once, NULL);
    assert_true(are_called(1));
    ticker_wake(t);
    ticker_wake(t);
    hold = false;
    assert_true(are_called(2));
    assert_true(ticker_stop(t, -1));
    assert_int_equal(calls, 2);
}

static void
test_a_stop_ends_the_wait(void **state) {
    (void)state;
    calls = 0;
    struct ticker *t = ticker_start("test", HOUR_MS, call_once, NULL);
    assert_true(ticker_stop(t, -1));
    assert_int_equal(calls, 0);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_is_not_waited_for_after_a_wake),
        cmocka_unit_test(test_a_wake_during_a_call_is_not_lost),
        cmocka_unit_test(test_a_stop_ends_the_wait),
    };
    return cmocka_run_group_tests_name("ticker", tests, NULL, NULL);
}
