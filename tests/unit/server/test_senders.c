/* SPDX-License-Identifier: MIT */
/* On a thin line one of a client's bodies moves while the others hardly do: they share a pace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/http/senders.h"

enum { LARGE = 1024 * 1024 };

static struct http_address
client(uint8_t n) {
    return (struct http_address){.bytes = {[10] = 0xFF, 0xFF, 192, 0, 2, n}};
}

static void
test_senders(void **state) {
    (void)state;
    struct senders *s = senders_new();
    struct http_address one = client(1), two = client(2);
    struct sender *first = senders_join(s, &one, 0), *again = senders_join(s, &one, 14000);
    struct sender *other = senders_join(s, &two, 14000);
    assert_true(first != NULL && first == again && other != first);
    assert_false(sender_is_late(first, SENDER_START_MS - 1));
    assert_true(sender_is_late(first, SENDER_START_MS));
    assert_false(sender_is_late(other, SENDER_START_MS));

    /* Either body gains time for both, but not without end. */
    sender_received(again, 8000, 14000);
    assert_false(sender_is_late(first, SENDER_START_MS + 999));
    assert_true(sender_is_late(first, SENDER_START_MS + 1000));
    sender_received(first, LARGE * 100, 15000);
    assert_false(sender_is_late(first, 15000 + SENDER_AHEAD_MS - 1));
    assert_true(sender_is_late(first, 15000 + SENDER_AHEAD_MS));

    /* The last body takes the account with it. */
    senders_leave(s, first);
    senders_leave(s, again);
    first = senders_join(s, &one, 100000);
    assert_false(sender_is_late(first, 100000 + SENDER_START_MS - 1));
    assert_true(sender_is_late(first, 100000 + SENDER_START_MS));
    senders_leave(s, first);
    senders_leave(s, other);
    senders_free(s);
}

int
main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_senders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
