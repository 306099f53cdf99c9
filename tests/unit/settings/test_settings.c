/* SPDX-License-Identifier: MIT */
/*
 * The table of settings: defaults, refusals, and which program reads what.  The documents that list
 * settings for people agree with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "settings/api_config.h"
#include "settings/check.h"
#include "settings/table.h"

enum { REASON_MAX = 512, PAGE_MAX = 256 * 1024 };

static int
read_env(struct settings *s, enum settings_program program, const char *variable,
         struct buf *reason) {
    char copy[128];
    (void)snprintf(copy, sizeof(copy), "%s", variable);
    char *const env[] = {copy, NULL};
    settings_defaults(s, 4);
    buf_reset(reason);
    return settings_environment(s, program, env, reason);
}

static void
each_default_is_a_value(void **state) {
    static struct settings s;
    struct buf reason = BUF_INIT(REASON_MAX);
    size_t count;
    const struct setting *table = settings_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (table[i].kind == SETTINGS_NUMBER && table[i].fallback[0] == '\0') continue;
        assert_int_equal(settings_set(&s, &table[i], table[i].fallback, "x", &reason), 0);
    }
    settings_defaults(&s, 4);
    assert_int_equal(settings_check(&s, &reason), 0);
    assert_int_equal(s.kdf_threads, 4);
    settings_defaults(&s, 0);
    assert_int_equal(s.kdf_threads, 1);
    settings_defaults(&s, 1000);
    assert_int_equal(s.kdf_threads, 256);
    buf_free(&reason);
}

static void
a_refusal_names_the_setting_and_the_form(void **state) {
    static struct settings s;
    struct buf reason = BUF_INIT(REASON_MAX);
    (void)state;
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "TTL_DAYS=0", &reason), ERR_CONFIG);
    assert_string_equal(buf_text(&reason),
                        "TTL_DAYS: \"0\" is not understood: expected a number from 1 to 3650");
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "SECRETS_NO_SUCH=1", &reason), ERR_CONFIG);
    assert_non_null(strstr(buf_text(&reason), "SECRETS_NO_SUCH"));
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "TTL_DAYS=31", &reason), 0);
    assert_int_equal(settings_check(&s, &reason), ERR_CONFIG);
    assert_non_null(strstr(buf_text(&reason), "TTL_DAYS: 31 is above SECRETS_MAX_TTL_DAYS, 30"));
    buf_free(&reason);
}

/* Each setting of who may create needs the others that it works by. */
static void
settings_of_creators_need_each_other(void **state) {
    static const struct {
        const char *env[5];
        const char *reason; /* NULL: all is well */
    } rows[] = {
        {{"SECRETS_CREATE=nobody"}, NULL},
        {{"SECRETS_CREATE=203.0.113.0/24"}, NULL},
        {{"SECRETS_CREATE=token", "SECRETS_API_TOKENS=x"}, NULL},
        {{"SECRETS_CREATE=user", "SECRETS_USER_HEADER=X-User", "SECRETS_USER_PROXIES=unix"}, NULL},
        {{"SECRETS_USER_HEADER=X-User", "SECRETS_USER_PROXIES=10.0.0.1"}, NULL},
        {{"SECRETS_CREATE=10.0.0.0/8", "SECRETS_TRUSTED_PROXIES=10.0.0.1"}, NULL},
        {{"SECRETS_CREATE=token"}, "requires SECRETS_API_TOKENS"},
        {{"SECRETS_API_TOKENS=x"}, "SECRETS_API_TOKENS: has no effect"},
        {{"SECRETS_CREATE=user"}, "requires SECRETS_USER_HEADER"},
        {{"SECRETS_USER_HEADER=X-User"}, "requires SECRETS_USER_PROXIES"},
        {{"SECRETS_USER_PROXIES=10.0.0.1"}, "requires SECRETS_USER_HEADER"},
        {{"SECRETS_CREATE=127.0.0.1"}, "belongs to SECRETS_TRUSTED_PROXIES"},
        {{"SECRETS_CREATE=token,10.1.0.0/16", "SECRETS_API_TOKENS=x",
          "SECRETS_TRUSTED_PROXIES=192.0.2.1,10.0.0.0/8"},
         "belongs to SECRETS_TRUSTED_PROXIES"},
    };
    static struct settings s;
    struct buf reason = BUF_INIT(REASON_MAX);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        settings_defaults(&s, 1);
        buf_reset(&reason);
        assert_int_equal(settings_environment(&s, SETTINGS_SERVER,
                                              (char *const *)(uintptr_t)rows[i].env, &reason),
                         0);
        int err = settings_check(&s, &reason);
        assert_int_equal(err, rows[i].reason == NULL ? 0 : ERR_CONFIG);
        if (rows[i].reason != NULL) assert_non_null(strstr(buf_text(&reason), rows[i].reason));
    }

    /* The function takes the user from a claim. */
    static const char *const claim[] = {"SECRETS_CREATE=user", "SECRETS_USER_CLAIM=email", NULL};
    settings_defaults(&s, 1);
    assert_int_equal(
        settings_environment(&s, SETTINGS_FUNCTION, (char *const *)(uintptr_t)claim, &reason), 0);
    assert_int_equal(settings_check(&s, &reason), 0);
    buf_free(&reason);
}

