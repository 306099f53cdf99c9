/* SPDX-License-Identifier: MIT */
/* The classic API.  A derivation takes tens of milliseconds, so few tests need one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "captured.h"
#include "crypto/kdf/pool.h"
#include "vault/classic.h"

struct secret {
    char id[17], passphrase[33];
};

static struct secret
encrypt(struct api_fixture *fixture, const char *target, const void *body, size_t len) {
    struct secret s;
    struct ask ask = {.target = target, .body = body, .len = len, .type = "text/anything"};
    if (api_fixture_ask(fixture, ask) != 200) print_message("%s\n", api_fixture_body(fixture));
    assert_int_equal(fixture->resp.status, 200);
    api_fixture_text(fixture, "secret_id", s.id, sizeof(s.id));
    api_fixture_text(fixture, "passphrase", s.passphrase, sizeof(s.passphrase));
    assert_int_equal(strlen(s.id), 16);
    assert_int_equal(strlen(s.passphrase), 32);
    return s;
}

static int
decrypt(struct api_fixture *fixture, const char *id, const char *passphrase) {
    char body[256];
    (void)snprintf(body, sizeof(body), "{\"secret_id\":\"%s\",\"passphrase\":\"%s\"}", id,
                   passphrase);
    return api_fixture_ask(fixture, (struct ask){.target = "/decrypt", .body = body});
}

/* 404 without a body, whatever the cause. */
static void
assert_closed(struct api_fixture *fixture, int status) {
    assert_int_equal(status, 404);
    assert_int_equal(fixture->resp.body.len, 0);
    assert_null(http_response_get(&fixture->resp, "Content-Type"));
}

static uint64_t
derivations(struct api_fixture *fixture) {
    struct kdf_pool_stats stats;
    kdf_pool_stats(fixture->api.kdf, &stats);
    return stats.done + stats.refused;
}

static void
a_text_opens_as_often_as_asked(void **state) {
    struct api_fixture *fixture = *state;
    static const char body[] =
        "{\"secret\":\"tab\\tquote\\\"back\\\\nul\\u0000\\u0001 \xF0\x9F\x94\x91\","
        "\"view_count\":2}";
    struct secret s = encrypt(fixture, "/encrypt", body, 0);
    for (int i = 0; i < 2; i++) {
        assert_closed(fixture, decrypt(fixture, s.id, "wrong")); /* does not count */
        assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
        assert_string_equal(
            api_fixture_body(fixture),
            "{\"data\":\"tab\\u0009quote\\\"back\\\\nul\\u0000\\u0001 \xF0\x9F\x94\x91\"}");
        assert_string_equal(http_response_get(&fixture->resp, "Content-Type"), "application/json");
    }
    assert_closed(fixture, decrypt(fixture, s.id, s.passphrase));
}

/* scrypt takes a passphrase with zeros after it for the passphrase itself. */
static void
a_passphrase_with_a_zero_opens_nothing(void **state) {
    struct api_fixture *fixture = *state;
    char longer[64];
    struct secret s = encrypt(fixture, "/encrypt", "{\"secret\":\"x\"}", 0);
    (void)snprintf(longer, sizeof(longer), "%s\\u0000", s.passphrase);
    assert_closed(fixture, decrypt(fixture, s.id, longer));
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
}

static void
a_byte_order_mark_is_skipped(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = encrypt(fixture, "/encrypt", "\xEF\xBB\xBF{\"secret\":\"x\"}", 0);
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
    assert_string_equal(api_fixture_body(fixture), "{\"data\":\"x\"}");
}

static void
a_wrong_encoding_is_named(void **state) {
    static const struct {
        const char *body;
        size_t len;
        const char *detail;
    } cases[] = {
        {"\xFF\xFE{\0}\0", 6, "not UTF-16"},
        {"\xFE\xFF\0{\0}", 6, "not UTF-16"},
        {"{\0}\0", 4, "not UTF-16"},
        {"{\"secret\":\"\xE4\"}", 14, "must be UTF-8."},
        {"{\"secret\":", 10, "one JSON object"},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask ask = {.target = "/encrypt", .body = cases[i].body, .len = cases[i].len};
        assert_int_equal(api_fixture_ask(fixture, ask), 400);
        assert_non_null(strstr(api_fixture_body(fixture), cases[i].detail));
    }
}

