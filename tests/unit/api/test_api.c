/* SPDX-License-Identifier: MIT */
/* What holds for every route: paths, methods, headers, limits, origins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/web/origins.h"
#include "api_fixture.h"

#define SECRET  "/api/v1/secrets/abcdefghijklmnopqrstuv"
#define REQUEST "/api/v1/requests/abcdefghijklmnopqrstuv"
#define TOKEN   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
/* Decodes to the same bytes: the last two bits encode nothing. */
#define SPARE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"

static const char *
header(struct api_fixture *fixture, const char *name) {
    const char *value = http_response_get(&fixture->resp, name);
    return value == NULL ? "" : value;
}

static void
it_is_alive_and_ready(void **state) {
    struct api_fixture *fixture = *state;
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/healthz"}), 200);
    assert_string_equal(api_fixture_body(fixture), "{\"status\":\"ok\"}");
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/readyz"}), 200);
    assert_string_equal(fixture->resp.route, "/readyz");
}

static void
unknown_paths_are_one_404(void **state) {
    static const char *const paths[] = {
        "/",
        "/nothing",
        "/encrypt/",
        "//encrypt",
        "/Encrypt",
        "/api/v1/config/",
        "/api/v1/secrets/",
        "/api/v1/secrets//open",
        SECRET "/",
        SECRET "/parts",
        SECRET "/parts/",
        SECRET "/parts/1/",
        SECRET "/opened",
        "/api/v1/secrets/..%2f..%2fetc",
        "/api/v2/config",
        "/%61pi/v1/config",
        "/..",
        "",
        "*",
    };
    struct api_fixture *fixture = *state;
    char first[256] = "";
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = paths[i], .token = TOKEN}),
                         404);
        if (first[0] == '\0') (void)snprintf(first, sizeof(first), "%s", api_fixture_body(fixture));
        assert_string_equal(api_fixture_body(fixture), first);
        assert_non_null(fixture->resp.route);
    }
    assert_true(api_fixture_problem(fixture, "not_found", NULL));
}

static void
other_methods_are_405_with_allow(void **state) {
    static const struct {
        const char *path, *allow, *bad[4];
    } cases[] = {
        {"/healthz", "GET, HEAD, OPTIONS", {"POST", "PUT", "DELETE", "PATCH"}},
        {"/encrypt", "POST, OPTIONS", {"GET", "HEAD", "PUT", "get"}},
        {"/decrypt", "POST, OPTIONS", {"GET", "HEAD", "PUT", "DELETE"}},
        {"/api/v1/config", "GET, HEAD, OPTIONS", {"POST", "PUT", "DELETE", "TRACE"}},
        {"/api/v1/secrets", "POST, OPTIONS", {"GET", "HEAD", "PUT", "DELETE"}},
        {SECRET, "GET, HEAD, DELETE, OPTIONS", {"POST", "PUT", "PATCH", "CONNECT"}},
        {SECRET "/open", "POST, OPTIONS", {"GET", "HEAD", "PUT", "DELETE"}},
        {SECRET "/parts/0", "GET, HEAD, PUT, OPTIONS", {"POST", "DELETE", "PATCH", ""}},
        {SECRET "/complete", "POST, OPTIONS", {"GET", "HEAD", "PUT", "DELETE"}},
        {SECRET "/lease", "DELETE, OPTIONS", {"GET", "HEAD", "PUT", "POST"}},
        {SECRET "/receipt", "GET, HEAD, OPTIONS", {"POST", "PUT", "DELETE", "PATCH"}},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t m = 0; m < 4; m++) {
            struct ask ask = {.method = cases[i].bad[m], .target = cases[i].path};
            assert_int_equal(api_fixture_ask(fixture, ask), 405);
            assert_string_equal(header(fixture, "Allow"), cases[i].allow);
            assert_true(api_fixture_problem(fixture, "method_not_allowed", NULL));
        }
        struct ask options = {.method = "OPTIONS", .target = cases[i].path};
        assert_int_equal(api_fixture_ask(fixture, options), 204);
        assert_string_equal(header(fixture, "Allow"), cases[i].allow);
        assert_int_equal(fixture->resp.body.len, 0);
    }
}

