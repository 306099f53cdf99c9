/* SPDX-License-Identifier: MIT */
/* Hexadecimal digits, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/hex.h"

static void
each_digit_has_its_value(void **state) {
    static const char digits[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    int found = 0;
    (void)state;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(hex_digit(digits[i]), i);
        assert_int_equal(hex_digit(upper[i]), i);
    }
    for (int c = -128; c < 128; c++)
        found += hex_digit((char)c) >= 0;
    assert_int_equal(found, 22);
}

static void
every_byte_comes_back(void **state) {
    uint8_t bytes[256], back[256];
    char text[2 * sizeof(bytes) + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;

    hex_write(bytes, sizeof(bytes), text);
    assert_int_equal(strlen(text), 2 * sizeof(bytes));
    assert_memory_equal(text, "000102030405060708090a", 22);
    assert_int_equal(hex_read(text, back, sizeof(back)), 0);
    assert_memory_equal(back, bytes, sizeof(bytes));
}

static void
a_wrong_digit_is_found(void **state) {
    uint8_t out[2];
    (void)state;
    assert_int_equal(hex_read("Ab0F", out, 2), 0);
    assert_memory_equal(out, "\xab\x0f", 2);
    assert_int_equal(hex_read("0g00", out, 2), ERR_INVALID);
    assert_int_equal(hex_read("g000", out, 2), ERR_INVALID);
    assert_int_equal(hex_read("00 1", out, 2), ERR_INVALID);
    assert_int_equal(hex_read("000", out, 2), ERR_INVALID); /* stops at the end of the text */
    assert_int_equal(hex_read("", out, 2), ERR_INVALID);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_digit_has_its_value),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(a_wrong_digit_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
