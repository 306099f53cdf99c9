/* SPDX-License-Identifier: MIT */
#include "api/web/origins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"

static void
test_lists(void **state) {
    static const struct {
        const char *list;
        int count; /* -1: refused */
        const char *last;
    } cases[] = {
        {"", 0, NULL},
        {"https://a.example", 1, "https://a.example"},
        {"http://localhost:3000", 1, "http://localhost:3000"},
        {"http://[::1]:80", 1, "http://[::1]:80"},
        {"  https://a.example ,https://b.example:8443, ", 2, "https://b.example:8443"},
        {"https://a.example https://b.example", 2, "https://b.example"},
        {" ", -1, NULL},
        {",https://a.example", -1, NULL},
        {"*", -1, NULL},
        {"null", -1, NULL},
        {"https://", -1, NULL},
        {"a.example", -1, NULL},
        {"ftp://a.example", -1, NULL},
        {"https://A.example", -1, NULL}, /* browsers send lower case */
        {"HTTPS://a.example", -1, NULL},
        {"https://a.example/", -1, NULL},
        {"https://a.example?x", -1, NULL},
        {"https://a@b.example", -1, NULL},
        {"https://a.example,null", -1, NULL},
        {"https://a.example\n", -1, NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct origins o;
        int err = origins_parse(cases[i].list, &o);
        if (cases[i].count < 0) {
            assert_int_equal(err, ERR_INVALID);
            continue;
        }
        assert_int_equal(err, 0);
        assert_int_equal(o.count, cases[i].count);
        if (o.count > 0) assert_string_equal(o.items[o.count - 1], cases[i].last);
    }
}

/* Lists of one origin, repeated, each ${len} bytes with its comma. */
static int
parse_many(int count, int len) {
    static char list[2 * ORIGINS_TEXT_MAX];
    struct origins o;
    char *at = list;
    for (int i = 0; i < count; i++)
        at += snprintf(at, (size_t)len + 1, "https://%0*d,", len - 9, i);
    *at = '\0';
    int err = origins_parse(list, &o);
    if (err == 0) assert_int_equal(o.count, count);
    return err;
}

static void
test_bounds(void **state) {
    (void)state;
    assert_int_equal(parse_many(ORIGINS_MAX, 20), 0);
    assert_int_equal(parse_many(ORIGINS_MAX + 1, 20), ERR_INVALID);
    assert_int_equal(parse_many(1, ORIGINS_TEXT_MAX), 0);
    assert_int_equal(parse_many(1, ORIGINS_TEXT_MAX + 1), ERR_INVALID);
}

static void
test_pages(void **state) {
    static const char *const good[] = {"https://a.example", "http://a", "http://[::1]:8080/",
                                       "https://a.example:8443/sub/path/"};
    static const char *const bad[] = {
        "",
        "a.example",
        "https://",
        "https:///path",
        "javascript://a.example/%0aalert(1)",
        "ftp://a.example/",
        "x https://a.example/",
        "https://a.example/?x",
        "https://a.example/#x",
        "https://a.example/ x",
        "https://a.example/\"><x",
        "https://user@a.example/",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(origins_is_page(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(origins_is_page(bad[i]));
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
