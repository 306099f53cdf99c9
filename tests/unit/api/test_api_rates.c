/* SPDX-License-Identifier: MIT */
/* The rates of requests: what counts for whom, and in which bucket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"

#define SECRET "/api/v1/secrets/abcdefghijklmnopqrstuv"
#define TOKEN  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char *
header(struct api_fixture *fixture, const char *name) {
    const char *value = http_response_get(&fixture->resp, name);
    return value == NULL ? "" : value;
}

/* Ask until a limit refuses.  Returns the number of requests before that. */
static int
until_limited(struct api_fixture *fixture, struct ask ask) {
    for (int n = 0; n < 1000; n++)
        if (api_fixture_ask(fixture, ask) == 429) return n;
    return 1000;
}

static void
rates_are_by_class_and_client(void **state) {
    struct api_fixture *fixture = *state;
    struct ask encrypt = {.target = "/encrypt", .body = "{}"};
    struct ask create = {.target = "/api/v1/secrets", .body = "{}"};
    struct ask info = {.target = SECRET};
    fixture->api.config.rate_create = 5;
    fixture->api.config.rate_open = 7;
    api_fixture_reopen(fixture);
    assert_int_equal(until_limited(fixture, encrypt), 5);
    assert_true(api_fixture_problem(fixture, "too_many_requests", NULL));
    assert_string_equal(fixture->resp.limit, "create");
    assert_string_equal(header(fixture, "Retry-After"), "12");
    assert_string_equal(header(fixture, "Secrets-Answer"), "1");
    assert_int_equal(until_limited(fixture, create), 0); /* the same class */
    assert_int_equal(until_limited(fixture, info), 7);   /* another */
    assert_string_equal(fixture->resp.limit, "open");
    assert_string_equal(header(fixture, "Retry-After"), "9");
    encrypt.client = "192.0.2.2";
    assert_int_equal(until_limited(fixture, encrypt), 5);
    encrypt.client = "2001:db8::1";
    assert_int_equal(until_limited(fixture, encrypt), 5);
    encrypt.client = "2001:db8::ffff:2"; /* of the same /64 */
    assert_int_equal(until_limited(fixture, encrypt), 0);
    fixture->ms += 60000;
    assert_int_equal(until_limited(fixture, create), 5);
    struct ask free = {.target = "/healthz"}; /* never limited */
    assert_int_equal(until_limited(fixture, free), 1000);
    free.target = "/api/v1/config";
    assert_int_equal(until_limited(fixture, free), 1000);
}

static void
the_open_class_has_all_of_its_routes(void **state) {
    static const struct ask asks[] = {
        {.target = "/decrypt", .body = "{}"},
        {.target = SECRET "/open", .body = "{}"},
        {.target = SECRET},
        {.method = "HEAD", .target = SECRET},
        {.target = SECRET "/receipt", .token = TOKEN},
        /* Wrong tokens. */
        {.target = SECRET "/parts/0", .token = TOKEN},
        {.method = "PUT", .target = SECRET "/parts/0", .body = "x", .token = TOKEN},
        {.method = "PUT",
         .target = SECRET "/parts/0",
         .body = "x",
         .token = TOKEN,
         .unchecked = true},
        {.method = "POST", .target = SECRET "/complete", .token = TOKEN},
        {.method = "DELETE", .target = SECRET "/lease", .token = TOKEN},
        {.method = "DELETE", .target = SECRET, .token = TOKEN},
    };
    struct api_fixture *fixture = *state;
    fixture->api.config.rate_create = 1;
    fixture->api.config.rate_open = 3;
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        api_fixture_reopen(fixture);
        assert_int_equal(until_limited(fixture, asks[i]), 3);
        assert_int_equal(until_limited(fixture, (struct ask){.target = SECRET}), 0);
    }
}

/* Three colleagues behind one address watch six cards each, and can still open. */
static void
looks_at_receipts_have_a_budget_of_their_own(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {
        .views = 1, .ttl = 3600, .size = 304, .inside = true, .key = 5};
    char ids[18][23], owners[18][44], target[80];

    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        api_fixture_create(fixture, what, ids[i], owners[i]);
    fixture->api.config.rate_open = 20;
    api_fixture_reopen(fixture);
    for (int n = 0; n < 4 * 20; n++) {
        (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/receipt", ids[n % 18]);
        struct ask look = {.target = target, .token = owners[n % 18]};
        assert_int_equal(api_fixture_ask(fixture, look), 200);
    }
    struct ask look = {.target = target, .token = owners[(4 * 20 - 1) % 18]};
    assert_int_equal(api_fixture_ask(fixture, look), 429);
    assert_string_equal(fixture->resp.limit, "receipts");
    assert_string_equal(header(fixture, "Retry-After"), "1");
    assert_int_equal(until_limited(fixture, (struct ask){.target = SECRET}), 20);

    /* A client that guesses tokens of receipts gets no more tries than with other tokens. */
    look.token = TOKEN;
    look.client = "192.0.2.7";
    assert_int_equal(until_limited(fixture, look), 20);
    look.token = owners[(4 * 20 - 1) % 18];
    assert_int_equal(api_fixture_ask(fixture, look), 429);
    assert_string_equal(fixture->resp.limit, "tokens");
}

/* No guess is made without a token. */
static void
a_missing_token_counts_nowhere(void **state) {
    struct api_fixture *fixture = *state;
    fixture->api.config.rate_open = 3;
    api_fixture_reopen(fixture);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = SECRET "/receipt"}), 401);
        assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = SECRET "/parts/0"}), 401);
    }
    assert_int_equal(until_limited(fixture, (struct ask){.target = SECRET}), 3);
}

