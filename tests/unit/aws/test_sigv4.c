/* SPDX-License-Identifier: MIT */
/* Signing, step by step: our own cases made by Amazon's JavaScript signer, and the public suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <jansson.h>

#include "aws/sigv4.h"
#include "aws/sigv4_canonical.h"
#include "base/err.h"

#define OWN_CASES   43
#define SUITE_CASES 38 /* 7 of them are for services that do not normalize paths */

static const char *
text_of(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

static void
fill_headers(const json_t *list, struct sigv4_header *headers, size_t *count) {
    *count = json_array_size(list);
    for (size_t i = 0; i < *count; i++) {
        const json_t *pair = json_array_get(list, i);
        headers[i].name = json_string_value(json_array_get(pair, 0));
        headers[i].value = json_string_value(json_array_get(pair, 1));
    }
}

/* Steps 1 and 2 of ${req} give the texts stated, and the signature. */
static void
check_steps(const struct sigv4_request *req, const struct sigv4_keys *keys,
            const struct sigv4_scope *scope, const char *canonical, const char *string,
            char signature[static SIGV4_HASH_HEX + 1]) {
    struct buf c = BUF_INIT(SIGV4_TEXT_MAX), names = BUF_INIT(SIGV4_TEXT_MAX),
               s = BUF_INIT(SIGV4_TEXT_MAX);
    assert_int_equal(sigv4_canonical_request(req, &c, &names), 0);
    assert_string_equal(buf_text(&c), canonical);
    assert_int_equal(sigv4_string_to_sign(&c, scope, &s), 0);
    assert_string_equal(buf_text(&s), string);
    assert_int_equal(sigv4_signature(keys->secret, scope, &s, signature), 0);
    buf_free(&c);
    buf_free(&names);
    buf_free(&s);
}

static void
check_own(const json_t *c) {
    struct sigv4_header headers[SIGV4_HEADERS_MAX];
    struct sigv4_request req = {.method = text_of(c, "method"),
                                .path = text_of(c, "path"),
                                .query = text_of(c, "query"),
                                .headers = headers,
                                .payload_hash = text_of(c, "payload"),
                                .path_as_is = strcmp(text_of(c, "service"), "s3") == 0};
    struct sigv4_keys keys = {text_of(c, "id"), text_of(c, "secret")};
    struct sigv4_scope scope = {json_integer_value(json_object_get(c, "time")),
                                text_of(c, "region"), text_of(c, "service")};
    char signature[SIGV4_HASH_HEX + 1];
    struct buf authorization = BUF_INIT(SIGV4_TEXT_MAX);

    fill_headers(json_object_get(c, "headers"), headers, &req.header_count);
    check_steps(&req, &keys, &scope, text_of(c, "canonical"), text_of(c, "string"), signature);
    assert_int_equal(sigv4_authorization(&req, &keys, &scope, &authorization), 0);
    assert_string_equal(buf_text(&authorization), text_of(c, "authorization"));
    assert_non_null(strstr(text_of(c, "authorization"), signature));
    buf_free(&authorization);
}

static void
own_cases_agree_with_amazons_signer(void **state) {
    (void)state;
    json_error_t error;
    json_t *cases = json_load_file("tests/vectors/sigv4-own.json", 0, &error);
    assert_non_null(cases);
    assert_int_equal(json_array_size(cases), OWN_CASES);
    for (size_t i = 0; i < OWN_CASES; i++) {
        print_message("  %s\n", text_of(json_array_get(cases, i), "name"));
        check_own(json_array_get(cases, i));
    }
    json_decref(cases);
}

/* One case of the public suite: its files, and the request taken apart. */
struct suite_case {
    const char *folder;
    json_t *context;
    struct buf request, path;
    struct sigv4_header headers[SIGV4_HEADERS_MAX];
    struct sigv4_request req;
    struct sigv4_keys keys;
    const char *token; /* session token, or NULL */
    struct sigv4_scope scope;
    char payload[SIGV4_HASH_HEX + 1];
    char date[SIGV4_DATE_LEN + 1];
};

static void
read_file(const char *folder, const char *name, struct buf *out) {
    char path[1024];
    FILE *f = NULL;
    uint8_t *space = buf_space(out, 16384);
    assert_non_null(space);
    assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path));
    f = fopen(path, "rb");
    assert_non_null(f);
    out->len += fread(space, 1, 16384, f);
    (void)fclose(f);
}

