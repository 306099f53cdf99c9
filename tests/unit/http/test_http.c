/* SPDX-License-Identifier: MIT */
/* Messages, problems, query values and client addresses. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/address.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/query.h"

static void
header_names_fold_case_and_nothing_else(void **state) {
    (void)state;
    assert_int_equal(http_header_find("x-forwarded-FOR"), HTTP_FORWARDED_FOR);
    assert_int_equal(http_header_find("X-Forwarded_For"), -1);
    assert_int_equal(http_header_find("X_Forwarded_For"), -1);
    assert_int_equal(http_header_find("X-Forwarded-For "), -1);
    assert_int_equal(http_header_find(""), -1);
    for (int i = 0; i < HTTP_HEADER_COUNT; i++)
        assert_int_equal(http_header_find(http_header_name((enum http_header)i)), i);
}

static void
methods_have_one_spelling(void **state) {
    (void)state;
    for (int m = HTTP_GET; m < HTTP_OTHER; m++)
        assert_int_equal(http_method_parse(http_method_name((enum http_method)m)), m);
    assert_int_equal(http_method_parse("get"), HTTP_OTHER);
    assert_int_equal(http_method_parse("PATCH"), HTTP_OTHER);
    assert_int_equal(http_method_parse(""), HTTP_OTHER);
}

static void
fields_replace_and_never_move(void **state) {
    struct http_response r;
    char expected[HTTP_VALUE_MAX + 1];
    (void)state;
    http_response_init(&r, 100);
    http_response_setf(&r, "X-First", "%d", 1);
    const char *first = http_response_get(&r, "x-first");
    memset(expected, 'a', HTTP_VALUE_MAX);
    expected[HTTP_VALUE_MAX] = '\0';
    http_response_setf(&r, "X-Long", "%s", expected);
    assert_string_equal(http_response_get(&r, "X-Long"), expected);
    assert_ptr_equal(http_response_get(&r, "X-First"), first);
    assert_string_equal(first, "1");
    http_response_setf(&r, "X-Longer", "%sb", expected);
    assert_null(http_response_get(&r, "X-Longer"));
    http_response_set(&r, "x-FIRST", "2");
    assert_string_equal(http_response_get(&r, "X-First"), "2");
    assert_int_equal(r.field_count, 2);
    for (int i = 0; i < 2 * HTTP_FIELDS_MAX; i++)
        http_response_setf(&r, "X-Same", "%s", expected);
    assert_int_equal(r.field_count, 3);
    http_response_clear(&r);
    assert_int_equal(r.field_count, 0);
    assert_int_equal(r.body.max, 100);
}

static void
problems_are_json_with_a_code(void **state) {
    struct http_response r;
    (void)state;
    http_response_init(&r, 1000);
    assert_int_equal(buf_add_text(&r.body, "half an answer"), 0);
    problem_respond(&r, PROBLEM_NOT_FOUND, NULL);
    assert_int_equal(r.status, 404);
    assert_string_equal(buf_text(&r.body), "{\"title\":\"Not found, or no longer available\","
                                           "\"status\":404,\"code\":\"not_found\"}");
    assert_string_equal(http_response_get(&r, "Content-Type"), "application/problem+json");
    assert_null(http_response_get(&r, "Retry-After"));
    problem_field(&r, "views", "It is missing.");
    assert_string_equal(buf_text(&r.body), "{\"title\":\"A field is not valid\",\"status\":422,"
                                           "\"code\":\"invalid_field\",\"field\":\"views\","
                                           "\"detail\":\"It is missing.\"}");
    problem_respond(&r, PROBLEM_WRONG_PROOF,
                    &(struct problem_more){.name = "attempts_left", .number = 9});
    assert_non_null(strstr(buf_text(&r.body), "\"attempts_left\":9}"));
    problem_respond(&r, PROBLEM_BUSY, NULL);
    assert_non_null(http_response_get(&r, "Retry-After"));
    http_response_clear(&r);
    http_response_init(&r, 10); /* no room: only the status */
    problem_respond(&r, PROBLEM_FULL, NULL);
    assert_int_equal(r.status, 507);
    assert_int_equal(r.body.len, 0);
    http_response_clear(&r);
}

