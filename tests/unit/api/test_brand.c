/* SPDX-License-Identifier: MIT */
/* The operator's brand: which files are one, and what the API does with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/brand/brand.h"
#include "api/brand/colour.h"
#include "api_fixture.h"
#include "base/err.h"
#include "scratch.h"

static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20\x08\x06\0\0\0";
static const char svg[] = "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

static void
put_file(const char *folder, const char *name, const void *data, size_t len) {
    char path[SCRATCH_PATH_MAX + 64];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* Load a folder whose brand.json is ${json}.  Returns the result, with the reason in ${reason}. */
static int
load_json(const char *json, struct brand *out, struct buf *reason) {
    char folder[SCRATCH_PATH_MAX];
    scratch_make_fast(folder);
    put_file(folder, "brand.json", json, strlen(json));
    put_file(folder, "logo.png", png, sizeof(png) - 1);
    put_file(folder, "mark.svg", svg, sizeof(svg) - 1);
    put_file(folder, "fake.png", svg, sizeof(svg) - 1);
    put_file(folder, "fake.svg", png, sizeof(png) - 1);
    put_file(folder, "empty.svg", "", 0);
    char *large = calloc(1, 70000);
    assert_non_null(large);
    memcpy(large, png, sizeof(png) - 1);
    put_file(folder, "large.png", large, 70000);
    free(large);

    buf_reset(reason);
    int err = brand_load(folder, out, reason);
    scratch_remove(folder);
    return err;
}

static const char whole[] =
    "{\"name\": \"Nordwind & S\\u00f6hne\","
    " \"accent\": {\"light\": \"#7A1FA2\", \"dark\": \"#d9a6ee\"},"
    " \"logo\": \"mark.svg\","
    " \"note\": {\"en\": \"Hello\", \"de-AT\": \"Servus\"},"
    " \"links\": [{\"href\": \"https://n.example/a?b=c#d\", \"text\": \"Imprint\"},"
    "             {\"href\": \"mailto:help@n.example\", \"text\": {\"de\": \"Hilfe\"}}],"
    " \"report\": \"abuse+x@n.example\","
    " \"sign_in\": \"/oauth2/start?rd=/\"}";

static void
a_whole_brand_is_taken_as_it_is(void **state) {
    (void)state;
    struct buf reason = BUF_INIT(1024);
    struct brand b;
    assert_int_equal(load_json(whole, &b, &reason), 0);
    assert_string_equal(b.logo_path, "/brand/logo.svg");
    assert_int_equal(b.logo.len, sizeof(svg) - 1);

    /* The page gets the same members, and an address in the place of the logo's name. */
    json_t *got = json_parse_object((const char *)b.json.data, b.json.len);
    json_t *wanted = json_parse_object(whole, strlen(whole));
    assert_non_null(got);
    assert_int_equal(json_object_set_new(wanted, "logo", json_string("brand/logo.svg")), 0);
    assert_true(json_equal(got, wanted));
    json_decref(got);
    json_decref(wanted);
    brand_free(&b);

    assert_int_equal(load_json("{\"name\": \"N\"}", &b, &reason), 0);
    assert_null(b.logo_path);
    brand_free(&b);
    buf_free(&reason);
}

