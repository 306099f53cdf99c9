/* SPDX-License-Identifier: MIT */
/* What clients share out: nobody holds all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/http/budget.h"

static struct http_address
client(uint8_t n) {
    return (struct http_address){.bytes = {[10] = 0xFF, 0xFF, 192, 0, 2, n}};
}

/* How many clients it takes, each with all that it gets in steps of ${most} and then of 1, until
 * another one gets nothing. */
static int
clients_to_hold_all(const struct budget_limits *l, size_t most) {
    struct budget *b = budget_new(l);
    size_t held[200] = {0};
    int n = 0;
    assert_non_null(b);
    for (bool any = true; any; n++) {
        struct http_address who = client((uint8_t)n);
        assert_in_range(n, 0, 199);
        for (size_t piece = most; piece > 0; piece = piece > 1 ? 1 : 0)
            while (budget_take(b, &who, piece, false))
                held[n] += piece;
        any = held[n] > 0;
        assert_true(held[n] <= l->share);
    }
    size_t sum = 0;
    for (int i = 0; i < n; i++) {
        struct http_address who = client((uint8_t)i);
        sum += held[i];
        budget_give(b, &who, held[i]);
    }
    assert_int_equal(sum, l->total);
    /* All was given back: one client gets its whole share again. */
    struct http_address last = client(250);
    assert_true(budget_take(b, &last, l->share, false));
    assert_false(budget_take(b, &last, 1, false));
    budget_give(b, &last, l->share);
    budget_free(b);
    return n - 1;
}

static void
test_it_takes_many_clients_to_hold_all(void **state) {
    const struct budget_limits even = {.total = 128, .share = 16, .scarce = 16};
    const struct budget_limits staged = {.total = 128, .share = 16, .scarce = 2};
    (void)state;
    assert_int_equal(clients_to_hold_all(&even, 10), 128 / 16); /* the control */
    assert_int_equal(clients_to_hold_all(&staged, 10), 64 / 16 + 64 / 2);
}

/* A network counts as one client if the limits say so. */
static void
test_a_network_as_one_client(void **state) {
    const struct budget_limits clients = {.total = 100, .share = 2, .scarce = 2};
    const struct budget_limits networks = {.total = 100, .share = 2, .scarce = 2, .networks = true};
    struct budget *by_client = budget_new(&clients), *by_network = budget_new(&networks);
    (void)state;
    assert_non_null(by_client);
    assert_non_null(by_network);

    struct http_address first = client(1), second = client(2), other = client(3);
    other.bytes[14] = 3; /* 192.0.3.3 */
    assert_true(budget_take(by_client, &first, 2, false));
    assert_true(budget_take(by_client, &second, 2, false)); /* the control */
    assert_true(budget_take(by_network, &first, 2, false));
    assert_false(budget_take(by_network, &second, 1, false));
    assert_true(budget_take(by_network, &other, 2, false));

    budget_give(by_network, &first, 2);
    assert_true(budget_take(by_network, &second, 2, false));
    budget_free(by_client);
    budget_free(by_network);
}

/* An amount that grows is counted as one, from the size on at which it counts. */
static void
test_an_amount_that_grows(void **state) {
    const struct budget_limits l = {.total = 200, .share = 100, .scarce = 100, .small = 10};
    struct budget *b = budget_new(&l);
    struct http_address who = client(1);
    (void)state;
    assert_non_null(b);
    assert_true(budget_grow(b, &who, 0, 10));
    assert_true(budget_take(b, &who, 90, false)); /* the ten are not counted */
    assert_false(budget_grow(b, &who, 10, 11));
    budget_give(b, &who, 90);

    assert_true(budget_grow(b, &who, 10, 60));
    assert_true(budget_grow(b, &who, 60, 60));
    assert_false(budget_grow(b, &who, 60, 101));
    assert_true(budget_grow(b, &who, 60, 100));
    assert_false(budget_take(b, &who, 11, false));
    budget_give(b, &who, 100);
    assert_true(budget_take(b, &who, 100, false));
    budget_give(b, &who, 100);
    budget_free(b);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_takes_many_clients_to_hold_all),
        cmocka_unit_test(test_a_network_as_one_client),
        cmocka_unit_test(test_an_amount_that_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
