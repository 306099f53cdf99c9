/* SPDX-License-Identifier: MIT */
/* Every invalid value of every field of the v1 API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"

enum { KEY = 5, SIZE = 304 };

#define TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* Put ${value} in place of field ${name} of a good body; NULL leaves the field out. */
static char *
with_field(const char *good, const char *name, const char *value) {
    json_error_t error;
    json_t *json = json_loads(good, 0, &error);
    char *text = NULL, *out = NULL;
    (void)json_object_del(json, name);
    text = json_dumps(json, JSON_COMPACT);
    size_t len = strlen(text) + strlen(name) * 2 + (value == NULL ? 0 : strlen(value) * 2) + 64;
    out = malloc(len);
    text[strlen(text) - 1] = '\0';
    const char *comma = text[1] == '\0' ? "" : ",";
    if (value == NULL) (void)snprintf(out, len, "%s}", text);
    else (void)snprintf(out, len, "%s%s\"%s\":%s}", text, comma, name, value);
    free(text);
    json_decref(json);
    return out;
}

static void
refused(struct api_fixture *fixture, const char *target, const char *good, const char *name,
        const char *value) {
    char *body = with_field(good, name, value);
    int status = api_fixture_ask(fixture, (struct ask){.target = target, .body = body});
    if (status != 422) print_message("%s: %s\n", name, value);
    assert_int_equal(status, 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", name));
    free(body);
}

static void
refused_twice(struct api_fixture *fixture, const char *target, const char *good, const char *name) {
    char *body = with_field(good, name, NULL);
    size_t len = strlen(body) + 200;
    char *twice = malloc(len);
    body[strlen(body) - 1] = '\0';
    (void)snprintf(twice, len, "%s,\"%s\":1,\"%s\":1}", body, name, name);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = target, .body = twice}), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", name));
    free(twice);
    free(body);
}

#define COMMON "null", "[]", "{}", "-1", "1.5", "9223372036854775808", "1e300", "\"\""

static void
every_bad_value_of_create_names_its_field(void **state) {
    static const struct {
        const char *name;
        bool optional;
        const char *bad[18];
    } fields[] = {
        {"verifier",
         false,
         {COMMON, "0", "1", "true", "\"1\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"",
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A\"",
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\u0000A\""}},
        {"gate_verifier",
         true,
         {COMMON, "0", "1", "true", "\"1\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"",
          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""}},
        {"header",
         false,
         {COMMON, "0", "1", "true", "\"1\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
          "\"RVN2MQ4IAQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",   /* reserved byte */
          "\"RVN2MRUIAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""}}, /* N = 2^21 */
        {"views", false, {COMMON, "0", "101", "2147483648", "true", "\"1\"", "100.5"}},
        {"ttl", false, {COMMON, "0", "1", "59", "2592001", "2147483648", "true", "\"3600\""}},
        {"attempts", true, {COMMON, "0", "101", "2147483648", "true", "\"1\""}},
        {"passphrase", true, {COMMON, "0", "1", "2147483648", "\"1\"", "\"true\""}},
        {"size", false, {COMMON, "0", "1", "303", "305", "2147483648", "true", "\"304\"", "1e9"}},
        {"content", true, {COMMON, "0", "1", "true", "2147483648", "\"A\"", "\"AA==\"", "\"A A\""}},
    };
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE, .inside = true};
    char *good = api_fixture_create_body(what);
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        for (size_t i = 0; i < ARRAY_LEN(fields[f].bad) && fields[f].bad[i] != NULL; i++) {
            refused(fixture, "/api/v1/secrets", good, fields[f].name, fields[f].bad[i]);
        }
        if (!fields[f].optional) refused(fixture, "/api/v1/secrets", good, fields[f].name, NULL);
        refused_twice(fixture, "/api/v1/secrets", good, fields[f].name);
    }
    refused(fixture, "/api/v1/secrets", good, "attempt", "1"); /* not known */
    assert_int_equal(fixture->vault.store->ops->usage(fixture->vault.store), 0);
    free(good);
}

static void
bounds_of_create_are_inclusive(void **state) {
    static const struct {
        const char *name, *good;
    } cases[] = {
        {"views", "1"},         {"views", "100"},        {"views", "1e2"},  {"ttl", "60"},
        {"ttl", "2592000"},     {"ttl", "3600.0"},       {"attempts", "1"}, {"attempts", "100"},
        {"passphrase", "true"}, {"passphrase", "false"}, {"size", "304"},
    };
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {
        .views = 1, .ttl = 3600, .size = SIZE, .inside = true, .gate = true};
    char *good = api_fixture_create_body(what);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *body = with_field(good, cases[i].name, cases[i].good);
        struct ask create = {.target = "/api/v1/secrets", .body = body};
        assert_int_equal(api_fixture_ask(fixture, create), 201);
        free(body);
    }
    free(good);
}

/* Most bodies are read without the parser, which reads any other spelling of the same. */
static void
every_spelling_says_the_same(void **state) {
    static const struct {
        const char *plain, *spelt;
    } cases[] = {
        {"\"views\"", "\"view\\u0073\""},
        {"\"ttl\"", " \"\\u0074tl\" "},
        {":3600", ": 36e2"},
        {":304", ":304.0"},
        {"\"content\"", "\"c\\u006Fntent\""},
    };
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 7, .ttl = 3600, .size = SIZE, .inside = true};
    char *good = api_fixture_create_body(what);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char body[4096];
        const char *at = strstr(good, cases[i].plain);
        assert_non_null(at);
        (void)snprintf(body, sizeof(body), "%.*s%s%s", (int)(at - good), good, cases[i].spelt,
                       at + strlen(cases[i].plain));
        struct ask create = {.target = "/api/v1/secrets", .body = body};
        assert_int_equal(api_fixture_ask(fixture, create), 201);
    }
    free(good);
}