#define WITH(member) "{\"name\": \"N\", " member "}"
#define LONG_NAME    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Each brand.json, and what the reason has to say. */
static const struct wrong {
    const char *json, *said;
} wrongs[] = {
    {"", "brand.json: line 1"},
    {"[]", "brand.json: is not one JSON object"},
    {"{\"name\": \"N\",\n}", "brand.json: line 2"},
    {"{\"name\": \"N\", \"name\": \"M\"}", "duplicate"},
    {"{}", "brand.json: name: expected a text"},
    {"{\"name\": \"\"}", "name: expected"},
    {"{\"name\": 3}", "name: expected"},
    {"{\"name\": \"a\\u0000b\"}", "name: expected"},
    {"{\"name\": \"a\\nb\"}", "name: expected"},
    {"{\"name\": \"" LONG_NAME "\"}", "name: expected"},
    {WITH("\"colour\": \"#123456\""), "there is no member of this name: colour"},
    {WITH("\"accent\": \"#14608f\""), "accent: expected {\"light\""},
    {WITH("\"accent\": {\"light\": \"#14608f\"}"), "accent: expected"},
    {WITH("\"accent\": {\"light\": \"red\", \"dark\": \"#7fc1ec\"}"), "accent.light: expected"},
    {WITH("\"accent\": {\"light\": \"#14608f\", \"dark\": \"#7fc1ex\"}"), "accent.dark: expected"},
    {WITH("\"accent\": {\"light\": \"#ff8800\", \"dark\": \"#7fc1ec\"}"),
     "accent.light: #ff8800 cannot be read on the light page: contrast 2."},
    {WITH("\"accent\": {\"light\": \"#14608f\", \"dark\": \"#14608f\"}"),
     "accent.dark: #14608f cannot be read on the dark page"},
    {WITH("\"logo\": \"../logo.png\""), "logo: expected"},
    {WITH("\"logo\": \"/etc/passwd\""), "logo: expected"},
    {WITH("\"logo\": \".hidden.png\""), "logo: expected"},
    {WITH("\"logo\": \"logo.gif\""), "logo: expected"},
    {WITH("\"logo\": \"logo.png\\u0000\""), "logo: expected"},
    {WITH("\"logo\": \"absent.png\""), "absent.png: No such file"},
    {WITH("\"logo\": \"fake.png\""), "fake.png: is not an image"},
    {WITH("\"logo\": \"fake.svg\""), "fake.svg: is not an image"},
    {WITH("\"logo\": \"empty.svg\""), "empty.svg: is not an image"},
    {WITH("\"logo\": \"large.png\""), "large.png: is too large (limit 64 KiB)"},
    {WITH("\"note\": {}"), "note: expected"},
    {WITH("\"note\": {\"e\": \"x\"}"), "note: expected"},
    {WITH("\"note\": {\"en\": [\"x\"]}"), "note: expected"},
    {WITH("\"links\": {}"), "links: expected"},
    {WITH("\"links\": [3]"), "links[0]: expected"},
    {WITH("\"links\": [{\"href\": \"http://n.example/\", \"text\": \"x\"}]"), "links[0]"},
    {WITH("\"links\": [{\"href\": \"javascript:alert(1)\", \"text\": \"x\"}]"), "links[0]"},
    {WITH("\"links\": [{\"href\": \"https://\", \"text\": \"x\"}]"), "links[0]"},
    {WITH("\"links\": [{\"href\": \"https://n.example/\\u0000\", \"text\": \"x\"}]"), "links[0]"},
    {WITH("\"links\": [{\"href\": \"https://n.example/ x\", \"text\": \"x\"}]"), "links[0]"},
    {WITH("\"links\": [{\"href\": \"https://n.example/\"}]"), "links[0]"},
    {WITH("\"report\": \"nobody\""), "report: expected"},
    {WITH("\"report\": \"a@b?cc=c@d\""), "report: expected"},
    {WITH("\"report\": \"a@b\\u0000\""), "report: expected"},
    {WITH("\"report\": \"mailto:a@b\""), "report: expected"},
    {WITH("\"sign_in\": \"javascript:alert(1)\""), "sign_in: expected"},
    {WITH("\"sign_in\": \"//evil.example/\""), "sign_in: expected"},
    {WITH("\"sign_in\": \"http://n.example/\""), "sign_in: expected"},
};

static void
what_is_wrong_is_refused_and_named(void **state) {
    (void)state;
    struct buf reason = BUF_INIT(1024);
    for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
        struct brand b;
        assert_int_equal(load_json(wrongs[i].json, &b, &reason), ERR_CONFIG);
        brand_free(&b);
        const char *said = buf_text(&reason);
        assert_ptr_equal(strstr(said, "SECRETS_BRAND: "), said);
        if (strstr(said, wrongs[i].said) == NULL) fail_msg("%s: %s", wrongs[i].json, said);
    }

    struct brand b;
    buf_reset(&reason);
    assert_int_equal(brand_load("/nonexistent", &b, &reason), ERR_CONFIG);
    assert_string_equal(buf_text(&reason),
                        "SECRETS_BRAND: /nonexistent: No such file or directory");
    brand_free(&b);
    buf_free(&reason);
}

