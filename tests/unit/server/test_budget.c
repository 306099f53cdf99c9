/* SPDX-License-Identifier: MIT */
/* What clients share out: nobody holds all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/http/budget.h"

static struct http_address
client_in(uint8_t network, uint8_t n) {
    return (struct http_address){.bytes = {[10] = 0xFF, 0xFF, 192, 0, network, n}};
}

static struct http_address
client(uint8_t n) {
    return client_in(2, n);
}

/* Shares of clients alone: a network may have all. */
static struct budget_limits
clients_share(size_t total, size_t most, size_t scarce) {
    struct budget_limits l = budget_unshared(total);
    l.client = (struct budget_share){.most = most, .scarce = scarce};
    return l;
}

static bool
take(struct budget *b, const struct http_address *who, size_t amount) {
    return budget_take(b, who, amount, BUDGET_SHARES);
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
            while (take(b, &who, piece))
                held[n] += piece;
        any = held[n] > 0;
        assert_true(held[n] <= l->client.most);
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
    assert_true(take(b, &last, l->client.most));
    assert_false(take(b, &last, 1));
    budget_give(b, &last, l->client.most);
    budget_free(b);
    return n - 1;
}

static void
test_it_takes_many_clients_to_hold_all(void **state) {
    const struct budget_limits even = clients_share(128, 16, 16);
    const struct budget_limits staged = clients_share(128, 16, 2);
    (void)state;
    assert_int_equal(clients_to_hold_all(&even, 10), 128 / 16); /* the control */
    assert_int_equal(clients_to_hold_all(&staged, 10), 64 / 16 + 64 / 2);
}

/* How many networks of ${n} clients it takes until another network gets nothing. */
static int
networks_to_hold_all(const struct budget_limits *l, int n) {
    struct budget *b = budget_new(l);
    int networks = 0;
    assert_non_null(b);
    for (bool any = true; any; networks++) {
        any = false;
        for (int i = 0; i < n; i++) {
            struct http_address who = client_in((uint8_t)networks, (uint8_t)i);
            while (take(b, &who, 1))
                any = true;
        }
        assert_in_range(networks, 0, 199);
    }
    budget_free(b);
    return networks - 1;
}

/* However many clients of one network take all that they get, others are left theirs. */
static void
test_it_takes_many_networks_to_hold_all(void **state) {
    struct budget_limits l = clients_share(128, 16, 2);
    (void)state;
    assert_int_equal(networks_to_hold_all(&l, 40), 1); /* the control */
    l.network = (struct budget_share){.most = 32, .scarce = 8};
    assert_int_equal(networks_to_hold_all(&l, 40), 64 / 32 + 64 / 8);
}

/* One who stands for many is held to the share of the network alone, and counts in it. */
static void
test_the_network_alone(void **state) {
    const struct budget_limits l = {.total = 100, .client = {2, 2}, .network = {5, 5}};
    struct budget *b = budget_new(&l);
    struct http_address first = client(1), second = client(2), other = client_in(3, 3);
    (void)state;
    assert_non_null(b);
    assert_true(take(b, &first, 2));
    assert_false(take(b, &first, 1)); /* the control */
    assert_true(budget_take(b, &first, 2, BUDGET_NETWORK));
    assert_false(budget_take(b, &first, 2, BUDGET_NETWORK));
    assert_true(take(b, &second, 1));
    assert_false(take(b, &second, 1));
    assert_true(take(b, &other, 2));

    budget_give(b, &first, 2);
    budget_give(b, &first, 2);
    assert_true(take(b, &second, 1));
    budget_free(b);
}

/* An amount that grows is counted as one, from the size on at which it counts. */
static void
test_an_amount_that_grows(void **state) {
    struct budget_limits l = clients_share(200, 100, 100);
    l.small = 10;
    struct budget *b = budget_new(&l);
    struct http_address who = client(1);
    (void)state;
    assert_non_null(b);
    assert_true(budget_grow(b, &who, 0, 10));
    assert_true(take(b, &who, 90)); /* the ten are not counted */
    assert_false(budget_grow(b, &who, 10, 11));
    budget_give(b, &who, 90);

    assert_true(budget_grow(b, &who, 10, 60));
    assert_true(budget_grow(b, &who, 60, 60));
    assert_false(budget_grow(b, &who, 60, 101));
    assert_true(budget_grow(b, &who, 60, 100));
    assert_false(take(b, &who, 11));
    budget_give(b, &who, 100);
    assert_true(take(b, &who, 100));
    budget_give(b, &who, 100);
    budget_free(b);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_takes_many_clients_to_hold_all),
        cmocka_unit_test(test_it_takes_many_networks_to_hold_all),
        cmocka_unit_test(test_the_network_alone),
        cmocka_unit_test(test_an_amount_that_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
