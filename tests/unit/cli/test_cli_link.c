/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "cli/address/link.h"

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
    {"https://h/#r." ID "." KEY, "https://h/", ID, KEY, LINK_ANSWER},
    {"<https://h/%23r." ID "." KEY "?x=1>", "https://h/", ID, KEY, LINK_ANSWER},
    {"https://h/a/#c." ID "." KEY "." KEY "\n", "https://h/a/", ID, KEY, LINK_COLLECT},
    {"r." ID "." KEY, "", ID, KEY, LINK_ANSWER},
    {"https://h/secret/0123456789abcdef", "https://h/", "0123456789abcdef", "", LINK_CLASSIC},
    {"https://h/sub/secret/0123456789abcdef?x", "https://h/sub/", "0123456789abcdef", "",
     LINK_CLASSIC},
};

static const char *const bad[] = {
    "https://h/#r." ID,
    "https://h/#c." ID "." KEY,
    "https://h/#c." ID "." KEY "." KEY "x",
    "https://h/#x." ID "." KEY,
    "https://h/#r" ID "." KEY,
    "https:/h/#" ID "." KEY,
    "https:/\xd1\x83.example/#" ID "." KEY,
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

/* What surrounds a link in a text, a chat or a mail. */
static const char *const around[][2] = {
    {"", ""},
    {" \t", " \r\n"},
    {"<", ">"},
    {"<URL:", ">"},
    {"\"", "\""},
    {"'", "'"},
    {"`", "`"},
    {"**", "**"},
    {"_", "_"},
    {"~~", "~~"},
    {"(", ")"},
    {"[secret](", ")"},
    {"\xef\xbb\xbf", ""},
    {"\xe2\x80\x8b", "\xe2\x80\x8b"},
    {"\xe2\x81\xa8", "\xe2\x81\xa9"},
    {"\xc2\xa0", "\xc2\xa0"},
    {"\xe2\x80\x9e", "\xe2\x80\x9c"},
    {"\xe2\x80\x9c", "\xe2\x80\x9d."},
    {"\xc2\xab", "\xc2\xbb"},
    {"Here it is: ", " Thanks!"},
    {"", "."},
    {"", "?"},
    {"", "&amp;utm_source=mail"},
};

/* What a gateway makes of the link itself. */
static const char *const forms[] = {
    "https://h.example/#" ID "." KEY,
    "HTTPS://H.Example/#" ID "." KEY,
    "https://h.example/%23" ID "." KEY,
    "https://h.example/%2523" ID "%252E" KEY,
    "https://h.example/?fbclid=1#" ID "." KEY,
    "https://h.example/#" ID "\xe2\x80\x8b." KEY,
    ("https://h.example/#AbCdEfGhIjK\xc2\xadlMnOpQrStUv." KEY),
};

/* The link as wrapped by a service; the fragment encoded, or left to the wrapper. */
#define ENCODED "https%3A%2F%2Fh.example%2F%23" ID "." KEY
#define CUT     "https%3A%2F%2Fh.example%2F"
#define DASHED  "https-3A__h.example_-23" ID "." KEY
static const char *const wrapped[] = {
    "https://eur01.safelinks.protection.outlook.com/?url=" ENCODED "&data=05%7C02&reserved=0",
    "https://nam02.safelinks.protection.outlook.com/?data=1&url=" ENCODED,
    "https://eur01.safelinks.protection.outlook.com/?url=" CUT "&data=1#" ID "." KEY,
    "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/s.html?url=" ENCODED,
    "https://www.google.com/url?q=" ENCODED "&sa=D&ust=1",
    "https://www.google.com/url?sa=t&url=" ENCODED,
    "https://www.google.com/url?q=https://h.example/%23" ID "." KEY "&sa=D",
    "https://l.facebook.com/l.php?u=" ENCODED "&h=AT0",
    "https://lm.facebook.com/l.php?u=" ENCODED,
    "https://l.instagram.com/?u=" ENCODED "&e=1",
    "https://slack-redir.net/link?url=" ENCODED,
    "https://www.youtube.com/redirect?q=" ENCODED,
    "https://linkprotect.cudasvc.com/url?a=" ENCODED "&c=E,1",
    "https://urldefense.proofpoint.com/v1/url?u=" ENCODED "&k=1",
    "https://urldefense.proofpoint.com/v2/url?u=" DASHED "&d=DwMFaQ&c=1",
    "https://urldefense.com/v3/__https://h.example/*" ID "." KEY "__;Iw!!token$",
    "https://urldefense.com/v3/__https:/h.example/*" ID "." KEY "__;Iw!!token$",
    "https://urldefense.us/v3/__https://h.example/#" ID "." KEY "__;!!token$",
    "https://unknown.example/jump?to=" ENCODED "&x=1",
    /* Wrapped twice. */
    "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3D"
    "https%253A%252F%252Fh.example%252F%2523" ID "." KEY "%26sa%3DD&data=1",
};

static void
opens(const char *text) {
    struct link l;
    print_message("%s\n", text);
    assert_int_equal(link_parse(text, strlen(text), &l), 0);
    assert_string_equal(l.page, "https://h.example/");
    assert_string_equal(l.id, ID);
    assert_string_equal(l.key, KEY);
}

static void
test_mangled_links_open(void **state) {
    char text[1024];
    size_t count = 0;
    (void)state;
    for (size_t a = 0; a < ARRAY_LEN(around); a++) {
        for (size_t i = 0; i < ARRAY_LEN(forms) + ARRAY_LEN(wrapped); i++) {
            bool plain = i < ARRAY_LEN(forms);
            const char *form = plain ? forms[i] : wrapped[i - ARRAY_LEN(forms)];
            /* A tail belongs to the wrapper, whatever it is. */
            (void)snprintf(text, sizeof(text), "%s%s%s", around[a][0], form, around[a][1]);
            opens(text);
            count++;
        }
    }
    assert_true(count >= 60);
}

/* A known wrapper is never a page, even if it has the form of a link. */
static void
test_wrappers_are_no_pages(void **state) {
    static const char *const hosts[] = {
        "https://eur01.safelinks.protection.outlook.com/",
        "https://urldefense.proofpoint.com/v2/url",
        "https://urldefense.com/v3/__x",
        "https://www.google.com/url",
        "https://l.facebook.com/l.php",
    };
    static const char *const queries[] = {"", "?url=", "?url=nothing&u=&q=", "?data=1"};
    char text[512];
    struct link l;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(queries); k++) {
            (void)snprintf(text, sizeof(text), "%s%s#" ID "." KEY, hosts[i], queries[k]);
            print_message("%s\n", text);
            assert_int_equal(link_parse(text, strlen(text), &l), ERR_INVALID);
        }
    }
    /* Another host whose name only ends alike is a page. */
    assert_int_equal(
        link_parse("https://notgoogle.com/url#" ID, strlen("https://notgoogle.com/url#" ID), &l),
        0);
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

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_mangled_links_open),
        cmocka_unit_test(test_wrappers_are_no_pages),
        cmocka_unit_test(test_built_links_parse),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