/* A setting that a program would ignore is refused there: nobody relies on it by mistake. */
static void
the_function_refuses_what_is_for_the_server(void **state) {
    static struct settings s;
    struct buf reason = BUF_INIT(REASON_MAX);
    size_t count;
    const struct setting *table = settings_table(&count);
    char variable[128];
    int refused = 0;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool ours = (table[i].programs & SETTINGS_FUNCTION) != 0;
        (void)snprintf(variable, sizeof(variable), "%s=", table[i].variable);
        int err = read_env(&s, SETTINGS_FUNCTION, variable, &reason);
        assert_int_equal(err, ours ? 0 : ERR_CONFIG);
        if (!ours) refused++;
    }
    assert_true(refused >= 5);
    /* An empty variable: absent for the function, a value for the server. */
    assert_int_equal(read_env(&s, SETTINGS_FUNCTION, "TTL_DAYS=", &reason), 0);
    assert_int_equal(s.ttl_days, 5);
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "TTL_DAYS=", &reason), ERR_CONFIG);
    buf_free(&reason);
}

/* How many settings of ${program} the file ${path} does not hold between ${before} and ${after}. */
static int
count_missing(const char *path, enum settings_program program, const char *before,
              const char *after) {
    static char page[PAGE_MAX];
    size_t count;
    const struct setting *table = settings_table(&count);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t len = fread(page, 1, sizeof(page) - 1, f);
    page[len] = '\0';
    (void)fclose(f);
    int missing = 0;
    for (size_t i = 0; i < count; i++) {
        char name[64];
        if ((table[i].programs & program) == 0) continue;
        (void)snprintf(name, sizeof(name), "%s%s%s", before, table[i].variable, after);
        if (strstr(page, name) == NULL) missing++;
    }
    return missing;
}

/* The shell that exports what secrets(1) reads may start the server as well. */
static void
the_clients_variable_is_passed_over(void **state) {
    static struct settings s;
    struct buf reason = BUF_INIT(REASON_MAX);
    (void)state;
    assert_int_equal(
        read_env(&s, SETTINGS_SERVER, "SECRETS_SERVER=https://share.example.org/", &reason), 0);
    assert_int_equal(read_env(&s, SETTINGS_FUNCTION, "SECRETS_SERVER=x", &reason), 0);
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "SECRETS_SERVERS=x", &reason), ERR_CONFIG);
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "SECRETS_SERVE=x", &reason), ERR_CONFIG);
    buf_free(&reason);
}

/* A host of other letters is kept as browsers send it. */
static void
hosts_are_kept_in_ascii(void **state) {
    static struct settings s;
    struct buf reason = BUF_INIT(REASON_MAX);
    (void)state;
    assert_int_equal(
        read_env(&s, SETTINGS_SERVER, "SECRETS_HOSTS=M\xc3\x9cNCHEN.de, b.de", &reason), 0);
    assert_int_equal(s.hosts.count, 2);
    assert_string_equal(s.hosts.items[0], "xn--mnchen-3ya.de");
    assert_string_equal(s.hosts.items[1], "b.de");

    assert_int_equal(
        read_env(&s, SETTINGS_SERVER, "SECRETS_ORIGINS=https://m\xc3\xbcnchen.de:8443", &reason),
        0);
    assert_string_equal(s.origins.items[0], "https://xn--mnchen-3ya.de:8443");
    assert_int_equal(
        read_env(&s, SETTINGS_SERVER, "SECRETS_PAGE=https://m\xc3\xbcnchen.de/share/", &reason), 0);
    assert_string_equal(s.page, "https://xn--mnchen-3ya.de/share/");
    assert_int_equal(read_env(&s, SETTINGS_SERVER, "SECRETS_HOSTS=\xff.de", &reason), ERR_CONFIG);
    buf_free(&reason);
}

static void
documents_name_every_setting(void **state) {
    (void)state;
    assert_int_equal(count_missing("docs/AWS.md", SETTINGS_FUNCTION, "`", "`"), 0);
    assert_int_equal(count_missing("man/secretsd.8", SETTINGS_SERVER, "Pq Ev ", "\n"), 0);
    /* Control: a page that lists only those of the function lacks those of the server. */
    assert_true(count_missing("docs/AWS.md", SETTINGS_SERVER, "`", "`") > 3);
}

static void
the_api_gets_the_settings_within_limits(void **state) {
    static struct settings s;
    (void)state;
    settings_defaults(&s, 1);
    const struct api_config_limits wide = {.text_max = UINT64_MAX, .classic_file_max = 3 << 20};
    struct api_config c = api_config_make(&s, &wide);
    assert_int_equal(c.ttl_default, 5 * 86400);
    assert_int_equal(c.text_max, 1 << 20);
    assert_int_equal(c.response_max, 6 * (1 << 20) + API_CONFIG_INLINE_MAX);
    const struct api_config_limits narrow = {
        .text_max = 1000, .classic_file_max = 3 << 20, .response_max = 4000};
    c = api_config_make(&s, &narrow);
    assert_int_equal(c.text_max, 1000);
    assert_int_equal(c.response_max, 4000);
    /* The file decides where it is larger than the text. */
    const struct api_config_limits file = {.text_max = 1000, .classic_file_max = 3 << 20};
    c = api_config_make(&s, &file);
    assert_int_equal(c.response_max, (4 << 20) + API_CONFIG_INLINE_MAX);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_default_is_a_value),
        cmocka_unit_test(a_refusal_names_the_setting_and_the_form),
        cmocka_unit_test(settings_of_creators_need_each_other),
        cmocka_unit_test(the_function_refuses_what_is_for_the_server),
        cmocka_unit_test(the_clients_variable_is_passed_over),
        cmocka_unit_test(hosts_are_kept_in_ascii),
        cmocka_unit_test(documents_name_every_setting),
        cmocka_unit_test(the_api_gets_the_settings_within_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
