/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"

static bool
taken(const char *text) {
    json_t *value = json_parse_object(text, strlen(text));
    json_decref(value);
    return value != NULL;
}

/* An integer beyond 64 bits makes every number a real, and nothing else is forgiven. */
static void
any_number(void **state) {
    (void)state;
    static const char large[] = "{\"a\":1,\"b\":9223372036854775808}", plain[] = "{\"a\":1}";
    json_t *value = json_parse_any_number(large, strlen(large));
    assert_non_null(value);
    assert_true(json_is_real(json_object_get(value, "a")));
    json_decref(value);

    value = json_parse_any_number(plain, strlen(plain));
    assert_true(json_is_integer(json_object_get(value, "a")));
    json_decref(value);
    assert_null(json_parse_any_number("{\"a\":1", 7));
    assert_null(json_parse_object(large, strlen(large)));
}

static void
objects_in_any_spelling(void **state) {
    (void)state;
    static const char *const good[] = {
        "{}",
        " \t\r\n{ \"a\" : 1 } \n",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"[[[[[[[[[[{{{{{{{{{{\"}",
        "{\"a\":\"\\\"[[[[[[[[[[[[[\"}",
        "{\"a\":[[[[[[[]]]]]]]}",
        "{\"a\":-1.5e-3,\"b\":null,\"c\":true}",
        "{\"\":0}",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!taken(good[i])) fail_msg("refused: %s", good[i]);
}

static void
anything_else_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{",
        "{}}",
        "{}{}",
        "{} x",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":1 // x\n}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":99999999999999999999}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"x\":{\"a\":1,\"b\":2,\"a\":3}}",
        "{\"a\":[[[[[[[[]]]]]]]]}",
        "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xED\xA0\x80\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\n\"}",
        "{\"\\u0000\":1}",
        "\xEF\xBB\xBF{}",
        "]]]]]]]]]][[[[[[[[[[[[[[[[[[",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (taken(bad[i])) fail_msg("taken: %s", bad[i]);
    assert_null(json_parse_object("{}\0", 3));
}

static void
keys_and_nesting_are_bounded(void **state) {
    (void)state;
    for (int keys = JSON_MAX_KEYS; keys <= JSON_MAX_KEYS + 1; keys++) {
        struct buf b = BUF_INIT(4096);
        assert_int_equal(buf_add_text(&b, "{\"in\":[{"), 0);
        for (int i = 0; i < keys; i++)
            assert_int_equal(buf_printf(&b, "%s\"k%d\":%d", i == 0 ? "" : ",", i, i), 0);
        assert_int_equal(buf_add_text(&b, "}]}"), 0);
        assert_int_equal(taken(buf_text(&b)), keys <= JSON_MAX_KEYS);
        buf_free(&b);
    }
    struct buf deep = BUF_INIT(1 << 20);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_add_text(&deep, "{\"a\":"), 0);
    assert_null(json_parse_object(buf_text(&deep), deep.len)); /* without overflowing the stack */
    buf_free(&deep);
}

static void
values_come_back_as_they_were(void **state) {
    (void)state;
    const char text[] = "{\"a\":\"x\\u0000y\",\"n\":-5}";
    struct buf out = BUF_INIT(100), small = BUF_INIT(8);
    json_t *value = json_parse_object(text, strlen(text));
    assert_non_null(value);
    assert_int_equal(json_string_length(json_object_get(value, "a")), 3);
    assert_memory_equal(json_string_value(json_object_get(value, "a")), "x\0y", 3);
    assert_int_equal(json_write(value, &out), 0);
    assert_string_equal(buf_text(&out), text);
    assert_int_equal(json_write(value, &small), ERR_TOO_LARGE);
    assert_int_equal(small.len, 0);
    json_decref(value);
    buf_free(&out);
    buf_free(&small);
}

static void
a_key_that_is_there_twice_is_told(void **state) {
    static const struct {
        const char *text, *twice;
    } cases[] = {
        {"{\"a\":1,\"a\":2}", "a"},
        {"{\"a\":\"\\\"a\\\"\",\"b\":\"\\\\\", \"b\" :2}", "b"},
        {"{\"views\":1,\"view\\u0073\":2}", "view\\u0073"}, /* in the spelling of the text */
        {"{\"x\":{\"in\":1,\"in\":1}}", "in"},
        {"{\"a\":1,\"b\":2}", NULL},
        {"{\"a\":1,\"b\":2", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_twice twice;
        json_t *value = json_parse_fields(cases[i].text, strlen(cases[i].text), &twice);
        if (cases[i].twice == NULL) assert_null(twice.key);
        else {
            assert_null(value);
            assert_int_equal(twice.len, strlen(cases[i].twice));
            assert_memory_equal(twice.key, cases[i].twice, twice.len);
        }
        json_decref(value);
    }
}

/* A small text must not become a large document. */
static void
fields_are_few(void **state) {
    struct json_twice twice;
    struct buf text = BUF_INIT(4096);
    (void)state;
    for (int values = JSON_MAX_VALUES; values <= JSON_MAX_VALUES + 1; values++) {
        buf_reset(&text);
        assert_int_equal(buf_add_text(&text, "{\"a,,[[{{\":[0"), 0); /* two brackets */
        for (int i = 2; i < values; i++)
            assert_int_equal(buf_add_text(&text, ",0"), 0);
        assert_int_equal(buf_add_text(&text, "]}"), 0);
        json_t *value = json_parse_fields(buf_text(&text), text.len, &twice);
        assert_int_equal(value != NULL, values == JSON_MAX_VALUES);
        json_decref(value);
        value = json_parse_object(buf_text(&text), text.len); /* the control */
        assert_non_null(value);
        json_decref(value);
    }
    buf_free(&text);
}

static void
numbers_of_fields_are_reals(void **state) {
    struct json_twice twice;
    (void)state;
    const char text[] = "{\"n\":9223372036854775808,\"m\":-5}";
    assert_null(json_parse_object(text, strlen(text))); /* the control */
    json_t *value = json_parse_fields(text, strlen(text), &twice);
    assert_true(json_real_value(json_object_get(value, "n")) > 9.2e18);
    assert_true(json_is_real(json_object_get(value, "m")));
    json_decref(value);
    assert_null(json_parse_fields("{\"n\":1e999}", 11, &twice));
}

int
main(void) {
    json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_in_any_spelling),
        cmocka_unit_test(any_number),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(keys_and_nesting_are_bounded),
        cmocka_unit_test(values_come_back_as_they_were),
        cmocka_unit_test(a_key_that_is_there_twice_is_told),
        cmocka_unit_test(fields_are_few),
        cmocka_unit_test(numbers_of_fields_are_reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
