/* SPDX-License-Identifier: MIT */
/* Whose response it is (docs/DESIGN.md, P11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/transfer/verdict.h"

#define JSON    "application/json"
#define PROBLEM "application/problem+json"
#define OCTETS  "application/octet-stream"
#define HTML    "text/html; charset=utf-8"

static const struct {
    const char *what;
    enum expected_kind kind;
    int status;
    const char *type, *body;
    bool marked;
    enum verdict absent, present, unknown; /* by the marks of the server */
} table[] = {
#define SAME(verdict) VERDICT_##verdict, VERDICT_##verdict, VERDICT_##verdict
    {"a success", EXPECT_JSON, 200, JSON, "{\"id\": 1}", false, SAME(OURS)},
    {"with parameters", EXPECT_JSON, 201, JSON "; charset=utf-8", "{\"id\": 1}", true, SAME(OURS)},
    {"a guest network's page", EXPECT_JSON, 200, HTML, "<html>", false, SAME(FOREIGN)},
    {"a page called JSON", EXPECT_JSON, 200, JSON, "<html>", false, SAME(FOREIGN)},
    {"another object", EXPECT_JSON, 200, JSON, "{\"message\": \"ok\"}", false, SAME(FOREIGN)},
    {"JSON called a page", EXPECT_JSON, 200, HTML, "{\"id\": 1}", false, SAME(FOREIGN)},
    {"204 for JSON", EXPECT_JSON, 204, "", "", false, SAME(FOREIGN)},

    {"a problem", EXPECT_JSON, 404, PROBLEM, "{\"code\": \"not_found\"}", false, SAME(OURS)},
    {"a problem of another code", EXPECT_JSON, 418, PROBLEM, "{\"code\": \"x\"}", false,
     SAME(OURS)},
    {"a marked refusal", EXPECT_JSON, 503, "", "", true, SAME(OURS)},
    {"a proxy's 404", EXPECT_JSON, 404, HTML, "<html>", false, SAME(FOREIGN)},
    {"a gateway's 404", EXPECT_JSON, 404, JSON, "{\"message\": \"x\"}", false, SAME(FOREIGN)},
    {"a code in plain JSON", EXPECT_JSON, 404, JSON, "{\"code\": \"rest_no_route\"}", false,
     SAME(FOREIGN)},
    {"a code that is no text", EXPECT_JSON, 403, JSON, "{\"code\": 5}", false, SAME(FOREIGN)},
    {"an empty 404", EXPECT_JSON, 404, "", "", false, SAME(FOREIGN)},
    {"a firewall's 403", EXPECT_EMPTY, 403, HTML, "<html>", false, SAME(FOREIGN)},
    {"a balancer's 502", EXPECT_BYTES, 502, HTML, "<html>", false, SAME(FOREIGN)},
    {"a redirect", EXPECT_JSON, 302, "", "", false, SAME(FOREIGN)},
    {"a redirect with our mark", EXPECT_JSON, 302, "", "", true, SAME(FOREIGN)},

    {"a marked 204", EXPECT_EMPTY, 204, "", "", true, SAME(OURS)},
    {"an unmarked 204", EXPECT_EMPTY, 204, "", "", false, VERDICT_OURS, VERDICT_FOREIGN,
     VERDICT_UNKNOWN},
    {"200 for 204", EXPECT_EMPTY, 200, HTML, "<html>", false, SAME(FOREIGN)},

    {"a part", EXPECT_BYTES, 200, OCTETS, "12345", false, SAME(OURS)},
    {"a shorter part", EXPECT_BYTES, 200, OCTETS, "1234", false, SAME(FOREIGN)},
    {"a page for a part", EXPECT_BYTES, 200, HTML, "<html", false, SAME(FOREIGN)},

    {"what was decrypted", EXPECT_DECRYPTED, 200, JSON, "{\"id\": 1}", false, SAME(OURS)},
    {"an empty 404 of decrypt", EXPECT_DECRYPTED, 404, "", "", false, VERDICT_OURS, VERDICT_FOREIGN,
     VERDICT_UNKNOWN},
    {"a page for decrypt", EXPECT_DECRYPTED, 404, HTML, "<html>", false, SAME(FOREIGN)},

    {"config.json", EXPECT_FILE, 200, "text/plain", "{\"id\": 1}", false, SAME(OURS)},
    {"no config.json", EXPECT_FILE, 404, HTML, "<html>", false, SAME(ABSENT)},
    {"403 for no config.json", EXPECT_FILE, 403, HTML, "<html>", false, SAME(ABSENT)},
    {"the start page for config.json", EXPECT_FILE, 200, HTML, "<html>", false, SAME(ABSENT)},
    {"a static host that is away", EXPECT_FILE, 502, HTML, "<html>", false, SAME(FOREIGN)},
    {"a static host that is busy", EXPECT_FILE, 429, HTML, "<html>", false, SAME(FOREIGN)},
    {"a redirect of config.json", EXPECT_FILE, 301, HTML, "", false, SAME(FOREIGN)},
};

static void
every_kind_of_response_is_attributed(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        json_t *json = json_parse_object(table[i].body, strlen(table[i].body));
        struct response_facts facts = {
            .status = table[i].status,
            .content_type = table[i].type,
            .json = json,
            .body_len = strlen(table[i].body),
            .marked = table[i].marked,
        };
        struct expectation expected = {.kind = table[i].kind, .field = "id", .length = 5};
        print_message("%s\n", table[i].what);
        assert_int_equal(verdict_of(&facts, &expected, MARKS_ABSENT), table[i].absent);
        assert_int_equal(verdict_of(&facts, &expected, MARKS_PRESENT), table[i].present);
        assert_int_equal(verdict_of(&facts, &expected, MARKS_UNKNOWN), table[i].unknown);
        json_decref(json);
    }
}

static void
only_what_may_change_is_transient(void **unused) {
    static const int yes[] = {200, 204, 404, 408, 425, 429, 500, 502, 503, 504, 520};
    static const int no[] = {300, 301, 302, 307, 308, 400, 401, 403, 405, 407, 410, 413, 451};
    (void)unused;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(verdict_is_transient(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(verdict_is_transient(no[i]));
}

static void
only_a_marked_refusal_is_final(void **unused) {
    static const int yes[] = {400, 401, 403, 404, 409, 410, 413, 422};
    static const int no[] = {0, 200, 204, 302, 408, 425, 429, 500, 502, 503, 504, 507};
    (void)unused;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        assert_true(verdict_is_final(yes[i], true));
        assert_false(verdict_is_final(yes[i], false));
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(verdict_is_final(no[i], true));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_response_is_attributed),
        cmocka_unit_test(only_what_may_change_is_transient),
        cmocka_unit_test(only_a_marked_refusal_is_final),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
