/* SPDX-License-Identifier: MIT */
/* Whom a proxy names as the user, and which proxies may. */
#include "http/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_255                                                                                   \
    LONG_64 LONG_64 LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void
the_list_of_proxies_is_read_strictly(void **state) {
    static const struct {
        const char *list;
        int networks; /* -1: refused */
        bool local;
    } rows[] = {
        {"", 0, false},
        {"unix", 0, true},
        {" unix ", 0, true},
        {"10.0.0.1", 1, false},
        {"10.0.0.0/8, unix ,::1", 2, true},
        {"Unix", -1, false},
        {"unix,", -1, false},
        {"unix unix", -1, false},
        {"localhost", -1, false},
        {"10.0.0.0/33", -1, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_user_proxies p;
        int err = http_user_proxies_parse(rows[i].list, &p);
        assert_int_equal(err, rows[i].networks < 0 ? ERR_INVALID : 0);
        if (err != 0) continue;
        assert_int_equal(p.networks.count, rows[i].networks);
        assert_int_equal(p.local, rows[i].local);
    }
}

static void
a_header_with_another_use_names_nobody(void **state) {
    static const char *const good[] = {"X-Forwarded-User",
                                       "Remote-User",
                                       "OIDC_CLAIM_email",
                                       "Cf-Access-Authenticated-User-Email",
                                       "x",
                                       LONG_64};
    static const char *const bad[] = {"",
                                      "X User",
                                      "X:",
                                      "X\n",
                                      "X\x80",
                                      "authorization",
                                      "ORIGIN",
                                      "Host",
                                      "cookie",
                                      "X-Forwarded-For",
                                      "Secrets-Token",
                                      "Sec-Fetch-Site",
                                      "TE",
                                      "Content-Length",
                                      "Transfer-Encoding",
                                      LONG_64 "x"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(http_user_is_header(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(http_user_is_header(bad[i]));
}

static void
a_name_is_printable_text(void **state) {
    static const char *const good[] = {"a",
                                       "ada@example.org",
                                       "Ada Lovelace",
                                       "M\xc3\xbcller, J.",
                                       "\xd0\x90\xd0\xb4\xd0\xb0",
                                       LONG_255,
                                       "token",
                                       "token backup",
                                       "a token:backup"};
    static const char *const bad[] = {
        /* As an API token is named. */
        "token:backup", "Token:", "TOKEN:x", "", "a\tb", "a\x7f", "a\nb", "\xff", "\xc3",
        "a\xc2\x85", "\xed\xa0\x80", LONG_255 "x",
        /* Hidden: reversed order, zero width, a filler; and spaces. */
        "a\xe2\x80\xae", "ada\xe2\x80\x8b", "\xe3\x85\xa4", " ", "\xc2\xa0",
        " \xe2\x80\x83\xe3\x80\x80"};
    (void)state;
    assert_int_equal(strlen(LONG_255), HTTP_USER_MAX);
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(http_user_is_name(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(http_user_is_name(bad[i]));
}

static const char *
user_by(const char *proxies, const char *peer, const char *value, unsigned lines) {
    struct http_user_proxies p;
    struct http_address a = {.local = true};
    assert_int_equal(http_user_proxies_parse(proxies, &p), 0);
    if (peer != NULL) assert_int_equal(http_address_parse(peer, strlen(peer), &a), 0);
    return http_user_of(&p, &a, value, lines);
}

static void
only_the_listed_peers_name_a_user_and_only_once(void **state) {
    static const char proxies[] = "10.0.0.5, 192.0.2.0/24";
    (void)state;
    assert_string_equal(user_by(proxies, "10.0.0.5", "ada", 1), "ada");
    assert_string_equal(user_by(proxies, "192.0.2.77", "ada", 1), "ada");
    assert_string_equal(user_by("unix", NULL, "ada", 1), "ada");

    /* From other peers, loopback and unix sockets included. */
    assert_null(user_by(proxies, "10.0.0.6", "ada", 1));
    assert_null(user_by(proxies, "127.0.0.1", "ada", 1));
    assert_null(user_by(proxies, "::1", "ada", 1));
    assert_null(user_by(proxies, NULL, "ada", 1));
    assert_null(user_by("unix", "127.0.0.1", "ada", 1));
    assert_null(user_by("unix", "::", "ada", 1)); /* the bytes of a unix socket's address */
    assert_null(user_by("::/0", NULL, "ada", 1));
    assert_null(user_by("", "10.0.0.5", "ada", 1));

    /* Absent, twice, or no name. */
    assert_null(user_by(proxies, "10.0.0.5", NULL, 0));
    assert_null(user_by(proxies, "10.0.0.5", "ada", 2));
    assert_null(user_by(proxies, "10.0.0.5", "", 1));
    assert_null(user_by(proxies, "10.0.0.5", "a\x01", 1));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_of_proxies_is_read_strictly),
        cmocka_unit_test(a_header_with_another_use_names_nobody),
        cmocka_unit_test(a_name_is_printable_text),
        cmocka_unit_test(only_the_listed_peers_name_a_user_and_only_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
