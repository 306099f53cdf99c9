/* SPDX-License-Identifier: MIT */
/* Which names the Host header may have, and which would let a page of another name in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "settings/hosts.h"

static struct hosts named;

static bool
allow(const char *host, bool trusted) {
    const struct hosts_peer peer = {
        .hosts = &named, .page = "https://Page.example:8443/s", .port = 8080, .trusted = trusted};
    return hosts_allow(&peer, host);
}

static void
lists(void **state) {
    struct hosts h;
    char longest[2000];
    (void)state;
    assert_int_equal(hosts_parse("", &h), 0);
    assert_int_equal(h.count, 0);
    assert_int_equal(hosts_parse(" A.example,b-2.example , c", &h), 0);
    assert_int_equal(h.count, 3);
    assert_string_equal(h.items[0], "a.example");
    assert_string_equal(h.items[2], "c");
    static const char *const wrong[] = {
        "https://a", "a:80", "a/",  "*",     "*.example",
        ".a",        "-a",   "a_b", "[::1]", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(hosts_parse(wrong[i], &h), ERR_INVALID);
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(hosts_parse(longest, &h), ERR_INVALID);
}

static void
names_that_dns_cannot_point_here(void **state) {
    static const char *const safe[] = {
        "127.0.0.1", "127.0.0.1:8080", "192.0.2.7:1",      "[::1]",      "[2001:db8::1]:8080",
        "localhost", "LocalHost:8080", "a.localhost:8080", "localhost.", ""};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(safe); i++)
        assert_true(allow(safe[i], false));
    assert_true(allow(NULL, false));
}

static void
other_names_only_where_they_are_set_or_behind_a_proxy(void **state) {
    static const char *const others[] = {"evil.example:8080",
                                         "evil.example",
                                         "localhost.evil.example",
                                         "evillocalhost",
                                         "page.example.evil.example",
                                         "127.0.0.1.evil",
                                         "[::1",
                                         "[::1]x",
                                         "a:b",
                                         "a:99999",
                                         "page.exampl",
                                         "x"};
    (void)state;
    assert_int_equal(hosts_parse("share.example", &named), 0);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(allow(others[i], false));
    assert_true(allow("share.example", false));
    assert_true(allow("SHARE.example.:8080", false));
    assert_true(allow("page.example:8443", false));

    /* The proxy's clients name the proxy's port; a page that was rebound names ours. */
    assert_true(allow("any.example", true));
    assert_true(allow("any.example:443", true));
    assert_false(allow("evil.example:8080", true));
    assert_false(allow("EVIL.example:08080", true));

    /* Browsers reach no unix socket. */
    const struct hosts_peer local = {.hosts = &named, .page = "", .port = 0};
    assert_true(hosts_allow(&local, "any.example"));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(names_that_dns_cannot_point_here),
        cmocka_unit_test(other_names_only_where_they_are_set_or_behind_a_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
