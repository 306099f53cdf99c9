/* SPDX-License-Identifier: MIT */
/* What the API does with the right to create: 401 without it, config tells it, the open plane has
 * nothing to create with, and rates count by user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/access/api_tokens.h"
#include "api_fixture.h"

#define TOKEN      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TOKEN_HASH "0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a"
#define OTHER      "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct ask encrypt = {.target = "/encrypt", .body = "{\"secret\":\"x\"}"};
static const struct ask create = {.target = "/api/v1/secrets", .body = "{}"};
static const struct ask config = {.target = "/api/v1/config"};

/* Let the API serve those of ${list}, with one API token. */
static void
limit_to(struct api_fixture *fixture, const char *list) {
    struct buf reason = BUF_INIT(100);
    assert_int_equal(creators_parse(list, &fixture->api.config.creators), 0);
    fixture->api.config.tokens = api_tokens_new();
    assert_int_equal(api_tokens_load(fixture->api.config.tokens, "ci " TOKEN_HASH, &reason), 0);
    buf_free(&reason);
}

static int
teardown(void **state) {
    struct api_fixture *fixture = *state;
    api_tokens_free(fixture->api.config.tokens);
    return api_fixture_teardown(state);
}

static void
assert_config(struct api_fixture *fixture, struct ask ask, const char *member) {
    ask.target = config.target;
    ask.body = NULL;
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    if (strstr(api_fixture_body(fixture), member) == NULL)
        print_message("%s\n", api_fixture_body(fixture));
    assert_non_null(strstr(api_fixture_body(fixture), member));
}

static void
without_the_right_nothing_is_created(void **state) {
    struct api_fixture *fixture = *state;
    struct ask ask = encrypt;
    limit_to(fixture, "token,user,198.51.100.0/24");

    assert_int_equal(api_fixture_ask(fixture, encrypt), 401);
    assert_true(api_fixture_problem(fixture, "creators_only", NULL));
    assert_string_equal(http_response_get(&fixture->resp, "WWW-Authenticate"), "Bearer");
    assert_int_equal(api_fixture_ask(fixture, create), 401);
    assert_config(fixture, ask,
                  "\"create\":{\"allowed\":false,\"ways\":[\"token\",\"user\",\"network\"]}");

    /* Each of the ways. */
    ask.token = TOKEN;
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    assert_config(fixture, ask, "\"allowed\":true");
    ask.token = NULL;
    ask.own_token = TOKEN;
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    ask.own_token = OTHER;
    assert_int_equal(api_fixture_ask(fixture, ask), 401);
    assert_true(api_fixture_problem(fixture, "creators_only", NULL));

    ask = encrypt;
    ask.user = "ada \"x\"";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    assert_config(fixture, ask, "\"allowed\":true");
    assert_config(fixture, ask, "\"user\":\"ada \\\"x\\\"\"}");
    ask.origin = "https://evil.example"; /* of an old browser, which does not tell the site */
    assert_int_equal(api_fixture_ask(fixture, ask), 401);
    ask.fetch_site = "cross-site";
    assert_int_equal(api_fixture_ask(fixture, ask), 403);
    ask.origin = "https://page.example"; /* listed, but no user's page */
    assert_int_equal(api_fixture_ask(fixture, ask), 401);
    assert_config(fixture, ask, "\"ways\":[\"token\",\"user\",\"network\"]}"); /* no name, either */

    ask = encrypt;
    ask.client = "198.51.100.7";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    ask.origin = "https://page.example";
    ask.fetch_site = "cross-site";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    ask.origin = "https://evil.example";
    assert_int_equal(api_fixture_ask(fixture, ask), 403);
    ask.fetch_site = NULL;
    assert_int_equal(api_fixture_ask(fixture, ask), 401);
}

/* Or all behind a proxy that names no client would be in its network. */
static void
a_trusted_proxy_is_in_no_network(void **state) {
    static struct http_trusted proxies;
    struct api_fixture *fixture = *state;
    struct ask ask = encrypt;
    limit_to(fixture, "198.51.100.0/24");
    ask.client = "198.51.100.7";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    assert_int_equal(http_trusted_parse("198.51.100.7", &proxies), 0);
    fixture->api.config.proxies = &proxies;
    assert_int_equal(api_fixture_ask(fixture, ask), 401);
    ask.client = "198.51.100.8";
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
}