static void
every_answer_has_the_security_headers(void **state) {
    static const struct ask asks[] = {
        {.target = "/healthz"},       {.target = "/nothing"},
        {.target = "/encrypt"},       {.target = "/encrypt", .body = "{}"},
        {.target = "/api/v1/config"}, {.target = SECRET},
        {.target = SECRET "/lease"},  {.method = "OPTIONS", .target = "/encrypt"},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        (void)api_fixture_ask(fixture, asks[i]);
        assert_string_equal(header(fixture, "Secrets-Answer"), "1");
        assert_string_equal(header(fixture, "Cache-Control"), "no-store");
        assert_string_equal(header(fixture, "X-Content-Type-Options"), "nosniff");
        assert_string_equal(header(fixture, "Referrer-Policy"), "no-referrer");
        assert_string_equal(header(fixture, "Cross-Origin-Resource-Policy"), "same-origin");
        assert_non_null(strstr(header(fixture, "Content-Security-Policy"), "default-src 'none'"));
        assert_non_null(strstr(header(fixture, "X-Robots-Tag"), "noindex"));
        assert_string_equal(header(fixture, "Vary"), "Origin");
        assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "");
    }
}

static void
only_the_origins_that_are_set_may_read(void **state) {
    static const char *const bad[] = {
        "null",
        "*",
        "https://page.example.evil",
        "http://page.example",
        "https://page.example:443",
        "",
        "https://page.example/",
        "HTTPS://PAGE.EXAMPLE",
        "https://evil.example",
    };
    struct api_fixture *fixture = *state;
    struct ask ask = {.target = "/api/v1/config", .origin = "https://page.example"};
    struct ask preflight = {.method = "OPTIONS",
                            .target = SECRET "/parts/3",
                            .origin = "https://page.example",
                            .ask_method = "PUT"};
    assert_int_equal(api_fixture_ask(fixture, ask), 200);
    assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "https://page.example");
    assert_string_equal(header(fixture, "Vary"), "Origin");
    assert_string_equal(header(fixture, "Access-Control-Allow-Credentials"), "");
    assert_string_equal(header(fixture, "Access-Control-Expose-Headers"),
                        "Retry-After, Secrets-Answer");
    ask.target = "/nothing"; /* the page may read problems too */
    assert_int_equal(api_fixture_ask(fixture, ask), 404);
    assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "https://page.example");
    assert_int_equal(api_fixture_ask(fixture, preflight), 204);
    assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "https://page.example");
    assert_string_equal(header(fixture, "Access-Control-Allow-Methods"), "GET, HEAD, PUT, OPTIONS");
    assert_string_equal(header(fixture, "Access-Control-Allow-Headers"),
                        "Authorization, Content-Type, Secrets-Token");
    assert_true(strncmp(header(fixture, "Vary"), "Origin,", 7) == 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ask.origin = preflight.origin = bad[i];
        (void)api_fixture_ask(fixture, ask);
        assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "");
        assert_int_equal(api_fixture_ask(fixture, preflight), 204);
        assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "");
        assert_string_equal(header(fixture, "Access-Control-Allow-Methods"), "");
        assert_string_equal(header(fixture, "Vary"), "Origin");
    }
    /* Even a list that names them does not let these in. */
    static const struct origins null = {.items = {"null"}, .count = 1};
    fixture->api.config.origins = &null;
    ask.origin = "null";
    (void)api_fixture_ask(fixture, ask);
    assert_string_equal(header(fixture, "Access-Control-Allow-Origin"), "");
}

static void
bodies_are_bounded_before_they_are_read(void **state) {
    static const struct {
        const char *method, *path;
        int64_t max;
    } cases[] = {
        {"POST", "/encrypt", 6 * API_FIXTURE_TEXT_MAX + 4096},
        {"POST", "/encrypt?file_name=a", 10000},
        {"POST", "/decrypt", 4096},
        {"POST", "/api/v1/secrets", 256 * 1024},
        {"POST", SECRET "/open", 4096},
        {"PUT", SECRET "/parts/0", 4 << 20},
        {"POST", SECRET "/complete", 8192},
        {"POST", "/api/v1/requests", 8192},
        {"POST", REQUEST "/answers", 256 * 1024},
        {"GET", REQUEST "/answers", 0},
        {"DELETE", SECRET, 0},
        {"DELETE", SECRET "/lease", 0},
        {"GET", SECRET, 0},
        {"GET", "/healthz", 0},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_admission out;
        char path[128];
        (void)snprintf(path, sizeof(path), "%s", cases[i].path);
        char *query = strchr(path, '?');
        if (query != NULL) *query++ = '\0';
        struct http_request req = {
            .method = http_method_parse(cases[i].method),
            .path = path,
            .query = query == NULL ? "" : query,
            .headers = {
                [HTTP_CONTENT_TYPE] = "application/json", [HTTP_AUTHORIZATION] = "Bearer " TOKEN}};
        http_response_clear(&fixture->resp);
        assert_int_equal(api_admit(&fixture->api, &req, cases[i].max, &out, &fixture->resp), 1);
        assert_int_equal(out.body_max, cases[i].max);
        assert_int_equal(api_admit(&fixture->api, &req, cases[i].max + 1, &out, &fixture->resp), 0);
        assert_int_equal(fixture->resp.status, 413);
        assert_true(api_fixture_problem(fixture, "too_large", NULL));
        assert_true(fixture->resp.close);
        assert_int_equal(api_admit(&fixture->api, &req, INT64_MAX, &out, &fixture->resp), 0);
        assert_int_equal(fixture->resp.status, 413);
    }
}