static void
a_file_opens_once_with_its_name(void **state) {
    struct api_fixture *fixture = *state;
    static const uint8_t bytes[] = {0, 255, '{', '"', 0xC3, 0x28, '\n'};
    char text[64];
    struct secret s = encrypt(fixture, "/encrypt?file_name=a+%22b%5C%2F..%D0%B8&view_count=9",
                              bytes, sizeof(bytes));
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
    api_fixture_text(fixture, "file_name", text, sizeof(text));
    assert_string_equal(text, "a \"b\\/..\xD0\xB8");
    api_fixture_text(fixture, "data", text, sizeof(text));
    assert_string_equal(text, "AP97IsMoCg==");
    assert_closed(fixture, decrypt(fixture, s.id, s.passphrase));
    s = encrypt(fixture, "/encrypt?file_name=empty", "", 0);
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
    assert_string_equal(api_fixture_body(fixture), "{\"data\":\"\",\"file_name\":\"empty\"}");
}

static void
time_counts_on_read(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = encrypt(fixture, "/encrypt", "{\"secret\":\"x\",\"ttl\":60}", 0);
    struct secret t = encrypt(fixture, "/encrypt", "{\"secret\":\"x\"}", 0);
    fixture->now += 60;
    uint64_t before = derivations(fixture);
    assert_closed(fixture, decrypt(fixture, s.id, s.passphrase));
    assert_int_equal(derivations(fixture), before + 1); /* as for what is there */
    fixture->now = API_FIXTURE_T0 + 5 * 86400 - 1;
    assert_int_equal(decrypt(fixture, t.id, t.passphrase), 200);
}

/* The number of views that ${count} gives, read from the record. */
static int
views_of(struct api_fixture *fixture, const char *count) {
    struct store *store = fixture->vault.store;
    char body[100];
    struct store_ref ref;
    struct record r = {0};
    (void)snprintf(body, sizeof(body), "{\"secret\":\"x\",\"view_count\":%s}", count);
    struct secret s = encrypt(fixture, "/encrypt", body, 0);
    store->ops->ref(store, s.id, &ref);
    assert_int_equal(store->ops->load(store, &ref, &r, NULL), 1);
    int views = r.views_left;
    record_clear(&r);
    return views;
}

static void
counts_are_clamped_as_pysecrets_did(void **state) {
    static const struct {
        const char *count;
        int views;
    } cases[] = {
        {"1", 1},          {"0", 1},
        {"-0", 1},         {"10", 10},
        {"11", 10},        {"-3", 3},
        {"-999", 10},      {"3.0", 3},
        {"2e0", 2},        {"\"4\"", 4},
        {"\"-5\"", 5},     {"\"0007\"", 7},
        {"999999999", 10}, {"\"999999999\"", 10},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(views_of(fixture, cases[i].count), cases[i].views);

    /* A lower maximum of the server clamps, too. */
    fixture->api.config.views_max = 3;
    assert_int_equal(views_of(fixture, "2"), 2);
    assert_int_equal(views_of(fixture, "-9"), 3);
}

/* Refused requests: nothing is derived, stored or logged. */
struct bad {
    const char *target, *body;
    size_t len;
    int status;
    const char *field;
};

static const struct bad bad_requests[] = {
    {"/encrypt", "", 0, 400, NULL},
    {"/encrypt", "{", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\"", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\"}x", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\"}{\"secret\":\"x\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\",}", 0, 400, NULL},
    {"/encrypt", "{secret:\"x\"}", 0, 400, NULL},
    {"/encrypt", "{'secret':'x'}", 0, 400, NULL},
    {"/encrypt", "[\"secret\"]", 0, 400, NULL},
    {"/encrypt", "\"secret\"", 0, 400, NULL},
    {"/encrypt", "null", 0, 400, NULL},
    {"/encrypt", "secret=x", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"\xFF\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"\xC0\xAF\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"\xED\xA0\x80\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"\xF4\x90\x80\x80\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"\\ud800\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"a\0b\"}", 16, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\"}\0", 15, 400, NULL},
    {"/encrypt", "{\"secret\":\"a\nb\"}", 0, 400, NULL},
    {"/encrypt", "{\"sec\\u0000ret\":\"x\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\",\"secret\":\"y\"}", 0, 400, "secret"},
    {"/encrypt", "{\"secret\":\"x\",\"s\\u0065cret\":\"y\"}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\",\"a\":{\"b\":1,\"b\":1}}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\",\"a\":[[[[[[[[[[1]]]]]]]]]]}", 0, 400, NULL},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":1e999}", 0, 400, NULL},
    {"/encrypt", "{}", 0, 422, "secret"},
    {"/encrypt", "{\"Secret\":\"x\"}", 0, 422, "secret"},
    {"/encrypt", "{\"secret\":\"\"}", 0, 422, "secret"},
    {"/encrypt", "{\"secret\":null}", 0, 422, "secret"},
    {"/encrypt", "{\"secret\":1}", 0, 422, "secret"},
    {"/encrypt", "{\"secret\":[\"x\"]}", 0, 422, "secret"},
    {"/encrypt", "{\"secret\":{\"x\":1}}", 0, 422, "secret"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":null}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":true}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":1.5}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":1000000000}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":-1000000000}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":9223372036854775808}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\"\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\"-\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\"1.0\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\" 1\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\"+1\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\"1\\u0000\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":\"0000000001\"}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"view_count\":[]}", 0, 422, "view_count"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":0}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":-1}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":59}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":2592001}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":2147483648}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":9223372036854775808}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":60.5}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":\"3600\"}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":null}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":true}", 0, 422, "ttl"},
    {"/encrypt", "{\"secret\":\"x\",\"views\":2}", 0, 422, "views"},
    {"/encrypt", "{\"secret\":\"x\",\"ttl\":60,\"ttl\":60}", 0, 400, "ttl"},
    {"/encrypt?file_name=", "x", 0, 422, "file_name"},
    {"/encrypt?file_name", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%00", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=a%00b", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=a%0Ab", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=a%0D%0ASet-Cookie:x", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%7F", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%C2%85", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%FF", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%C3%28", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%C0%AF", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%ED%A0%80", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%2", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=%zz", "x", 0, 422, "file_name"},
    {"/encrypt?file_name=a&file_name=b", "x", 0, 422, "file_name"},
    {"/encrypt?filename=a", "x", 0, 400, NULL}, /* no file_name: JSON is expected */
    {"/decrypt", "", 0, 400, NULL},
    {"/decrypt", "[]", 0, 400, NULL},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaaaaaaaaaa\",\"secret_id\":\"b\"}", 0, 400, "secret_id"},
    {"/decrypt", "{}", 0, 422, "secret_id"},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaaaaaaaaaa\"}", 0, 422, "passphrase"},
    {"/decrypt", "{\"passphrase\":\"x\"}", 0, 422, "secret_id"},
    {"/decrypt", "{\"secret_id\":1,\"passphrase\":\"x\"}", 0, 422, "secret_id"},
    {"/decrypt", "{\"secret_id\":null,\"passphrase\":\"x\"}", 0, 422, "secret_id"},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaaaaaaaaaa\",\"passphrase\":null}", 0, 422, "passphrase"},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaaaaaaaaaa\",\"passphrase\":[1]}", 0, 422, "passphrase"},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaaaaaaaaaa\",\"passphrase\":\"x\"}", 0, 404, NULL},
    {"/decrypt", "{\"secret_id\":\"\",\"passphrase\":\"\"}", 0, 404, NULL},
    {"/decrypt", "{\"secret_id\":\"../../../../etc/\",\"passphrase\":\"x\"}", 0, 404, NULL},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaa\\u0000aaaaaaa\",\"passphrase\":\"x\"}", 0, 404, NULL},
    {"/decrypt", "{\"secret_id\":\"aaaaaaaaaaaaaaaaa\",\"passphrase\":\"x\"}", 0, 404, NULL},
};

