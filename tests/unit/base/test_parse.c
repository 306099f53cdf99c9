/* SPDX-License-Identifier: MIT */
/* Numbers, sizes and UTF-8 from text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "base/text/utf8.h"

static int64_t
number(const char *text, int64_t min, int64_t max) {
    int64_t v = -77;
    int err = parse_number(text, strlen(text), min, max, &v);
    if (err == 0) return v;
    assert_int_equal(err, ERR_INVALID);
    assert_int_equal(v, -77); /* unchanged */
    return -99;
}

static void
numbers_in_their_range(void **state) {
    (void)state;
    assert_int_equal(number("0", 0, 10), 0);
    assert_int_equal(number("10", 0, 10), 10);
    assert_int_equal(number("007", 0, 10), 7);
    assert_int_equal(number("-10", -10, 10), -10);
    assert_true(number("9223372036854775807", 0, INT64_MAX) == INT64_MAX);
    assert_true(number("-9223372036854775808", INT64_MIN, 0) == INT64_MIN);
    int64_t v = 0;
    assert_int_equal(parse_number("123", 2, 0, 50, &v), 0);
    assert_int_equal(v, 12);
}

static void
anything_else_is_no_number(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "1 ",
        " 1",
        "+1",
        "-",
        "--1",
        "1.0",
        "1e3",
        "0x10",
        "1,",
        "1\n",
        "-11",
        "1001",
        "nan",
        "one",
        "1-",
        "٣",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (number(bad[i], -10, 1000) != -99) fail_msg("taken: %s", bad[i]);
    assert_int_equal(number("-1", 0, 10), -99);
    assert_int_equal(number("-0", 0, 10), -99);
}

static int64_t
size(const char *text) {
    int64_t v = -77;
    if (parse_size(text, 1, INT64_C(1) << 50, &v) == 0) return v;
    return -99;
}

static void
sizes_with_units(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",          "KiB",    "1KB",   "1kib", "1 KiB ",  "1  KiB", "1 ",
        "-1",        "1.5KiB", "1KiBx", "0",    "2000TiB", "1 K",    "9223372036854775807TiB",
        "8388608TiB"};
    assert_int_equal(size("512"), 512);
    assert_int_equal(size("64 KiB"), 65536);
    assert_int_equal(size("1MiB"), 1 << 20);
    assert_int_equal(size("10 GiB"), INT64_C(10) << 30);
    assert_int_equal(size("1TiB"), INT64_C(1) << 40);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (size(bad[i]) != -99) fail_msg("taken: %s", bad[i]);
}

/* Encode a code point without checking that it is valid. */
static size_t
put_utf8(uint32_t c, size_t len, char *out) {
    static const uint8_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[len] | c);
    return len;
}

static void
utf8_of_every_code_point(void **state) {
    (void)state;
    char text[5];
    for (uint32_t c = 0; c < 0x120000; c++) {
        size_t shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        bool may = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
        for (size_t len = shortest; len <= 4; len++)
            if (utf8_valid(text, put_utf8(c, len, text)) != (may && len == shortest))
                fail_msg("U+%X in %zu bytes", (unsigned)c, len);
        if (shortest > 1)
            assert_false(utf8_valid(text, put_utf8(c, shortest, text) - 1)); /* cut short */
    }
}

static void
utf8_broken_in_other_ways(void **state) {
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "a\xBF",
                                      "\xC3",
                                      "\xC3(",
                                      "\xE2\x82",
                                      "\xFE",
                                      "\xFF",
                                      "\xF8\x88\x80\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xC0\x80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("a\0b", 3));
}

static void
control_characters_are_seen(void **state) {
    (void)state;
    char text[5];
    for (uint32_t c = 0; c < 0x3000; c++) {
        size_t len = put_utf8(c, c < 0x80 ? 1 : c < 0x800 ? 2 : 3, text);
        assert_int_equal(utf8_has_control(text, len), c < 0x20 || (c >= 0x7F && c < 0xA0));
    }
    assert_true(utf8_has_control("name\x7F", 5));
    assert_false(utf8_has_control("na\xC3\xAFve", 6));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_in_their_range),    cmocka_unit_test(anything_else_is_no_number),
        cmocka_unit_test(sizes_with_units),          cmocka_unit_test(utf8_of_every_code_point),
        cmocka_unit_test(utf8_broken_in_other_ways), cmocka_unit_test(control_characters_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
