/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/url.h"

static void
references_are_resolved(void **unused) {
    /* The examples of RFC 3986, 5.4, that an address of ours can have, and our own cases. */
    static const struct {
        const char *base, *reference, *result;
    } good[] = {
        {"http://a/b/c/d", "g", "http://a/b/c/g"},
        {"http://a/b/c/d", "./g", "http://a/b/c/g"},
        {"http://a/b/c/d", "g/", "http://a/b/c/g/"},
        {"http://a/b/c/d", "/g", "http://a/g"},
        {"http://a/b/c/d", "//g/", "http://g/"},
        {"http://a/b/c/d", "./", "http://a/b/c/"},
        {"http://a/b/c/d", "../", "http://a/b/"},
        {"http://a/b/c/d", "../g", "http://a/b/g"},
        {"http://a/b/c/d", "../../g", "http://a/g"},
        {"http://a/b/c/d", "../../../g", "http://a/g"},
        {"https://h/", "./", "https://h/"},
        {"https://h", "./", "https://h/"},
        {"https://h/share/", "./", "https://h/share/"},
        {"https://h/share/p.html", "config.json", "https://h/share/config.json"},
        {"https://h/share/", "/", "https://h/"},
        {"https://h/share/", "../api/", "https://h/api/"},
        {"https://h/", "HTTPS://Other.Example:8443/x", "https://other.example:8443/x"},
        {"https://[::1]:80/x", "y", "https://[::1]:80/y"},
    };
    static const char *const bad[] = {"ftp://h/",       "file:///etc/passwd", "https://u@h/",
                                      "https://u:p@h/", "https://h h/",       "javascript:1"};
    char out[64];
    (void)unused;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        print_message("%s + %s\n", good[i].base, good[i].reference);
        assert_int_equal(http_url_resolve(good[i].base, good[i].reference, out, sizeof(out)), 0);
        assert_string_equal(out, good[i].result);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int err = http_url_resolve("https://h/", bad[i], out, sizeof(out));
        if (err == 0) assert_memory_equal(out, "https://h/", 10); /* taken for a path */
        else assert_int_equal(err, ERR_INVALID);
    }
    assert_int_equal(http_url_resolve("not an address", "x", out, sizeof(out)), ERR_INVALID);
    assert_int_equal(http_url_resolve("https://h/", "abc", out, 13), ERR_TOO_LARGE);
}

/* The name that DNS has, whatever the locale is. */
static void
hosts_of_other_letters_are_encoded(void **unused) {
    static const struct {
        const char *address, *result;
    } cases[] = {
        {"https://m\xc3\xbcnchen.example/", "https://xn--mnchen-3ya.example/"},
        {"https://M\xc3\x9cNCHEN.Example:8443/Stra\xc3\x9f"
         "e",
         "https://xn--mnchen-3ya.example:8443/Stra\xc3\x9f"
         "e"},
        {"http://mu\xcc\x88nchen.example", "http://xn--mnchen-3ya.example/"},
        {"https://stra\xc3\x9f"
         "e.example/",
         "https://xn--strae-oqa.example/"},
        {"https://\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.example/",
         "https://xn--e1afmkfd.example/"},
        {"https://\xe4\xbe\x8b\xe3\x81\x88.example/", "https://xn--r8jz45g.example/"},
        {"https://Plain.example/\xc3\xbc", "https://plain.example/\xc3\xbc"},
    };
    static const char *const bad[] = {"https://\xff.example/", "https://a\xe2\x80\x8b.\xc3/",
                                      "ftp://m\xc3\xbcnchen.example/"};
    char out[64];
    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].address);
        assert_int_equal(http_url_ascii(cases[i].address, out, sizeof(out)), 0);
        assert_string_equal(out, cases[i].result);
        assert_int_equal(http_url_resolve("https://h/", cases[i].address, out, sizeof(out)), 0);
        assert_string_equal(out, cases[i].result);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(http_url_ascii(bad[i], out, sizeof(out)), ERR_INVALID);
}

static void
origins_are_compared(void **unused) {
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"https://h/", "https://h/share/p.html", true},
        {"https://h/", "HTTPS://H:443/", true},
        {"http://h:80/", "http://h/", true},
        {"https://h/", "http://h/", false},
        {"https://h/", "https://h:8443/", false},
        {"https://h/", "https://h.evil/", false},
        {"https://h/", "https://hh/", false},
        {"https://h/", "nothing", false},
        {"nothing", "nothing", false},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        print_message("%s and %s\n", pairs[i].a, pairs[i].b);
        assert_int_equal(http_url_same_origin(pairs[i].a, pairs[i].b), pairs[i].same);
        assert_int_equal(http_url_same_origin(pairs[i].b, pairs[i].a), pairs[i].same);
    }
}

static void
a_login_is_split_from_an_address(void **unused) {
    /* The second value is that of an Authorization header: base64 made by coreutils. */
    static const struct {
        const char *address, *authorization, *bare;
    } good[] = {
        {"https://ada:pw@h/", "Basic YWRhOnB3", "https://h/"},
        {"https://ada:pass%20word@h:8443/share/",
         "Basic YWRhOnBhc3Mgd29yZA==", "https://h:8443/share/"},
        {"http://ada@h/", "Basic YWRhOg==", "http://h/"},
        {"https://h/", "", "https://h/"},
    };
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct buf login = BUF_INIT(256);
        char bare[64];
        assert_int_equal(http_url_split_login(good[i].address, bare, sizeof(bare), &login), 0);
        assert_string_equal(bare, good[i].bare);
        assert_string_equal(buf_text(&login), good[i].authorization);
        buf_free(&login);
    }

    struct buf login = BUF_INIT(256);
    char bare[12];
    assert_int_equal(http_url_split_login("ftp://a:b@h/", bare, sizeof(bare), &login), ERR_INVALID);
    assert_int_equal(http_url_split_login("https://h.example/", bare, sizeof(bare), &login),
                     ERR_TOO_LARGE);
    buf_free(&login);
}

static void
addresses_without_tls_are_exposed(void **state) {
    (void)state;
    assert_false(http_url_is_exposed("https://h/"));
    assert_false(http_url_is_exposed("http://127.0.0.1:80/"));
    assert_false(http_url_is_exposed("http://localhost/"));
    assert_false(http_url_is_exposed("http://[::1]:1/"));
    assert_true(http_url_is_exposed("http://h/"));
    assert_true(http_url_is_exposed("http://localhost.example/"));
    assert_true(http_url_is_exposed("http://127.0.0.1.example/"));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_resolved),
        cmocka_unit_test(hosts_of_other_letters_are_encoded),
        cmocka_unit_test(origins_are_compared),
        cmocka_unit_test(a_login_is_split_from_an_address),
        cmocka_unit_test(addresses_without_tls_are_exposed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