static void
refuse(struct api_fixture *fixture, const struct bad *bad) {
    struct ask ask = {.target = bad->target, .body = bad->body, .len = bad->len};
    int status = api_fixture_ask(fixture, ask);
    if (status != bad->status) print_message("%s %s: %d\n", bad->target, bad->body, status);
    assert_int_equal(status, bad->status);
    if (status == 404) assert_closed(fixture, status);
    if (status == 400) assert_true(api_fixture_problem(fixture, "malformed", bad->field));
    if (status == 422) assert_true(api_fixture_problem(fixture, "invalid_field", bad->field));
}

/* Redirect standard error to a file while ${f} runs.  Returns the number of bytes written. */
static size_t
logged_by(struct api_fixture *fixture, void (*f)(struct api_fixture *fixture)) {
    captured_begin();
    f(fixture);
    char *text = captured_end();
    size_t len = strlen(text);
    free(text);
    return len;
}

static void
refuse_all(struct api_fixture *fixture) {
    for (size_t i = 0; i < ARRAY_LEN(bad_requests); i++)
        refuse(fixture, &bad_requests[i]);
}

static void
bad_requests_come_to_nothing(void **state) {
    struct api_fixture *fixture = *state;
    struct store *store = fixture->vault.store;
    assert_int_equal(logged_by(fixture, refuse_all), 0);
    assert_int_equal(store->ops->usage(store), 0);
    assert_int_equal(fixture->vault.blobs->ops->usage(fixture->vault.blobs), 0);
    assert_int_equal(derivations(fixture), 1); /* of the one well-formed id, which is not there */
}

static char *
text_of(size_t len) {
    char *body = malloc(len + 20);
    memcpy(body, "{\"secret\":\"", 11);
    memset(body + 11, 'x', len);
    memcpy(body + 11 + len, "\"}", 3);
    return body;
}