/* Without a gate whoever has the id could use up the attempts. */
static void
attempts_require_a_gate(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE, .inside = true};
    char *body = api_fixture_create_body(what), *counted = with_field(body, "attempts", "10");
    struct ask create = {.target = "/api/v1/secrets", .body = counted};
    assert_int_equal(api_fixture_ask(fixture, create), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "gate_verifier"));
    create.body = body;
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    free(counted);
    free(body);
}

/* Then the sender must say that there is one, and give a gate. */
static void
a_passphrase_can_be_required(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE, .inside = true};
    char *plain = api_fixture_create_body(what), *said = with_field(plain, "passphrase", "true");
    what.gate = true;
    char *gated = api_fixture_create_body(what), *both = with_field(gated, "passphrase", "true");
    struct ask create = {.target = "/api/v1/secrets"};
    fixture->api.config.passphrase_required = true;

    create.body = plain;
    assert_int_equal(api_fixture_ask(fixture, create), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "passphrase"));
    create.body = gated;
    assert_int_equal(api_fixture_ask(fixture, create), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "passphrase"));
    create.body = said;
    assert_int_equal(api_fixture_ask(fixture, create), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "gate_verifier"));
    create.body = both;
    assert_int_equal(api_fixture_ask(fixture, create), 201);

    /* The classic API makes the passphrase itself. */
    create = (struct ask){.target = "/encrypt", .body = "{\"secret\":\"x\"}"};
    assert_int_equal(api_fixture_ask(fixture, create), 200);
    free(plain);
    free(said);
    free(gated);
    free(both);
}

static void
views_have_the_servers_maximum(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 3, .ttl = 3600, .size = SIZE, .inside = true};
    char *three = api_fixture_create_body(what);
    what.views = 4;
    char *four = api_fixture_create_body(what);
    struct ask create = {.target = "/api/v1/secrets", .body = three};
    fixture->api.config.views_max = 3;

    assert_int_equal(api_fixture_ask(fixture, create), 201);
    create.body = four;
    assert_int_equal(api_fixture_ask(fixture, create), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "views"));
    free(three);
    free(four);
}

static void
size_counts_the_largest_content(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 3600};
    uint64_t plain = 4 + 4096 + fixture->api.config.file_max;
    what.size = (size_t)envelope_sealed_len(envelope_padded_len(plain));
    char *body = api_fixture_create_body(what);
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body}), 201);
    free(body);
    what.size++;
    body = api_fixture_create_body(what);
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body}), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "size"));
    free(body);
}

static void
inline_content_has_a_bound(void **state) {
    struct api_fixture *fixture = *state;
    char id[23], owner[44];
    struct api_fixture_secret what = {
        .views = 1, .ttl = 60, .size = 128 * 1024, .inside = true, .key = KEY};
    api_fixture_create(fixture, what, id, owner);
    assert_int_equal(api_fixture_open_secret(fixture, id, KEY, 'a'), 200);
    assert_true(fixture->resp.body.len > 128 * 1024 / 3 * 4);
    what.size++;
    char *body = api_fixture_create_body(what);
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body}), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "content"));
    free(body);
}

static void
every_bad_value_of_open_names_its_field(void **state) {
    static const char *const access[] = {COMMON,
                                         "0",
                                         "1",
                                         "true",
                                         "\"1\"",
                                         "2147483648",
                                         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"",
                                         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""};
    static const char *const lease[] = {COMMON,
                                        "0",
                                        "1",
                                        "true",
                                        "\"1\"",
                                        "2147483648",
                                        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"",
                                        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
                                        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/A\"",
                                        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\u0000A\""};
    static const char good[] = "{\"access\":\"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\","
                               "\"lease\":\"" TOKEN "\"}";
    static const char good_with_gate[] =
        "{\"access\":\"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\",\"lease\":\"" TOKEN "\","
        "\"gate\":\"R0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0c\"}"; /* API_FIXTURE_GATE */
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {
        .views = 1, .ttl = 3600, .attempts = 1, .size = SIZE, .inside = true, .key = KEY};
    char id[23], owner[44], info[80], target[80];
    api_fixture_create(fixture, what, id, owner);
    (void)snprintf(info, sizeof(info), "/api/v1/secrets/%s", id);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/open", id);
    for (size_t i = 0; i < ARRAY_LEN(access); i++)
        refused(fixture, target, good, "access", access[i]);
    for (size_t i = 0; i < ARRAY_LEN(access); i++)
        refused(fixture, target, good_with_gate, "gate", access[i]);
    for (size_t i = 0; i < ARRAY_LEN(lease); i++)
        refused(fixture, target, good, "lease", lease[i]);
    refused(fixture, target, good, "access", NULL);
    refused(fixture, target, good, "passphrase", "\"x\"");
    refused_twice(fixture, target, good, "access");
    refused_twice(fixture, target, good, "lease");
    /* Malformed comes before absent, and nothing was counted. */
    refused(fixture, "/api/v1/secrets/aaaaaaaaaaaaaaaaaaaaaa/open", good, "access", "1");
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = info}), 200);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 1);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_bad_value_of_create_names_its_field),
        TEST(bounds_of_create_are_inclusive),
        TEST(every_spelling_says_the_same),
        TEST(attempts_require_a_gate),
        TEST(a_passphrase_can_be_required),
        TEST(views_have_the_servers_maximum),
        TEST(size_counts_the_largest_content),
        TEST(inline_content_has_a_bound),
        TEST(every_bad_value_of_open_names_its_field),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
