/* SPDX-License-Identifier: MIT */
/* Wraps: who may store one, and who gets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "base/text/base64.h"

enum { KEY = 5, SIZE = 304, WRAP = 500 };

static const struct api_fixture_secret sample = {
    .views = 1,
    .ttl = 3600,
    .gate = true,
    .passphrase = true,
    .size = SIZE,
    .inside = true,
    .key = KEY,
    .wrap_len = WRAP,
};

static int
create(struct api_fixture *fixture, struct api_fixture_secret what) {
    char *body = api_fixture_create_body(what);
    int status = api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body});
    free(body);
    return status;
}

/* Whether the last response is a wrap of ${len} bytes. */
static bool
is_wrap(struct api_fixture *fixture, size_t len) {
    struct buf got = BUF_INIT(1 << 20);
    json_t *json = api_fixture_json(fixture);
    const json_t *text = json_object_get(json, "wrap");
    bool same =
        json_is_string(text) &&
        base64_decode(BASE64_URL, json_string_value(text), json_string_length(text), &got) == 0 &&
        got.len == len;
    for (size_t i = 0; same && i < len; i++)
        same = got.data[i] == api_fixture_byte(i);
    json_decref(json);
    buf_free(&got);
    return same;
}

static bool
info_has_wrap(struct api_fixture *fixture, const char *id) {
    char target[80];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s", id);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = target}), 200);
    return strstr(api_fixture_body(fixture), "\"wrap\":true") != NULL;
}

static void
the_gate_gets_the_wrap_and_takes_no_view(void **state) {
    struct api_fixture *fixture = *state;
    char id[23], owner[44];
    api_fixture_create(fixture, sample, id, owner);
    assert_true(info_has_wrap(fixture, id));

    for (int i = 0; i < 3; i++) {
        assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 200);
        assert_true(is_wrap(fixture, WRAP));
        assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE + 1), 403);
        assert_true(api_fixture_problem(fixture, "wrong_key", NULL));
    }

    /* The view is still there.  Its lease keeps the wrap, and its end takes both. */
    assert_int_equal(api_fixture_open_secret(fixture, id, KEY, 'a'), 200);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 0);
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 200);
    char target[80], lease[44];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/lease", id);
    api_fixture_lease('a', lease);
    struct ask confirm = {.method = "DELETE", .target = target, .token = lease};
    assert_int_equal(api_fixture_ask(fixture, confirm), 204);
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 404);
}

static void
one_404_for_what_has_no_wrap(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret plain = sample, open = sample;
    char with_gate[23], without[23], wrapped[23], owner[44], gone[512];
    plain.wrap_len = 0;
    open.wrap_len = 0;
    open.gate = false;
    api_fixture_create(fixture, plain, with_gate, owner);
    api_fixture_create(fixture, open, without, owner);
    api_fixture_create(fixture, sample, wrapped, owner);
    assert_false(info_has_wrap(fixture, with_gate));

    /* Unknown, malformed, without a wrap, expired: the same bytes. */
    const char *ids[] = {"AAAAAAAAAAAAAAAAAAAAAA", "x", with_gate, without, wrapped};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        if (ids[i] == wrapped) fixture->now += 3600;
        assert_int_equal(api_fixture_ask_wrap(fixture, ids[i], API_FIXTURE_GATE), 404);
        if (i == 0) (void)snprintf(gone, sizeof(gone), "%s", api_fixture_body(fixture));
        assert_string_equal(api_fixture_body(fixture), gone);
    }
}

static void
a_wrap_needs_a_passphrase_and_a_gate_and_no_attempts(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = sample;
    what.passphrase = false;
    assert_int_equal(create(fixture, what), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "passphrase"));

    what = sample;
    what.gate = false;
    assert_int_equal(create(fixture, what), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "gate_verifier"));

    what = sample;
    what.attempts = 3;
    assert_int_equal(create(fixture, what), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "attempts"));
}

static void
a_wrap_has_a_limit(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = sample;
    char id[23], owner[44];
    what.wrap_len = RECORD_WRAP_MAX;
    api_fixture_create(fixture, what, id, owner);
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 200);
    assert_true(is_wrap(fixture, RECORD_WRAP_MAX));

    /* The limit of the text, and that of what it encodes. */
    for (size_t more = 1; more <= 2; more++) {
        what.wrap_len = RECORD_WRAP_MAX + more;
        assert_int_equal(create(fixture, what), 422);
        assert_true(api_fixture_problem(fixture, "invalid_field", "wrap"));
    }
}

/* A wrap in another spelling of base64. */
static void
a_wrap_is_base64url(void **state) {
    struct api_fixture *fixture = *state;
    static const char *const texts[] = {"", "AA==", "A", "+/+/", "AB", "A A A A"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct api_fixture_secret what = sample;
        char text[2048];
        what.wrap_len = 0;
        char *body = api_fixture_create_body(what);
        int n = snprintf(text, sizeof(text), "%.*s,\"wrap\":\"%s\"}", (int)strlen(body) - 1, body,
                         texts[i]);
        assert_true(n > 0 && (size_t)n < sizeof(text));
        free(body);
        struct ask ask = {.target = "/api/v1/secrets", .body = text};
        assert_int_equal(api_fixture_ask(fixture, ask), 422);
        assert_true(api_fixture_problem(fixture, "invalid_field", "wrap"));
    }
}

static void
an_upload_gives_its_wrap_once_it_is_complete(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = sample;
    char id[23], owner[44], target[80], part[SIZE];
    what.inside = false;
    api_fixture_create(fixture, what, id, owner);
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 409);
    assert_true(api_fixture_problem(fixture, "uploading", NULL));

    for (size_t i = 0; i < sizeof(part); i++)
        part[i] = (char)api_fixture_byte(i);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/parts/0", id);
    struct ask put = {
        .method = "PUT", .target = target, .token = owner, .body = part, .len = sizeof(part)};
    assert_int_equal(api_fixture_ask(fixture, put), 204);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/complete", id);
    struct ask complete = {.method = "POST", .target = target, .token = owner};
    assert_int_equal(api_fixture_ask(fixture, complete), 204);

    assert_true(info_has_wrap(fixture, id));
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 200);
    assert_true(is_wrap(fixture, WRAP));
}

int
main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_fixture_setup, api_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_gate_gets_the_wrap_and_takes_no_view),
        TEST(one_404_for_what_has_no_wrap),
        TEST(a_wrap_needs_a_passphrase_and_a_gate_and_no_attempts),
        TEST(a_wrap_has_a_limit),
        TEST(a_wrap_is_base64url),
        TEST(an_upload_gives_its_wrap_once_it_is_complete),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