static void
query_values(void **state) {
    static const struct {
        const char *query;
        int result;
        const char *value;
    } cases[] = {
        {"", 0, NULL},
        {"a=1", 0, NULL},
        {"file_name=x", 1, "x"},
        {"file_name", 1, ""},
        {"file_name=", 1, ""},
        {"a=1&file_name=b+c%20d&z", 1, "b c d"},
        {"file_name=%D0%B8", 1, "\xD0\xB8"},
        {"file_name=%d0%B8", 1, "\xD0\xB8"},
        {"file_name=%2541", 1, "%41"}, /* once */
        {"file_name=a=b=c", 1, "a=b=c"},
        {"file_name=a%26b", 1, "a&b"},
        {"File_Name=x", 0, NULL},
        {"file%5Fname=x", 0, NULL},
        {"file-name=x", 0, NULL},
        {"file_names=x", 0, NULL},
        {"xfile_name=x", 0, NULL},
        {"file_name=a&file_name=a", ERR_INVALID, NULL},
        {"file_name=a&file_name", ERR_INVALID, NULL},
        {"file_name=%", ERR_INVALID, NULL},
        {"file_name=%4", ERR_INVALID, NULL},
        {"file_name=%4&x=1", ERR_INVALID, NULL},
        {"file_name=%4g", ERR_INVALID, NULL},
        {"file_name=%-1", ERR_INVALID, NULL},
        {"file_name=%00", ERR_INVALID, NULL},
        {"file_name=a%00b", ERR_INVALID, NULL},
        {"file_name=123456789", 1, "123456789"},
        {"file_name=1234567890", ERR_TOO_LARGE, NULL},
        {"&&file_name=x&&", 1, "x"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[10] = "";
        assert_int_equal(query_value(cases[i].query, "file_name", out, sizeof(out)),
                         cases[i].result);
        if (cases[i].value != NULL) assert_string_equal(out, cases[i].value);
    }
}

static struct http_address
address(const char *text) {
    struct http_address a;
    assert_int_equal(http_address_parse(text, strlen(text), &a), 0);
    return a;
}

static void
addresses_parse_or_not(void **state) {
    static const char *const bad[] = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:80",
        "[::1]",
        "fe80::1%eth0",
        "::1::",
        "0x1.2.3.4",
        "localhost",
        "unknown",
        "_hidden",
        "1.2.3.4/32",
        "١.٢.٣.٤",
        "1:2:3:4:5:6:7:8:9",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222",
    };
    struct http_address a;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(http_address_parse(bad[i], strlen(bad[i]), &a), ERR_INVALID);
    assert_int_equal(http_address_parse("1.2.3.4\0", 8, &a), ERR_INVALID);
    struct http_address v4 = address("192.0.2.1"), same = address("::ffff:192.0.2.1");
    assert_memory_equal(v4.bytes, same.bytes, 16);
}

static void
addresses_of_sockets(void **state) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)state;
    inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
    inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
    struct http_address a = http_address_of((struct sockaddr *)&in);
    assert_memory_equal(a.bytes, address("192.0.2.1").bytes, 16);
    a = http_address_of((struct sockaddr *)&in6);
    assert_memory_equal(a.bytes, address("2001:db8::1").bytes, 16);
    assert_false(a.local);
    assert_true(http_address_of((struct sockaddr *)&un).local);
    assert_true(http_address_of(NULL).local);
}

static void
groups_are_64_bits_of_ipv6(void **state) {
    uint8_t a[16], b[16];
    struct http_address x = address("2001:db8:1:2:3:4:5:6"), y = address("2001:db8:1:2::1");
    (void)state;
    http_address_group(&x, a);
    http_address_group(&y, b);
    assert_memory_equal(a, b, 16);
    y = address("2001:db8:1:3::1");
    http_address_group(&y, b);
    assert_memory_not_equal(a, b, 16);
    x = address("192.0.2.1");
    y = address("192.0.2.2");
    http_address_group(&x, a);
    http_address_group(&y, b);
    assert_memory_not_equal(a, b, 16);
}

