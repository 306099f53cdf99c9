/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crowd.h"
#include "server/metrics/metrics.h"

static void
assert_has(struct buf *text, const char *line) {
    if (strstr(buf_text(text), line) == NULL) fail_msg("no line: %s", line);
}

static void
test_histogram_is_cumulative(void **state) {
    (void)state;
    struct buf text = BUF_INIT(65536);
    struct metrics *m = metrics_new();
    metrics_request(m, "/encrypt", 200, 200);
    metrics_request(m, "/encrypt", 200, 30000);
    metrics_request(m, "/encrypt", 200, 60000000);
    metrics_request(m, "/encrypt", 503, 1000);
    assert_int_equal(metrics_write(m, NULL, 0, &text), 0);
    assert_has(
        &text,
        "secrets_request_seconds_bucket{route=\"/encrypt\",code=\"200\",le=\"0.00025\"} 1\n");
    assert_has(&text,
               "secrets_request_seconds_bucket{route=\"/encrypt\",code=\"200\",le=\"0.025\"} 1\n");
    assert_has(&text,
               "secrets_request_seconds_bucket{route=\"/encrypt\",code=\"200\",le=\"0.1\"} 2\n");
    assert_has(&text,
               "secrets_request_seconds_bucket{route=\"/encrypt\",code=\"200\",le=\"+Inf\"} 3\n");
    assert_has(&text, "secrets_request_seconds_sum{route=\"/encrypt\",code=\"200\"} 60.030200\n");
    assert_has(&text,
               "secrets_request_seconds_bucket{route=\"/encrypt\",code=\"503\",le=\"0.001\"} 1\n");
    metrics_free(m);
    buf_free(&text);
}

static void
test_figures(void **state) {
    (void)state;
    struct buf text = BUF_INIT(65536);
    struct metrics *m = metrics_new();
    const struct metrics_value figures[] = {
        {"secrets_bytes_held", "gauge", "Bytes of content kept.", 123456789012.0}};
    assert_int_equal(metrics_write(m, figures, 1, &text), 0);
    assert_has(&text, "# TYPE secrets_bytes_held gauge\nsecrets_bytes_held 123456789012\n");
    metrics_free(m);
    buf_free(&text);
}

static void
test_series_are_bounded(void **state) {
    (void)state;
    struct buf text = BUF_INIT(1 << 20);
    struct metrics *m = metrics_new();
    for (int status = 1; status <= 1000; status++)
        metrics_request(m, "/", status, 1);
    assert_int_equal(metrics_write(m, NULL, 0, &text), 0);
    assert_has(&text, "secrets_request_seconds_count{route=\"/\",code=\"255\"} 1\n");
    assert_has(&text, "secrets_request_seconds_count{route=\"other\",code=\"0\"} 745\n");
    metrics_free(m);
    buf_free(&text);
}

enum { THREADS = 8, EACH = 20000 };

static void *
count_many(void *arg) {
    static const char *const routes[] = {"/a", "/b", "/c"};
    for (int i = 0; i < EACH; i++)
        metrics_request(arg, routes[i % 3], 200 + i % 5, 300);
    return NULL;
}

static void
test_no_count_is_lost(void **state) {
    (void)state;
    struct buf text = BUF_INIT(1 << 20);
    struct metrics *m = metrics_new();
    uintmax_t total = 0;
    crowd_run(THREADS, count_many, m, NULL);
    assert_int_equal(metrics_write(m, NULL, 0, &text), 0);
    for (const char *at = buf_text(&text); (at = strstr(at, "seconds_count{")) != NULL; at++)
        total += strtoumax(strstr(at, "} ") + 2, NULL, 10);
    assert_int_equal(total, THREADS * EACH);
    metrics_free(m);
    buf_free(&text);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_is_cumulative), cmocka_unit_test(test_figures),
        cmocka_unit_test(test_series_are_bounded), cmocka_unit_test(test_no_count_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