static void
sizes_have_bounds(void **state) {
    struct api_fixture *fixture = *state;
    char name[300];
    char *body = text_of(API_FIXTURE_TEXT_MAX);
    (void)encrypt(fixture, "/encrypt", body, 0);
    free(body);
    body = text_of(API_FIXTURE_TEXT_MAX + 1);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/encrypt", .body = body}),
                     422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "secret"));
    free(body);
    body = text_of(7 * API_FIXTURE_TEXT_MAX);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/encrypt", .body = body}),
                     413);
    assert_true(api_fixture_problem(fixture, "too_large", NULL));
    struct ask file = {.target = "/encrypt?file_name=a", .body = body, .len = 10000};
    assert_int_equal(api_fixture_ask(fixture, file), 200);
    file.len++;
    assert_int_equal(api_fixture_ask(fixture, file), 413);
    free(body);
    (void)snprintf(name, sizeof(name), "/encrypt?file_name=%255d", 1);
    memset(name + 19, 'n', 255);
    file = (struct ask){.target = name, .body = "x"};
    assert_int_equal(api_fixture_ask(fixture, file), 200);
    memcpy(name + 19 + 255, "n", 2);
    assert_int_equal(api_fixture_ask(fixture, file), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "file_name"));
}

static void
what_does_not_fit_here_is_not_counted(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = encrypt(fixture, "/encrypt", "{\"secret\":\"correct horse\"}", 0);
    struct secret f =
        encrypt(fixture, "/encrypt?file_name=a", "a file of thirty bytes and more", 0);
    fixture->api.config.response_max = 2048 + 20;
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 413);
    assert_true(api_fixture_problem(fixture, "too_large_here", NULL));
    assert_int_equal(decrypt(fixture, f.id, f.passphrase), 413);
    fixture->api.config.response_max = 2048 + 80;
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
    assert_int_equal(decrypt(fixture, f.id, f.passphrase), 200);
}

static void
replays_change_nothing(void **state) {
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    struct api_fixture *fixture = *state;
    struct secret s = encrypt(fixture, "/encrypt", "{\"secret\":\"x\"}", 0);
    char target[200];
    (void)snprintf(target, sizeof(target), "/decrypt?secret_id=%s&passphrase=%s", s.id, "x");
    for (int i = 0; i < 1000; i++)
        for (size_t m = 0; m < ARRAY_LEN(methods); m++)
            assert_true(api_fixture_ask(
                            fixture, (struct ask){.method = methods[m], .target = target}) != 200);
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
}

/* A record of another program whose text is not UTF-8 uses no view. */
static void
what_is_no_text_is_not_counted(void **state) {
    struct api_fixture *fixture = *state;
    struct vault_classic_new in = {.plain = "caf\xE9", .len = 4, .views = 1, .ttl = 3600};
    struct vault_classic_created c;
    assert_int_equal(vault_classic_create(&fixture->vault, fixture->api.kdf, &in, &c), 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(decrypt(fixture, c.id, c.passphrase), 500);
        assert_true(api_fixture_problem(fixture, "internal", NULL));
    }
    assert_int_equal(fixture->vault.views_claimed, 0);
}

/* The limit of the response is reached while it is written. */
static void
an_answer_that_cannot_be_written_is_not_counted(void **state) {
    struct api_fixture *fixture = *state;
    char body[6000];
    int len = snprintf(body, sizeof(body), "{\"secret\":\"");
    for (int i = 0; i < 900; i++)
        len += snprintf(body + len, sizeof(body) - (size_t)len, "\\u0001");
    (void)snprintf(body + len, sizeof(body) - (size_t)len, "\"}");
    struct secret s = encrypt(fixture, "/encrypt", body, 0);
    fixture->resp.body.max = 3000; /* it needs 5400 */
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 413);
    assert_int_equal(fixture->vault.views_claimed, 0);
    assert_null(strstr(api_fixture_body(fixture), "u0001"));
    fixture->resp.body.max = 8 << 20;
    assert_int_equal(decrypt(fixture, s.id, s.passphrase), 200);
    assert_int_equal(fixture->vault.views_claimed, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_text_opens_as_often_as_asked),
        TEST(a_passphrase_with_a_zero_opens_nothing),
        TEST(a_byte_order_mark_is_skipped),
        TEST(a_wrong_encoding_is_named),
        TEST(a_file_opens_once_with_its_name),
        TEST(time_counts_on_read),
        TEST(counts_are_clamped_as_pysecrets_did),
        TEST(bad_requests_come_to_nothing),
        TEST(sizes_have_bounds),
        TEST(what_does_not_fit_here_is_not_counted),
        TEST(what_is_no_text_is_not_counted),
        TEST(an_answer_that_cannot_be_written_is_not_counted),
        TEST(replays_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
