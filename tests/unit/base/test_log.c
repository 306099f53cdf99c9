/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <regex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/json.h"
#include "captured.h"

static void
one_event_is_one_line(void **state) {
    (void)state;
    regex_t line;
    captured_begin();
    log_info("start", LOG_NUMBER("port", 8080));
    char *text = captured_end();
    assert_int_equal(regcomp(&line,
                             "^time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z level=info "
                             "event=start port=8080\n$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    assert_int_equal(regexec(&line, text, 0, NULL, 0), 0);
    regfree(&line);
    free(text);
}

static void
input_cannot_forge_a_line(void **state) {
    (void)state;
    captured_begin();
    log_warn("peer", LOG_TEXT("name", "x\nlevel=error event=forged\r\x1B[31m\x80\xFF\" x=\\"));
    char *text = captured_end();
    assert_non_null(strstr(text, "name=\"x?level=error event=forged??[31m??\\\" x=\\\\\"\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void
long_lines_are_cut(void **state) {
    (void)state;
    char input[3000];
    memset(input, 'a', sizeof(input) - 1);
    input[sizeof(input) - 1] = '\0';
    captured_begin();
    log_error("long", LOG_TEXT("text", input), LOG_TEXT("left_out", "x"));
    log_error("next", LOG_NONE);
    char *text = captured_end();
    char *end = strchr(text, '\n');
    assert_non_null(end);
    assert_true(end - text <= 1000 && end - text > 900);
    assert_non_null(strstr(end, "event=next\n"));
    free(text);
}

/* Any text gives a line that is one JSON object, from which the text can be read unless it was
 * cut. */
static void
json_is_valid_for_every_text(void **state) {
    (void)state;
    char input[1100];
    log_set_format(LOG_FORMAT_JSON);
    for (size_t len = 0; len < sizeof(input); len += len < 950 ? 37 : 1) {
        for (size_t i = 0; i < len; i++)
            input[i] = (char)(i * 7 + len);
        for (size_t i = 0; i < len; i++)
            if (input[i] == '\0') input[i] = '"';
        input[len] = '\0';
        captured_begin();
        log_error("every", LOG_TEXT("text", input), LOG_NUMBER("least", INT64_MIN), LOG_NONE,
                  LOG_FLAG("yes", true), LOG_TEXT("last", input));
        char *text = captured_end();
        size_t n = strlen(text);
        assert_true(n > 1 && n <= 1001 && text[n - 1] == '\n');
        json_t *o = json_parse_object(text, n - 1);
        assert_non_null(o);
        const char *got = json_string_value(json_object_get(o, "text"));
        assert_non_null(got);
        for (size_t i = 0; got[i] != '\0'; i++)
            assert_int_equal(got[i], input[i] < 0x20 || input[i] >= 0x7F ? '?' : input[i]);
        if (len < 400) {
            assert_int_equal(strlen(got), len);
            assert_true(json_integer_value(json_object_get(o, "least")) == INT64_MIN);
            assert_true(json_is_true(json_object_get(o, "yes")));
        }
        json_decref(o);
        free(text);
    }
    log_set_format(LOG_FORMAT_LOGFMT);
}

static void
levels_are_dropped_below_the_set_one(void **state) {
    (void)state;
    captured_begin();
    log_debug("one", LOG_NONE);
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("two", LOG_NONE);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("three", LOG_NONE);
    log_set_level(LOG_LEVEL_INFO);
    char *text = captured_end();
    assert_null(strstr(text, "one"));
    assert_null(strstr(text, "two"));
    assert_non_null(strstr(text, "level=debug event=three\n"));
    free(text);
}

static void *
log_many(void *arg) {
    for (int i = 0; i < 200; i++)
        log_info("busy", LOG_TEXT("thread", (const char *)arg));
    return NULL;
}

static void
threads_do_not_mix_their_lines(void **state) {
    (void)state;
    pthread_t a, b;
    unsigned lines = 0;
    char names[2][21] = {"aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb"};
    captured_begin();
    assert_int_equal(pthread_create(&a, NULL, log_many, names[0]), 0);
    assert_int_equal(pthread_create(&b, NULL, log_many, names[1]), 0);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    char *text = captured_end(), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; lines++)
        if (strstr(line, "event=busy thread=aaaaaaaaaaaaaaaaaaaa") == NULL)
            assert_non_null(strstr(line, "event=busy thread=bbbbbbbbbbbbbbbbbbbb"));
    assert_int_equal(lines, 400);
    free(text);
}

static void
every_error_has_a_text(void **state) {
    (void)state;
#define X(name, text) assert_string_equal(err_text(ERR_##name), text);
    ERR_LIST(X)
#undef X
    assert_string_equal(err_text(0), "no error");
    assert_string_equal(err_text(-1000), "unknown error");
}

static void
clocks_go_on(void **state) {
    (void)state;
    int64_t before = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before);
    assert_true(clock_monotonic_ms() >= before / 1000);
    assert_true(clock_now(&clock_system) > INT64_C(1700000000));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_one_line),
        cmocka_unit_test(input_cannot_forge_a_line),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(json_is_valid_for_every_text),
        cmocka_unit_test(levels_are_dropped_below_the_set_one),
        cmocka_unit_test(threads_do_not_mix_their_lines),
        cmocka_unit_test(every_error_has_a_text),
        cmocka_unit_test(clocks_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