/* Requests that a page can make the browser of a client send, as img, as form and by fetch. */
static const struct ask by_pages[] = {
    {.target = SECRET},
    {.target = SECRET "/receipt"},
    {.target = SECRET "/parts/0"},
    {.target = SECRET "/receipt", .token = TOKEN},
    {.target = "/decrypt", .body = "{}", .type = "text/plain"},
    {.target = "/encrypt", .body = "{\"secret\":\"x\"}", .type = "text/plain"},
    {.target = "/encrypt?file_name=f", .body = "x", .type = "text/plain"},
    {.target = "/api/v1/secrets", .body = "{}", .type = "text/plain"},
    {.target = SECRET "/open", .body = "{}", .type = "text/plain"},
};

static void
a_foreign_page_uses_up_nothing(void **state) {
    static const struct {
        const char *fetch_site, *origin, *page;
    } foreign[] = {
        {"cross-site", NULL, ""},
        {"same-site", NULL, ""},
        {"cross-site", "https://evil.example", ""},
        {"cross-site", "null", ""},
        {NULL, "https://evil.example", "https://page.example/"},
        {NULL, "null", "https://page.example/"},
    };
    struct api_fixture *fixture = *state;
    fixture->api.config.rate_open = fixture->api.config.rate_create = 5;
    for (size_t f = 0; f < ARRAY_LEN(foreign); f++) {
        fixture->api.config.page = foreign[f].page;
        api_fixture_reopen(fixture);
        for (int i = 0; i < 10 * (int)ARRAY_LEN(by_pages); i++) {
            struct ask ask = by_pages[i % (int)ARRAY_LEN(by_pages)];
            ask.fetch_site = foreign[f].fetch_site;
            ask.origin = foreign[f].origin;
            assert_int_equal(api_fixture_ask(fixture, ask), 403);
            assert_true(api_fixture_problem(fixture, "foreign_page", NULL));
        }

        /* The page's files, and what never counts, are for everybody. */
        struct ask free = {.target = "/api/v1/config", .fetch_site = foreign[f].fetch_site};
        assert_int_equal(api_fixture_ask(fixture, free), 200);
        assert_int_equal(until_limited(fixture, (struct ask){.target = SECRET}), 5);
        assert_int_equal(until_limited(fixture, (struct ask){.target = "/encrypt", .body = "{}"}),
                         5);
    }
    fixture->api.config.page = "";
    assert_int_equal(vault_usage(&fixture->vault), 0);
}

/* A browser that does not say from where, behind a proxy that replaces Host. */
static void
an_origin_alone_refuses_nobody(void **state) {
    struct api_fixture *fixture = *state;
    struct ask ask = {.target = "/encrypt", .body = "{\"secret\":\"x\"}"};
    ask.origin = "https://share.example";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    fixture->api.config.page = "https://share.example/";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    fixture->api.config.page = "";
}

/* After the clock was ahead, time stands still until it has caught up: what was made then would
 * live longer than asked. */
static void
nothing_is_created_while_the_clock_is_behind(void **state) {
    static const struct ask creates[] = {
        {.target = "/encrypt", .body = "{\"secret\":\"x\"}"},
        {.target = "/api/v1/secrets", .body = "{}"},
        {.target = "/api/v1/requests", .body = "{}"},
        {.target = "/api/v1/requests/abcdefghijklmnopqrstuv/answers", .body = "{}"},
    };
    struct api_fixture *fixture = *state;
    int64_t right = fixture->now;
    assert_int_equal(api_fixture_ask(fixture, creates[0]), 200);
    fixture->now = right + 40 * 86400;
    assert_int_equal(api_fixture_ask(fixture, creates[0]), 200);
    fixture->now = right;

    for (size_t i = 0; i < ARRAY_LEN(creates); i++) {
        assert_int_equal(api_fixture_ask(fixture, creates[i]), 503);
        assert_true(api_fixture_problem(fixture, "unavailable", NULL));
    }
    assert_int_equal(vault_clock_behind(&fixture->vault), 40 * 86400);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = SECRET}), 404);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/readyz"}), 200);

    /* It catches up. */
    fixture->now = right + 40 * 86400 - VAULT_BEHIND_MAX - 1;
    assert_int_equal(api_fixture_ask(fixture, creates[0]), 503);
    fixture->now++;
    assert_int_equal(api_fixture_ask(fixture, creates[0]), 200);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_fixture_setup, api_fixture_teardown)
        TEST(rates_are_by_class_and_client),
        TEST(the_open_class_has_all_of_its_routes),
        TEST(a_missing_token_counts_nowhere),
        TEST(a_foreign_page_uses_up_nothing),
        TEST(an_origin_alone_refuses_nobody),
        TEST(looks_at_receipts_have_a_budget_of_their_own),
        TEST(nothing_is_created_while_the_clock_is_behind),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
