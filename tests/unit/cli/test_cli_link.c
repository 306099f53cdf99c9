/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "cli/transfer/link.h"

#define ID  "AbCdEfGhIjKlMnOpQrStUv"
#define KEY "0123456789abcdefghijklmnopqrstuv"

static const struct {
    const char *text, *page, *id, *key;
    enum link_kind kind;
} good[] = {
    {"https://h/#" ID "." KEY, "https://h/", ID, KEY, LINK_SEALED},
    {"https://h/#" ID, "https://h/", ID, "", LINK_SEALED},
    {"https://h#" ID "." KEY, "https://h/", ID, KEY, LINK_SEALED},
    {"HTTPS://h:8443/a/b/#" ID "." KEY, "https://h:8443/a/b/", ID, KEY, LINK_SEALED},
    {"http://[::1]:80/p.html#" ID, "http://[::1]:80/p.html", ID, "", LINK_SEALED},
    {"https://h/%23" ID "." KEY, "https://h/", ID, KEY, LINK_SEALED},
    {"https://h/%23" ID "%2E" KEY "?x=1", "https://h/", ID, KEY, LINK_SEALED},
    {"https://h/?utm=1&b=2#" ID "." KEY, "https://h/", ID, KEY, LINK_SEALED},
    {"https://h/#" ID "." KEY "&fbclid=1#", "https://h/", ID, KEY, LINK_SEALED},
    {" <https://h/#" ID "." KEY ">\n", "https://h/", ID, KEY, LINK_SEALED},
    {"https://h/#" ID "." KEY ".", "https://h/", ID, KEY, LINK_SEALED},
    {ID "." KEY, "", ID, KEY, LINK_SEALED},
    {ID, "", ID, "", LINK_SEALED},
    {"https://h/secret/0123456789abcdef", "https://h/", "0123456789abcdef", "", LINK_CLASSIC},
    {"https://h/sub/secret/0123456789abcdef?x", "https://h/sub/", "0123456789abcdef", "",
     LINK_CLASSIC},
};

static const char *const bad[] = {
    "",
    "#",
    "https://h/",
    "https://h/#",
    "ftp://h/#" ID "." KEY,
    "https:///#" ID "." KEY,
    "https://user@h/#" ID "." KEY,
    "https://h/#" ID "." KEY "x",
    "https://h/#" ID ".0123456789abcdefghijklmnopqrstu",
    "https://h/#" ID "x." KEY,
    "https://h/#short." KEY,
    "https://h/#" ID "." KEY "-",
    "https://h/#" ID "-" KEY,
    "https://h h/#" ID "." KEY,
    "https://h\x1b/#" ID "." KEY,
    "https://h/secret/0123456789abcde",
    "https://h/secret/0123456789abcdefg",
    "not a link",
};

static void
test_good(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct link l;
        print_message("%s\n", good[i].text);
        assert_int_equal(link_parse(good[i].text, strlen(good[i].text), &l), 0);
        assert_string_equal(l.page, good[i].page);
        assert_string_equal(l.id, good[i].id);
        assert_string_equal(l.key, good[i].key);
        assert_int_equal(l.kind, good[i].kind);
    }
}

static void
test_bad(void **state) {
    static const char zero[sizeof(struct link)];
    static char huge[LINK_TEXT_MAX + 2];
    struct link l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        print_message("%s\n", bad[i]);
        memset(&l, 1, sizeof(l));
        assert_int_equal(link_parse(bad[i], strlen(bad[i]), &l), ERR_INVALID);
        assert_memory_equal(&l, zero, sizeof(l)); /* nothing of the key is left */
    }
    memset(huge, 'a', sizeof(huge) - 1);
    assert_int_equal(link_parse(huge, sizeof(huge) - 1, &l), ERR_INVALID);
    assert_int_equal(link_parse("https://h/#\0" ID, 12 + 22, &l), ERR_INVALID);
}

static void
test_built_links_parse(void **state) {
    struct buf b = BUF_INIT(200);
    struct link l;
    (void)state;
    assert_int_equal(link_build("https://h/x/", ID, KEY, &b), 0);
    assert_string_equal(buf_text(&b), "https://h/x/#" ID "." KEY);
    assert_int_equal(link_parse((char *)b.data, b.len, &l), 0);
    assert_string_equal(l.page, "https://h/x/");
    buf_reset(&b);
    assert_int_equal(link_build("https://h/", ID, NULL, &b), 0);
    assert_string_equal(buf_text(&b), "https://h/#" ID);
    buf_free(&b);
}

static void
test_addresses(void **state) {
    static const char *const refused[] = {
        "",          "h",           "https://",     "https:///",   "http://:",
        "file:///x", "https://a@b", "https://h/?x", "https://h/#x"};
    char out[LINK_PAGE_MAX];
    (void)state;
    assert_int_equal(link_address("https://h", 9, out), 0);
    assert_string_equal(out, "https://h/");
    assert_int_equal(link_address("https://h/a/", 12, out), 0);
    assert_string_equal(out, "https://h/a/");
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_int_equal(link_address(refused[i], strlen(refused[i]), out), ERR_INVALID);
}

static void
test_exposure(void **state) {
    (void)state;
    assert_false(link_is_exposed("https://h/"));
    assert_false(link_is_exposed("http://127.0.0.1:80/"));
    assert_false(link_is_exposed("http://localhost/"));
    assert_false(link_is_exposed("http://[::1]:1/"));
    assert_true(link_is_exposed("http://h/"));
    assert_true(link_is_exposed("http://localhost.example/"));
    assert_true(link_is_exposed("http://127.0.0.1.example/"));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_built_links_parse),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_exposure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