static void
contrast_is_that_of_wcag(void **state) {
    (void)state;
    const struct colour black = {0, 0, 0}, white = {255, 255, 255}, grey = {0x77, 0x77, 0x77};
    const struct colour orange = {0xff, 0x88, 0}, blue = {0x14, 0x60, 0x8f};
    assert_float_equal(colour_contrast(black, white), 21, 0.001);
    assert_float_equal(colour_contrast(white, white), 1, 0.001);
    assert_float_equal(colour_contrast(grey, white), 4.478, 0.001);
    assert_float_equal(colour_contrast(white, blue), 6.7752, 0.001);

    /* What is proposed can be read, and is the same colour where that can be read already. */
    struct colour found = colour_readable(orange, COLOUR_LIGHT);
    assert_true(colour_readability(found, COLOUR_LIGHT) >= COLOUR_CONTRAST_MIN);
    assert_true(found.red > 0 && found.blue == 0);
    found = colour_readable(black, COLOUR_DARK);
    assert_true(colour_readability(found, COLOUR_DARK) >= COLOUR_CONTRAST_MIN);
    found = colour_readable(blue, COLOUR_LIGHT);
    assert_memory_equal(&found, &blue, sizeof(blue));
}

static const char *
header_of(struct api_fixture *fixture, const char *name) {
    const char *value = http_response_get(&fixture->resp, name);
    return value == NULL ? "" : value;
}

static void
the_api_serves_it_as_data(void **state) {
    struct api_fixture *fixture = *state;
    struct buf reason = BUF_INIT(1024);
    struct brand b;
    size_t len;

    /* Without a brand there is nothing of it. */
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/brand/logo.svg"}), 404);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/api/v1/config"}), 200);
    assert_null(strstr(api_fixture_body(fixture), "brand"));

    assert_int_equal(load_json(whole, &b, &reason), 0);
    fixture->api.brand = &b;
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/api/v1/config"}), 200);
    json_t *config = api_fixture_json(fixture);
    const char *name = json_string_value(json_object_get(json_object_get(config, "brand"), "name"));
    assert_string_equal(name, "Nordwind & S\u00f6hne");
    json_decref(config);

    /* The logo runs nothing, wherever it is opened. */
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/brand/logo.svg"}), 200);
    assert_memory_equal(http_response_body(&fixture->resp, &len), svg, sizeof(svg) - 1);
    assert_int_equal(len, sizeof(svg) - 1);
    assert_string_equal(header_of(fixture, "Content-Type"), "image/svg+xml");
    assert_string_equal(header_of(fixture, "Content-Security-Policy"),
                        "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert_string_equal(header_of(fixture, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(header_of(fixture, "Cross-Origin-Resource-Policy"), "same-origin");
    assert_string_equal(header_of(fixture, "Cache-Control"), "no-cache");
    assert_int_equal(strlen(header_of(fixture, "ETag")), 24);

    /* That path alone, and nothing but GET and HEAD. */
    static const char *const others[] = {"/brand/logo.png", "/brand/", "/brand/brand.json",
                                         "/brand/mark.svg", "/brand/logo.svg/"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = others[i]}), 404);
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.method = "POST", .target = "/brand/logo.svg"}), 405);
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.method = "HEAD", .target = "/brand/logo.svg"}), 200);

    fixture->api.brand = NULL;
    brand_free(&b);
    buf_free(&reason);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_brand_is_taken_as_it_is),
        cmocka_unit_test(what_is_wrong_is_refused_and_named),
        cmocka_unit_test(contrast_is_that_of_wcag),
        cmocka_unit_test_setup_teardown(the_api_serves_it_as_data, api_fixture_setup,
                                        api_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