static void
the_open_plane_has_nothing_to_create_with(void **state) {
    static const char *const methods[] = {"POST", "GET", "OPTIONS", "DELETE"};
    struct api_fixture *fixture = *state;
    struct ask ask = encrypt;
    char nothing[200];
    limit_to(fixture, "token,user,192.0.2.0/24");
    ask.plane = HTTP_PLANE_OPEN;
    ask.token = TOKEN;
    ask.user = "ada";

    ask.target = "/nothing";
    assert_int_equal(api_fixture_ask(fixture, ask), 404);
    (void)snprintf(nothing, sizeof(nothing), "%s", api_fixture_body(fixture));
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        ask.method = methods[i];
        ask.target = "/encrypt";
        assert_int_equal(api_fixture_ask(fixture, ask), 404);
        assert_string_equal(api_fixture_body(fixture), nothing);
        ask.target = "/api/v1/secrets";
        assert_int_equal(api_fixture_ask(fixture, ask), 404);
        assert_string_equal(api_fixture_body(fixture), nothing);
        assert_null(http_response_get(&fixture->resp, "Allow"));
    }
    ask.method = NULL;
    assert_config(fixture, ask, "\"create\":{\"allowed\":false,\"ways\":[]}");

    /* It can be opened there: the request is understood, and there is no such secret. */
    ask.target = "/decrypt";
    ask.body = "{\"secret_id\":\"x\",\"passphrase\":\"x\"}";
    assert_int_equal(api_fixture_ask(fixture, ask), 404);
    assert_int_equal(fixture->resp.body.len, 0);
}

static void
nobody_makes_every_plane_the_open_one(void **state) {
    struct api_fixture *fixture = *state;
    struct ask ask = encrypt;
    limit_to(fixture, "nobody");
    ask.token = TOKEN;
    assert_int_equal(api_fixture_ask(fixture, ask), 404);
    assert_true(api_fixture_problem(fixture, "not_found", NULL));
    assert_config(fixture, ask, "\"create\":{\"allowed\":false,\"ways\":[]}");
}

/* Ask until a limit refuses.  Returns the number of requests before that. */
static int
until_limited(struct api_fixture *fixture, struct ask ask) {
    for (int n = 0; n < 100; n++)
        if (api_fixture_ask(fixture, ask) == 429) return n;
    return 100;
}

static void
rates_count_by_user(void **state) {
    struct api_fixture *fixture = *state;
    struct ask ask = encrypt;
    fixture->api.config.rate_create = 5;
    api_fixture_reopen(fixture);
    ask.user = "ada";
    assert_int_equal(until_limited(fixture, ask), 5);
    ask.client = "192.0.2.77"; /* from anywhere */
    assert_int_equal(until_limited(fixture, ask), 0);
    ask.user = "bob";
    assert_int_equal(until_limited(fixture, ask), 5);
    ask.user = NULL; /* the address has a bucket of its own */
    assert_int_equal(until_limited(fixture, ask), 5);
}

/* A refusal takes nothing from the others behind the same address: neither without a token, nor by
 * a program that tries a revoked one for ever. */
static void
a_wrong_api_token_counts_nowhere(void **state) {
    struct api_fixture *fixture = *state;
    struct ask ask = encrypt;
    fixture->api.config.rate_create = 3;
    fixture->api.config.rate_open = 5;
    limit_to(fixture, "token");
    api_fixture_reopen(fixture);
    assert_int_equal(until_limited(fixture, ask), 100);
    ask.token = OTHER;
    assert_int_equal(until_limited(fixture, ask), 100);
    ask.token = TOKEN;
    assert_int_equal(until_limited(fixture, ask), 3); /* the right one has its rate */

    struct ask open = {.target = "/api/v1/secrets/abcdefghijklmnopqrstuv"};
    assert_int_equal(until_limited(fixture, open), 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_the_right_nothing_is_created),
        TEST(a_trusted_proxy_is_in_no_network),
        TEST(the_open_plane_has_nothing_to_create_with),
        TEST(nobody_makes_every_plane_the_open_one),
        TEST(rates_count_by_user),
        TEST(a_wrong_api_token_counts_nowhere),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