/* Take apart "METHOD path?query HTTP/1.1", header lines, an empty line and a body. */
static void
parse_request(struct suite_case *c) {
    (void)buf_text(&c->request);
    char *text = (char *)c->request.data, *line = text;
    char *end = strchr(text, '\n'), *body = strstr(text, "\n\n");
    c->req.method = text;
    char *path = strchr(text, ' ');
    *path++ = '\0';
    *strstr(path, " HTTP/1.1") = '\0';
    char *query = strchr(path, '?');
    if (query != NULL) *query++ = '\0';
    c->req.path = path;
    c->req.query = query != NULL ? query : "";
    if (body != NULL) *body = '\0';
    sigv4_hash_hex(body != NULL ? body + 2 : "", body != NULL ? strlen(body + 2) : 0, c->payload);
    for (line = end; line != NULL; line = end) {
        *line++ = '\0';
        end = line;
        do
            end = strchr(end + 1, '\n');
        while (end != NULL && (end[1] == ' ' || end[1] == '\t')); /* a folded value goes on */
        char *colon = strchr(line, ':');
        if (colon == NULL) continue;
        *colon = '\0';
        c->headers[c->req.header_count++] = (struct sigv4_header){line, colon + 1};
    }
}

static void
load_case(struct suite_case *c, const char *folder) {
    struct buf context = BUF_INIT(16384);
    *c = (struct suite_case){.folder = folder, .request = BUF_INIT(16384)};
    read_file(folder, "context.json", &context);
    c->context = json_loads(buf_text(&context), 0, NULL);
    assert_non_null(c->context);
    buf_free(&context);
    read_file(folder, "request.txt", &c->request);
    c->req.headers = c->headers;
    c->req.payload_hash = c->payload;
    parse_request(c);

    const json_t *keys = json_object_get(c->context, "credentials");
    c->keys =
        (struct sigv4_keys){text_of(keys, "access_key_id"), text_of(keys, "secret_access_key")};
    c->token = json_string_value(json_object_get(keys, "token"));

    struct tm tm = {0};
    assert_non_null(strptime(text_of(c->context, "timestamp"), "%Y-%m-%dT%H:%M:%SZ", &tm));
    c->scope = (struct sigv4_scope){timegm(&tm), text_of(c->context, "region"),
                                    text_of(c->context, "service")};
    sigv4_date(c->scope.time, c->date);
}

static void
check_against_files(const struct suite_case *c) {
    char signature[SIGV4_HASH_HEX + 1];
    struct buf canonical = BUF_INIT(16384), string = BUF_INIT(16384), want = BUF_INIT(16384);

    read_file(c->folder, "header-canonical-request.txt", &canonical);
    read_file(c->folder, "header-string-to-sign.txt", &string);
    read_file(c->folder, "header-signature.txt", &want);

    check_steps(&c->req, &c->keys, &c->scope, buf_text(&canonical), buf_text(&string), signature);
    assert_string_equal(signature, buf_text(&want));

    buf_free(&canonical);
    buf_free(&string);
    buf_free(&want);
}

static void
check_suite_case(const char *folder) {
    struct suite_case c;

    load_case(&c, folder);
    bool omit = json_is_true(json_object_get(c.context, "omit_session_token"));
    bool normalized = json_is_true(json_object_get(c.context, "normalize"));

    /* The headers that signing adds. */
    c.headers[c.req.header_count++] = (struct sigv4_header){"X-Amz-Date", c.date};
    if (c.token != NULL && !omit)
        c.headers[c.req.header_count++] = (struct sigv4_header){"X-Amz-Security-Token", c.token};
    if (json_is_true(json_object_get(c.context, "sign_body")))
        c.headers[c.req.header_count++] = (struct sigv4_header){"x-amz-content-sha256", c.payload};

    if (normalized) check_against_files(&c);
    json_decref(c.context);
    buf_free(&c.request);
}

static void
public_suite_agrees(void **state) {
    (void)state;
    const char *shared = getenv("SHARED");
    char root[512], folder[1024];
    int cases = 0;
    (void)snprintf(root, sizeof(root), "%s/vectors/external/sigv4/cases",
                   shared != NULL ? shared : "../shared");
    DIR *dir = opendir(root);
    if (dir == NULL) {
        print_message("SKIP: %s is not there\n", root);
        skip();
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.') continue;
        print_message("  %s\n", e->d_name);
        (void)snprintf(folder, sizeof(folder), "%s/%s", root, e->d_name);
        check_suite_case(folder);
        cases++;
    }
    (void)closedir(dir);
    assert_int_equal(cases, SUITE_CASES);
}

static void
bounds_hold(void **state) {
    (void)state;
    struct sigv4_header headers[SIGV4_HEADERS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        headers[i] = (struct sigv4_header){"a", "b"};
    struct sigv4_request req = {.method = "GET",
                                .path = "/",
                                .query = "",
                                .headers = headers,
                                .header_count = ARRAY_LEN(headers),
                                .payload_hash = ""};
    struct sigv4_keys keys = {"id", "secret"};
    struct sigv4_scope scope = {0, "r", "s"};
    struct buf out = BUF_INIT(SIGV4_TEXT_MAX);
    assert_int_equal(sigv4_authorization(&req, &keys, &scope, &out), ERR_TOO_LARGE);
    req.header_count = 1;
    req.query = "1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&19&20&21&22&23&24&25&26&27&28&29&30&"
                "31&32&33";
    assert_int_equal(sigv4_authorization(&req, &keys, &scope, &out), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_cases_agree_with_amazons_signer),
        cmocka_unit_test(public_suite_agrees),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
