/* SPDX-License-Identifier: MIT */
/*
 * Events as API Gateway and load balancers send them, which are also the seeds of the fuzzer: the
 * path that the API gets, the client, and headers of several values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text/json.h"
#include "lambda/event.h"

static const char prefix[] = "/share";

/* Read the seed ${name} into ${e}, with ${prefix} as the setting. */
static void
load_event(const char *name, const char *setting, struct event *e) {
    char path[128], text[8192];
    (void)snprintf(path, sizeof(path), "fuzz/corpus/fuzz_lambda_event/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(len, 1, sizeof(text) - 1);
    assert_int_equal(event_parse(text, len, setting, e), 0);
}

static void
the_path_is_that_of_the_api(void **state) {
    static const struct {
        const char *name, *path, *query, *folder;
    } cases[] = {
        {"http-default", "/encrypt", "file_name=a%20b", NULL},
        {"http-stage", "/encrypt", "", NULL},
        {"http-stage-root", "/", "", "prod"},
        {"http-base-path", "/encrypt", "", NULL},
        {"http-stage-and-base-path", "/encrypt", "", NULL},
        {"http-base-path-root", "/", "", "share"},
        {"http-other-path", "/shared/encrypt", "", NULL},
        {"http-old-link", "/secret/ABCDEFGHIJKLMNOP", "", NULL},
        {"http-payload-1", "/encrypt", "", NULL},
        {"rest-default", "/encrypt", "file_name=a%20b", NULL},
        {"rest-base-path", "/encrypt", "", NULL},
        {"rest-base-path-root", "/", "", "share"},
        {"balancer-base-path", "/encrypt", "file_name=a%20b", NULL},
        {"balancer-lists", "/encrypt", "", NULL},
        {"balancer-health", "/readyz", "", NULL},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event e;
        print_message("%s\n", cases[i].name);
        load_event(cases[i].name, prefix, &e);
        assert_false(e.broken);
        assert_string_equal(e.request.path, cases[i].path);
        assert_string_equal(e.request.query, cases[i].query);
        if (cases[i].folder == NULL) assert_null(e.folder);
        else assert_string_equal(e.folder, cases[i].folder);
        event_clear(&e);
    }
}

/* Without the setting the path stays as it came, but for the stage of an HTTP API. */
static void
without_a_prefix_the_path_stays(void **state) {
    static const char *const names[] = {"http-base-path", "rest-base-path", "balancer-base-path"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct event e;
        load_event(names[i], "", &e);
        assert_string_equal(e.request.path, "/share/encrypt");
        event_clear(&e);
    }
}

static void
assert_client(const struct event *e, const char *text) {
    struct http_address client;
    assert_int_equal(http_address_parse(text, strlen(text), &client), 0);
    assert_memory_equal(e->request.client.bytes, client.bytes, sizeof(client.bytes));
}

static void
a_list_of_values_is_one_list(void **state) {
    struct event e;
    (void)state;

    load_event("rest-two-forwarded", prefix, &e);
    assert_false(e.broken);
    assert_string_equal(e.request.headers[HTTP_ACCEPT_ENCODING], "gzip");
    assert_client(&e, "192.0.2.8");
    event_clear(&e);

    /* A client may have written the first value.  The load balancer wrote the last element. */
    load_event("balancer-two-forwarded", prefix, &e);
    assert_false(e.broken);
    assert_client(&e, "192.0.2.9");
    event_clear(&e);

    load_event("balancer-base-path", prefix, &e);
    assert_client(&e, "192.0.2.9");
    event_clear(&e);
}

static void
a_header_that_comes_once_came_twice(void **state) {
    static const char *const names[] = {"rest-two-types", "http-two-tokens", "balancer-two-tokens"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct event e;
        load_event(names[i], prefix, &e);
        assert_true(e.broken);
        event_clear(&e);
    }
}

#define HTTP_EVENT(authorizer)                                                                     \
    "{\"version\":\"2.0\",\"rawPath\":\"/\",\"headers\":{\"email\":\"eve\",\"x-user\":\"eve\"},"   \
    "\"requestContext\":{\"http\":{\"method\":\"GET\",\"sourceIp\":\"192.0.2.7\"}" authorizer "}}"
#define REST_EVENT(authorizer)                                                                     \
    "{\"httpMethod\":\"GET\",\"path\":\"/\",\"headers\":{\"email\":\"eve\"},"                      \
    "\"requestContext\":{\"identity\":{\"sourceIp\":\"192.0.2.7\"}" authorizer "}}"
#define BALANCER_EVENT(authorizer)                                                                 \
    "{\"httpMethod\":\"GET\",\"path\":\"/\",\"headers\":{\"email\":\"eve\"},"                      \
    "\"requestContext\":{\"elb\":{}" authorizer "}}"

/* The user is what the authorizer of the gateway passes on, and nothing else. */
static void
only_the_authorizer_names_a_user(void **state) {
    static const struct {
        const char *text, *user;
    } cases[] = {
        {HTTP_EVENT(",\"authorizer\":{\"jwt\":{\"claims\":{\"email\":\"ada\"}}}"), "ada"},
        {HTTP_EVENT(",\"authorizer\":{\"lambda\":{\"email\":\"ada\"}}"), "ada"},
        {REST_EVENT(",\"authorizer\":{\"claims\":{\"email\":\"ada\"}}"), "ada"},
        {REST_EVENT(",\"authorizer\":{\"principalId\":\"p\",\"email\":\"ada\"}"), "ada"},
        {HTTP_EVENT(""), NULL},
        {HTTP_EVENT(",\"authorizer\":null"), NULL},
        {HTTP_EVENT(",\"authorizer\":{\"email\":\"ada\"}"), NULL},
        {HTTP_EVENT(",\"authorizer\":{\"jwt\":{\"claims\":{\"sub\":\"ada\"}}}"), NULL},
        {HTTP_EVENT(",\"authorizer\":{\"jwt\":{\"claims\":{\"email\":7}}}"), NULL},
        {HTTP_EVENT(",\"authorizer\":{\"jwt\":{\"claims\":{\"email\":\"\"}}}"), NULL},
        {HTTP_EVENT(",\"authorizer\":{\"jwt\":{\"claims\":{\"email\":\"a\\u0000b\"}}}"), NULL},
        {HTTP_EVENT(",\"authorizer\":{\"jwt\":{\"claims\":{\"email\":\"a\\nb\"}}}"), NULL},
        {REST_EVENT(""), NULL},
        {REST_EVENT(",\"authorizer\":{\"claims\":null}"), NULL},
        {BALANCER_EVENT(",\"authorizer\":{\"email\":\"ada\"}"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event e;
        assert_int_equal(event_parse(cases[i].text, strlen(cases[i].text), "", &e), 0);
        assert_null(e.request.user);
        event_read_user(&e, "email");
        if (cases[i].user == NULL) assert_null(e.request.user);
        else assert_string_equal(e.request.user, cases[i].user);
        event_clear(&e);
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_path_is_that_of_the_api),
        cmocka_unit_test(without_a_prefix_the_path_stays),
        cmocka_unit_test(a_list_of_values_is_one_list),
        cmocka_unit_test(a_header_that_comes_once_came_twice),
        cmocka_unit_test(only_the_authorizer_names_a_user),
    };
    json_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
