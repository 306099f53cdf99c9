/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text/flat.h"
#include "base/text/json.h"
#include "prng.h"

enum { MEMBERS_MAX = 4, ROUNDS = 200000 };

static int
read_copy(const char *text, size_t len, char *copy, struct flat_member *members) {
    memcpy(copy, text, len);
    return flat_read(copy, len, members, MEMBERS_MAX);
}

static void
members_of_a_simple_object(void **state) {
    static const char text[] = "{\"a\":\"x y\", \"bc\" : -120,\t\"\":false\n,\"d\":\"\"}\r\n";
    struct flat_member m[MEMBERS_MAX];
    char copy[sizeof(text)];
    (void)state;

    assert_int_equal(read_copy(text, sizeof(text) - 1, copy, m), 4);
    assert_string_equal(m[0].name, "a");
    assert_int_equal(m[0].kind, FLAT_TEXT);
    assert_string_equal(m[0].text, "x y");
    assert_int_equal(m[0].len, 3);
    assert_string_equal(m[1].name, "bc");
    assert_int_equal(m[1].kind, FLAT_NUMBER);
    assert_int_equal(m[1].number, -120);
    assert_string_equal(m[2].name, "");
    assert_int_equal(m[2].kind, FLAT_BOOL);
    assert_false(m[2].flag);
    assert_string_equal(m[3].text, "");
    assert_int_equal(m[3].len, 0);
    assert_int_equal(read_copy("{ }", 3, copy, m), 0);
}

static void
other_texts_are_not_read(void **state) {
    static const char *const others[] = {
        "",
        "{",
        " {}",
        "{}x",
        "{}{}",
        "[1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{\"a:1}",
        "{\"a\":\"b}",

        /* JSON, but not simple. */
        "{\"a\":null}",
        "{\"a\":{}}",
        "{\"a\":[]}",
        "{\"a\":1.0}",
        "{\"a\":1e3}",
        "{\"a\":1234567890123456}",
        "{\"a\":\"\\n\"}",
        "{\"a\\u0062\":1}",
        "{\"a\":\"\xC3\xA4\"}",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1}",

        /* No JSON. */
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":+1}",
        "{\"a\":truex}",
        "{\"a\":True}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\x7F\"}",
    };
    struct flat_member m[MEMBERS_MAX];
    char copy[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (read_copy(others[i], strlen(others[i]), copy, m) >= 0) fail_msg("read: %s", others[i]);
}

/* Put what JSON is made of together at random. */
static size_t
draw_text(struct prng *p, char *out) {
    static const char *const pieces[] = {"{",    "}",     ",", ":",  "\"a\"", "\"b\"", "\"\"",
                                         "true", "false", "0", "12", "-",     " ",     "\"a\":1,"};
    size_t count = 3 + prng_below(p, 8), len = 1;
    out[0] = '{';
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[prng_below(p, ARRAY_LEN(pieces))];
        memcpy(out + len, piece, strlen(piece));
        len += strlen(piece);
    }
    out[len++] = '}';
    return len;
}

static void
what_is_read_is_json(void **state) {
    struct prng p = {prng_seed()};
    struct flat_member m[MEMBERS_MAX];
    char text[128], copy[128];
    int read = 0;
    (void)state;

    for (int i = 0; i < ROUNDS; i++) {
        struct json_twice twice;
        size_t len = draw_text(&p, text);
        int n = read_copy(text, len, copy, m);
        if (n < 0) continue;
        json_t *doc = json_parse_fields(text, len, &twice);
        if (doc == NULL && twice.key == NULL) fail_msg("no JSON: %.*s", (int)len, text);
        if (doc != NULL) assert_int_equal(json_object_size(doc), n);
        read += n > 0;
        json_decref(doc);
    }
    assert_true(read > 100);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_a_simple_object),
        cmocka_unit_test(other_texts_are_not_read),
        cmocka_unit_test(what_is_read_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
