/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static void
bound_holds_on_every_way_in(void **state) {
    (void)state;
    struct buf b = BUF_INIT(10);
    assert_int_equal(buf_add(&b, "0123456789", 10), 0);
    assert_int_equal(buf_add_byte(&b, 'x'), ERR_TOO_LARGE);
    assert_int_equal(buf_add_text(&b, "x"), ERR_TOO_LARGE);
    assert_int_equal(buf_printf(&b, "%d", 1), ERR_TOO_LARGE);
    assert_null(buf_space(&b, 1));
    assert_null(buf_space(&b, SIZE_MAX));
    assert_int_equal(buf_add(&b, "", 0), 0);
    assert_string_equal(buf_text(&b), "0123456789");
    buf_free(&b);
    assert_int_equal(buf_add(&b, "01234567890", 11), ERR_TOO_LARGE);
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

static void
grows_to_exactly_its_bound(void **state) {
    (void)state;
    for (size_t max = 0; max < 2000; max += 37) {
        struct buf b = BUF_INIT(max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(buf_add_byte(&b, (uint8_t)i), 0);
        assert_int_equal(buf_add_byte(&b, 0), ERR_TOO_LARGE);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(b.data[i], (uint8_t)i);
        buf_free(&b);
    }
}

static void
memory_is_wiped_before_it_goes(void **state) {
    (void)state;
    struct buf b = BUF_INIT(1000);
    assert_int_equal(buf_add_text(&b, "a secret of some length"), 0);
    uint8_t *data = b.data;
    buf_reset(&b);
    for (size_t i = 0; i < 23; i++)
        assert_int_equal(data[i], 0);
    buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.max, 1000);
}

static void
prints_and_compares(void **state) {
    (void)state;
    struct buf a = BUF_INIT(100), b = BUF_INIT(100);
    assert_string_equal(buf_text(&a), "");
    assert_int_equal(buf_printf(&a, "%s-%d", "part", 7), 0);
    assert_true(buf_equals(&a, "part-7", 6));
    assert_false(buf_equals(&a, "part-7", 5));
    assert_false(buf_equals(&a, "part-8", 6));
    assert_true(buf_equals(&b, NULL, 0));
    buf_move(&b, &a);
    assert_true(buf_equals(&b, "part-7", 6));
    assert_null(a.data);
    buf_free(&a);
    buf_free(&b);
    buf_free(NULL);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_holds_on_every_way_in),
        cmocka_unit_test(grows_to_exactly_its_bound),
        cmocka_unit_test(memory_is_wiped_before_it_goes),
        cmocka_unit_test(prints_and_compares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
