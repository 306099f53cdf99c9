/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

/* A clock may show anything: a time without an HTTP form must not end the server. */
static void
dates_of_http_and_times_that_have_none(void **unused) {
    static const struct {
        int64_t t;
        const char *date;
    } cases[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"}, /* the example of RFC 9110 */
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {253402300800, ""},
        {-1, ""},
        {(int64_t)1 << 61, ""},
        {INT64_MAX, ""},
        {INT64_MIN, ""},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char date[CLOCK_HTTP_DATE_LEN + 1] = "before";
        assert_int_equal(clock_http_date(cases[i].t, date), cases[i].date[0] != '\0');
        assert_string_equal(date, cases[i].date);
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_http_and_times_that_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
