/* SPDX-License-Identifier: MIT */
/*
 * Connections as the server counts them: bounds that hold whoever comes at once, numbers that come
 * again, deadlines.  The descriptors are only numbers here, but for the last test.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "crowd.h"
#include "server/http/budget.h"
#include "server/http/conns.h"
#include "server/http/senders.h"

enum { THREADS = 8, EACH = 200, OPEN = 1000, PER_CLIENT = 50, KEPT = 30 };

static const struct conns_limits limits = {
    .descriptors = 4000, .open = OPEN, .per_client = PER_CLIENT, .kept = KEPT};
static struct http_trusted trusted;

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

struct crowd {
    struct conns *conns;
    atomic_int next, admitted;
};

static void *
come(void *arg) {
    struct crowd *crowd = arg;
    for (int i = 0; i < EACH; i++)
        if (conns_admit(crowd->conns, atomic_fetch_add(&crowd->next, 1), client(1)))
            atomic_fetch_add(&crowd->admitted, 1);
    return NULL;
}

static void
test_a_client_that_comes_in_a_crowd(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct crowd crowd = {.conns = conns_new(&limits, &trusted)};
        assert_non_null(crowd.conns);
        crowd_run(THREADS, come, &crowd, NULL);
        assert_int_equal(crowd.admitted, PER_CLIENT);
        assert_true(conns_admit(crowd.conns, 3000, client(2)));
        conns_free(crowd.conns);
    }
}

static void
test_bounds(void **state) {
    (void)state;
    struct conns *c = conns_new(&limits, &trusted);
    const struct http_address proxy = {.local = true};
    assert_false(conns_admit(c, (int)limits.descriptors, proxy));
    for (int fd = 0; fd < OPEN; fd++) {
        assert_false(conns_full(c));
        assert_true(conns_admit(c, fd, proxy)); /* many clients: no limit of its own */
    }
    assert_true(conns_full(c));
    assert_false(conns_admit(c, OPEN, client(1)));
    conns_remove(c, conns_serve(c, 500));
    assert_true(conns_admit(c, OPEN, client(1)));
    assert_int_equal(conns_open(c), OPEN);
    conns_free(c);
}

/* The library may close a connection before it serves it: nothing is counted for ever. */
static void
test_a_number_that_comes_again(void **state) {
    (void)state;
    struct conns *c = conns_new(&limits, &trusted);
    for (int i = 0; i < 10 * PER_CLIENT; i++)
        assert_true(conns_admit(c, 7, client(1)));
    assert_int_equal(conns_open(c), 1);
    conns_remove(c, conns_serve(c, 7));
    assert_int_equal(conns_open(c), 0);
    for (int fd = 0; fd < PER_CLIENT; fd++)
        assert_true(conns_admit(c, fd, client(1)));
    assert_false(conns_admit(c, PER_CLIENT, client(1)));
    conns_free(c);
}

static void
test_those_that_have_not_asked(void **state) {
    (void)state;
    struct conns *c = conns_new(&limits, &trusted);
    for (int i = 0; i < 3; i++)
        assert_true(conns_admit(c, 7, client(1)));
    assert_true(conns_admit(c, 8, client(1)));
    assert_int_equal(conns_fresh(c), 2);
    struct conn *asks = conns_serve(c, 7), *leaves = conns_serve(c, 8);
    conns_asked(c, asks);
    conns_asked(c, asks);
    assert_int_equal(conns_fresh(c), 1);
    conns_remove(c, asks);
    assert_int_equal(conns_fresh(c), 1);
    conns_remove(c, leaves);
    assert_int_equal(conns_fresh(c), 0);
    conns_free(c);
}

static void
test_few_are_kept(void **state) {
    (void)state;
    struct conns *c = conns_new(&limits, &trusted);
    struct conn *all[KEPT + 1];
    for (int fd = 0; fd <= KEPT; fd++) {
        assert_true(conns_admit(c, fd, client(1)));
        all[fd] = conns_serve(c, fd);
        assert_int_equal(conns_keep(c, all[fd]), fd < KEPT);
    }
    assert_true(conns_keep(c, all[0]));
    conns_remove(c, all[0]);
    assert_true(conns_keep(c, all[KEPT]));
    conns_free(c);
}

static void
test_deadlines(void **state) {
    (void)state;
    struct conns *c = conns_new(&limits, &trusted);
    int late[2], early[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, late), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, early), 0);
    assert_true(conns_admit(c, late[0], client(1)) && conns_admit(c, early[0], client(1)));
    struct conn *slow = conns_serve(c, late[0]), *quick = conns_serve(c, early[0]);
    conn_allow(slow, 60 * 1000);
    conn_hurry(slow, 1);
    conn_allow(quick, 60 * 1000);
    conn_hurry(quick, 120 * 1000);
    struct pollfd ends[] = {{.fd = late[1], .events = POLLIN}, {.fd = early[1], .events = POLLIN}};
    assert_int_equal(poll(ends, 2, 5000), 1);
    assert_true(ends[0].revents & POLLIN);
    conn_allow(quick, 0);
    assert_int_equal(poll(&ends[1], 1, 1500), 0);
    conns_free(c);
    for (int i = 0; i < 2; i++) {
        close(late[i]);
        close(early[i]);
    }
}

enum { LARGE = 1024 * 1024 };

/* On a thin line one of a client's bodies moves while the others hardly do. */
static void
test_bodies_share_the_pace(void **state) {
    (void)state;
    struct conns *c = conns_new(&limits, &trusted);
    struct http_address who[] = {client(1), client(2)};
    int sockets[3][2];
    struct conn *conn[3];
    assert_int_equal(conn_response_ms(8000), CONN_TRANSFER_MS + 1000 * CONN_RESPONSES);

    /* The first client sends two bodies, the second one. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets[i]), 0);
        assert_true(conns_admit(c, sockets[i][0], who[i / 2]));
        conn[i] = conns_serve(c, sockets[i][0]);
        conns_body_begins(c, conn[i], &who[i / 2], LARGE);
    }
    struct pollfd ends[3];
    for (int i = 0; i < 3; i++)
        ends[i] = (struct pollfd){.fd = sockets[i][1], .events = POLLIN};
    assert_int_equal(poll(ends, 3, 1500), 0);

    /* A body that gets next to nothing ends by itself, however fast its neighbour is. */
    conn_body_received(conn[0], LARGE);
    conn_allow(conn[1], -3000);
    conn_body_received(conn[1], 100);
    assert_int_equal(poll(ends, 3, 5000), 1);
    assert_true(ends[1].revents & POLLIN);

    /* What has ended has no deadline of the client. */
    for (int i = 0; i < 3; i++)
        conns_body_ends(c, conn[i]);
    conns_free(c);
    for (int i = 0; i < 3; i++) {
        close(sockets[i][0]);
        close(sockets[i][1]);
    }
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_client_that_comes_in_a_crowd),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_number_that_comes_again),
        cmocka_unit_test(test_those_that_have_not_asked),
        cmocka_unit_test(test_few_are_kept),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_bodies_share_the_pace),
        cmocka_unit_test(test_senders),
        cmocka_unit_test(test_it_takes_many_clients_to_hold_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
