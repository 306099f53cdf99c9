/* SPDX-License-Identifier: MIT */
/* Neither a client nor its network fills the log, and the lines of others are still written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "captured.h"
#include "server/http/request_log.h"

enum { CLIENTS = 4, REQUESTS = 2500 };

/* Log ${n} requests of ${client}.  Returns how many of them got a line. */
static int
lines_of(struct request_log *l, const struct http_address *client, int n) {
    struct request_outcome outcome = {.route = "page", .status = 200, .client = client};
    int lines = 0;
    captured_begin();
    for (int i = 0; i < n; i++)
        request_log_add(l, &outcome);

    char *text = captured_end();
    for (const char *at = text; (at = strstr(at, "event=request ")) != NULL; at++)
        lines++;
    free(text);
    return lines;
}

/* Client ${n} of a network: of the /48 of an IPv6 address, or of the /24 of an IPv4 address. */
static struct http_address
client_of(bool ipv4, uint8_t n) {
    if (ipv4) return (struct http_address){.bytes = {[10] = 0xFF, 0xFF, 192, 0, 2, n}};
    return (struct http_address){.bytes = {0x20, 0x01, 0x0D, 0xB8, 0, 1, 0, n, [15] = 1}};
}

static void
a_client_has_a_limit(void **state) {
    (void)state;
    struct request_log *l = request_log_new(NULL, &random_system);
    struct http_address one = client_of(false, 1), two = client_of(false, 2);
    assert_non_null(l);

    int64_t begun = clock_monotonic_ms();
    int lines = lines_of(l, &one, 2 * REQUEST_LOG_LINES);
    int64_t refilled = (clock_monotonic_ms() - begun) * REQUEST_LOG_LINES / 60000 + 1;
    assert_in_range(lines, REQUEST_LOG_LINES, REQUEST_LOG_LINES + refilled);
    assert_int_equal(lines_of(l, &two, 1), 1);
    request_log_free(l);
}

/* Each client stays below its own limit. */
static void
a_network_has_a_limit(void **state) {
    (void)state;
    for (int ipv4 = 0; ipv4 <= 1; ipv4++) {
        struct request_log *l = request_log_new(NULL, &random_system);
        struct http_address other = client_of(ipv4 == 0, 1);
        assert_non_null(l);

        int64_t begun = clock_monotonic_ms();
        int lines = 0;
        for (uint8_t n = 1; n <= CLIENTS; n++) {
            struct http_address client = client_of(ipv4 == 1, n);
            lines += lines_of(l, &client, REQUESTS);
        }
        int64_t refilled = (clock_monotonic_ms() - begun) * REQUEST_LOG_NETWORK_LINES / 60000 + 1;
        assert_in_range(lines, REQUEST_LOG_NETWORK_LINES, REQUEST_LOG_NETWORK_LINES + refilled);
        assert_int_equal(lines_of(l, &other, 1), 1);
        request_log_free(l);
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_has_a_limit),
        cmocka_unit_test(a_network_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