static void
compressed_bodies_are_refused(void **state) {
    static const char *const codings[] = {"gzip", "deflate", "br", "identity", ""};
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        struct ask ask = {.target = "/encrypt", .body = "{\"secret\":\"x\"}"};
        ask.encoding = codings[i];
        assert_int_equal(api_fixture_ask(fixture, ask), 415);
        assert_true(api_fixture_problem(fixture, "unsupported_encoding", NULL));
    }
}

static void
v1_takes_json_alone(void **state) {
    static const struct {
        const char *type;
        int status; /* of an open of an unknown id */
    } cases[] = {
        {"application/json", 422},
        {"Application/JSON", 422},
        {"application/json; charset=utf-8", 422},
        {"application/json ;charset=utf-8", 422},
        {"text/plain", 415},
        {"application/jsonp", 415},
        {"application/json+x", 415},
        {"application/x-www-form-urlencoded", 415},
        {"multipart/form-data; boundary=x", 415},
        {"", 415},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask ask = {.target = SECRET "/open", .body = "{}", .type = cases[i].type};
        assert_int_equal(api_fixture_ask(fixture, ask), cases[i].status);
        ask.target = "/api/v1/secrets";
        assert_int_equal(api_fixture_ask(fixture, ask), cases[i].status);
    }
    struct ask none = {.method = "POST", .target = "/api/v1/secrets"};
    assert_int_equal(api_fixture_ask(fixture, none), 415);
}

static void
classic_takes_any_type_but_forms(void **state) {
    static const struct {
        const char *type;
        int status;
    } cases[] = {
        {"application/json", 422},
        {"application/x-www-form-urlencoded", 422},
        {"text/plain", 422},
        {"multipart/form-data", 415},
        {"Multipart/Form-Data; boundary=x", 415},
        {"multipart/form-datax", 422},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask ask = {.target = "/encrypt", .body = "{}", .type = cases[i].type};
        assert_int_equal(api_fixture_ask(fixture, ask), cases[i].status);
        ask.target = "/decrypt";
        assert_int_equal(api_fixture_ask(fixture, ask), cases[i].status);
        if (cases[i].status == 415)
            assert_non_null(strstr(api_fixture_body(fixture), "--data-binary"));
        ask.target = "/encrypt?file_name=";
        assert_int_equal(api_fixture_ask(fixture, ask), cases[i].status);
    }
}

/* A library that always sends a body sends an empty object where none is needed. */
static void
a_post_without_a_body_takes_an_empty_object(void **state) {
    static const struct {
        const char *body, *type;
        int status;
    } cases[] = {
        {NULL, NULL, 404},
        {"{}", "application/json", 404},
        {"\xEF\xBB\xBF { }", "application/json", 404},
        {"{}", "text/plain", 415},
        {"{\"x\":1}", "application/json", 422},
        {"[]", "application/json", 400},
        {"\xEF\xBB{}", "application/json", 400},
    };
    struct api_fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask ask = {.method = "POST",
                          .target = SECRET "/complete",
                          .body = cases[i].body,
                          .type = cases[i].type,
                          .token = TOKEN};
        assert_int_equal(api_fixture_ask(fixture, ask), cases[i].status);
    }
}

static void
no_token_is_401_whatever_the_id(void **state) {
    static const char *const bad[] = {
        NULL,
        "",
        "Bearer",
        "Bearer ",
        "Bearer short",
        "Basic " TOKEN,
        TOKEN,
        "Bearer " TOKEN "A",
        "Bearer " TOKEN " x",
        "Bearer " TOKEN ", Bearer " TOKEN,
        "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
        "Bearer " SPARE,
    };
    static const struct ask routes[] = {
        {.method = "DELETE", .target = SECRET},
        {.method = "DELETE", .target = SECRET "/lease"},
        {.method = "POST", .target = SECRET "/complete"},
        {.method = "GET", .target = SECRET "/receipt"},
        {.method = "HEAD", .target = SECRET "/receipt"},
        {.method = "GET", .target = SECRET "/parts/0"},
        {.method = "PUT", .target = SECRET "/parts/0", .body = "x"},
        {.method = "DELETE", .target = "/api/v1/secrets/x"},
    };
    struct api_fixture *fixture = *state;
    for (size_t r = 0; r < ARRAY_LEN(routes); r++) {
        struct ask ask = routes[r];
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
            ask.authorization = bad[i];
            assert_int_equal(api_fixture_ask(fixture, ask), 401);
            assert_string_equal(header(fixture, "WWW-Authenticate"), "Bearer");
            assert_true(api_fixture_problem(fixture, "unauthorized", NULL));
        }
        ask.authorization = "bearer  " TOKEN;
        assert_int_equal(api_fixture_ask(fixture, ask), 404);

        /* Secrets-Token is for clients whose Authorization a proxy uses; it wins. */
        ask.own_token = TOKEN;
        ask.authorization = "Basic dXNlcjpwYXNz";
        assert_int_equal(api_fixture_ask(fixture, ask), 404);
        ask.authorization = "Bearer " TOKEN;
        ask.own_token = "Bearer " TOKEN;
        assert_int_equal(api_fixture_ask(fixture, ask), 401);
        ask.own_token = "";
        assert_int_equal(api_fixture_ask(fixture, ask), 401);
        ask.own_token = SPARE;
        assert_int_equal(api_fixture_ask(fixture, ask), 401);
    }
}