static void
trusted_lists_parse_or_not(void **state) {
    static const char *const good[] = {
        "",          "::1",           "127.0.0.0/8, ::1", "10.0.0.0/8,\t192.168.0.0/16",
        "0.0.0.0/0", "2001:db8::/32", "::ffff:0:0/96"};
    static const char *const bad[] = {",",    "::1,",     "127.0.0.1/33", "::1/129",
                                      "a",    "1.2.3.4/", "1.2.3.4/-1",   "1.2.3.4/8x",
                                      ",::1", "::1,,::2", "1.2.3.4 ::1",  " "};
    struct http_trusted t;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(http_trusted_parse(good[i], &t), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(http_trusted_parse(bad[i], &t), ERR_INVALID);
    char many[33 * 4 + 1] = "";
    for (size_t i = 0; i < 33; i++)
        memcpy(many + 4 * i, i < 32 ? "::1," : "::1\0", 4);
    assert_int_equal(http_trusted_parse(many, &t), ERR_INVALID);
}

/* Every way that proxies and forgers write it.  The client is the rightmost untrusted hop. */
static void
the_rightmost_untrusted_hop_is_the_client(void **state) {
    static const struct {
        const char *peer, *forwarded_for, *client;
    } cases[] = {
        {"192.0.2.7", NULL, "192.0.2.7"},
        {"192.0.2.7", "203.0.113.9", "192.0.2.7"}, /* an untrusted peer is ignored */
        {"127.0.0.1", NULL, "127.0.0.1"},
        {"127.0.0.1", "203.0.113.9", "203.0.113.9"},
        {"127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"}, /* forged on the left */
        {"127.0.0.1", "198.51.100.1,203.0.113.9", "203.0.113.9"},
        {"127.0.0.1", "198.51.100.1 ,\t203.0.113.9 ", "203.0.113.9"},
        {"127.0.0.1", "203.0.113.9, 10.0.0.1", "203.0.113.9"},
        {"127.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.1, 10.9.9.9", "203.0.113.9"},
        {"10.0.0.1", "203.0.113.9", "203.0.113.9"},
        {"::1", "203.0.113.9", "203.0.113.9"},
        {"::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"},
        {"127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"},
        {"127.0.0.1", "203.0.113.9:4711", "203.0.113.9"},
        {"127.0.0.1", "[::ffff:203.0.113.9]:4711", "203.0.113.9"},
        {"127.0.0.1", "[::ffff:203.0.113.9]", "203.0.113.9"},
        {"127.0.0.1", "unknown, 203.0.113.9", "203.0.113.9"},
        {"127.0.0.1", "198.51.100.1, unknown, 203.0.113.9, 10.0.0.1", "203.0.113.9"},
        {"127.0.0.1", ", 203.0.113.9", "203.0.113.9"},
        /* An unparsable hop ends the search at the last parsable one. */
        {"127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"},
        {"127.0.0.1", "198.51.100.1, unknown, 10.0.0.1", "10.0.0.1"},
        {"127.0.0.1", "203.0.113.9,", "127.0.0.1"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.9:99999", "127.0.0.1"},
        {"127.0.0.1", "[203.0.113.9]", "127.0.0.1"},
        {"127.0.0.1", "for=203.0.113.9", "127.0.0.1"},
        /* If all are trusted, the leftmost counts. */
        {"127.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"},
    };
    struct http_trusted t;
    (void)state;
    assert_int_equal(http_trusted_parse("127.0.0.0/8, ::1, 10.0.0.0/8", &t), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_address got =
            http_address_client(&t, address(cases[i].peer), cases[i].forwarded_for);
        assert_memory_equal(got.bytes, address(cases[i].client).bytes, 16);
    }
    struct http_address local = http_address_of(NULL);
    struct http_address got = http_address_client(&t, local, "203.0.113.9");
    assert_memory_equal(got.bytes, address("203.0.113.9").bytes, 16);
    assert_false(got.local);
    struct http_trusted none = {0};
    got = http_address_client(&none, address("127.0.0.1"), "203.0.113.9");
    assert_memory_equal(got.bytes, address("127.0.0.1").bytes, 16);
}

static void
prefixes_are_no_finer_than_a_network(void **state) {
    (void)state;
    static const char *const table[][2] = {{"192.0.2.77", "192.0.2.0/24"},
                                           {"255.255.255.255", "255.255.255.0/24"},
                                           {"2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"},
                                           {"::1", "::/48"}};
    char prefix[HTTP_PREFIX_LEN];
    struct http_address a;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        assert_int_equal(http_address_parse(table[i][0], strlen(table[i][0]), &a), 0);
        http_address_prefix(&a, prefix);
        assert_string_equal(prefix, table[i][1]);
    }
    http_address_prefix(&(struct http_address){.local = true}, prefix);
    assert_string_equal(prefix, "local");
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_names_fold_case_and_nothing_else),
        cmocka_unit_test(methods_have_one_spelling),
        cmocka_unit_test(fields_replace_and_never_move),
        cmocka_unit_test(problems_are_json_with_a_code),
        cmocka_unit_test(query_values),
        cmocka_unit_test(addresses_parse_or_not),
        cmocka_unit_test(addresses_of_sockets),
        cmocka_unit_test(groups_are_64_bits_of_ipv6),
        cmocka_unit_test(trusted_lists_parse_or_not),
        cmocka_unit_test(the_rightmost_untrusted_hop_is_the_client),
        cmocka_unit_test(prefixes_are_no_finer_than_a_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