static void
config_tells_what_holds(void **state) {
    struct api_fixture *fixture = *state;
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/api/v1/config"}), 200);
    assert_string_equal(
        api_fixture_body(fixture),
        "{\"version\":\"test\",\"page\":\"\",\"part_size\":65536,\"inline_max\":131072,"
        "\"file_max\":1048576,\"text_max\":4096,\"classic_file_max\":10000,\"ttl_min\":60,"
        "\"ttl_max\":2592000,\"ttl_default\":432000,"
        "\"ttl_choices\":[300,3600,21600,86400,259200,432000,1209600,2592000],"
        "\"views_max\":100,\"attempts_max\":100,\"passphrase\":\"optional\","
        "\"create\":{\"allowed\":true,\"ways\":[]},\"features\":[\"gate\",\"wrap\",\"requests\"]}");
    fixture->api.config.ttl_max = 86400;
    fixture->api.config.ttl_default = 7200;
    fixture->api.config.page = "https://page.example/\"s";
    fixture->api.config.views_max = 7;
    fixture->api.config.passphrase_required = true;
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/api/v1/config"}), 200);
    assert_non_null(
        strstr(api_fixture_body(fixture), "\"ttl_choices\":[300,3600,7200,21600,86400],"));
    assert_non_null(strstr(api_fixture_body(fixture), "\"page\":\"https://page.example/\\\"s\","));
    assert_non_null(strstr(api_fixture_body(fixture), "\"views_max\":7,"));
    assert_non_null(strstr(api_fixture_body(fixture), "\"passphrase\":\"required\","));
    fixture->api.config.ttl_max = fixture->api.config.ttl_default = 90;
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/api/v1/config"}), 200);
    assert_non_null(strstr(api_fixture_body(fixture), "\"ttl_choices\":[90],"));
}

static bool
page_has(const char *path) {
    return strcmp(path, "/") == 0 || strcmp(path, "/app.js") == 0;
}

static void
page_answer(const struct http_request *req, struct http_response *resp) {
    (void)req;
    resp->status = 200;
    resp->constant = (const uint8_t *)"page";
    resp->constant_len = 4;
    http_response_set(resp, "Content-Security-Policy", "of the page");
}

static void
the_page_answers_its_paths(void **state) {
    static const struct api_page page = {page_has, page_answer};
    struct api_fixture *fixture = *state;
    fixture->api.page = &page;
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/"}), 200);
    assert_string_equal(header(fixture, "Content-Security-Policy"), "of the page");
    assert_string_equal(header(fixture, "Secrets-Answer"), "1");
    assert_string_equal(header(fixture, "X-Content-Type-Options"), "nosniff");
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.method = "HEAD", .target = "/app.js"}),
                     200);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/app.js.map"}), 404);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.method = "POST", .target = "/"}), 405);
    assert_string_equal(header(fixture, "Allow"), "GET, HEAD, OPTIONS");
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/healthz"}), 200);
    assert_string_equal(api_fixture_body(fixture), "{\"status\":\"ok\"}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_is_alive_and_ready),
        TEST(unknown_paths_are_one_404),
        TEST(other_methods_are_405_with_allow),
        TEST(every_answer_has_the_security_headers),
        TEST(only_the_origins_that_are_set_may_read),
        TEST(bodies_are_bounded_before_they_are_read),
        TEST(compressed_bodies_are_refused),
        TEST(v1_takes_json_alone),
        TEST(classic_takes_any_type_but_forms),
        TEST(a_post_without_a_body_takes_an_empty_object),
        TEST(no_token_is_401_whatever_the_id),
        TEST(config_tells_what_holds),
        TEST(the_page_answers_its_paths),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
