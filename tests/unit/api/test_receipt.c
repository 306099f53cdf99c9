/* SPDX-License-Identifier: MIT */
/* Receipts report what happened, whether or not the sweeper has recorded it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/receipt.h"

enum { T0 = 1000000, TTL = 10000 };

static struct record
sealed(int views, struct lease *leases, size_t count) {
    return (struct record){.kind = RECORD_SEALED,
                           .phase = PHASE_OPEN,
                           .content = CONTENT_INLINE,
                           .created_at = T0,
                           .expires_at = T0 + TTL,
                           .views = views,
                           .views_left = views - (int)count,
                           .leases = leases,
                           .lease_count = count};
}

/* "state: event@seconds ..." of ${r} ${now} seconds after its creation. */
static const char *
told(const struct record *r, int now) {
    static char text[1000];
    struct receipt_event events[RECEIPT_EVENTS_MAX];
    size_t count = receipt_events(r, T0 + now, events);
    int n =
        snprintf(text, sizeof(text), "%s:", receipt_state_name(policy_receipt_state(r, T0 + now)));
    for (size_t i = 0; i < count; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, " %s@%d",
                      receipt_event_name(events[i].kind), (int)(events[i].at - T0));
    return text;
}

static void
leases_lapse_by_themselves(void **state) {
    struct lease leases[] = {{.opened_at = T0 + 10, .renewed_at = T0 + 50}};
    struct record r = sealed(2, leases, 1);
    (void)state;
    assert_string_equal(told(&r, 169), "opened: created@0 opened@10");
    assert_string_equal(told(&r, 170), "opened: created@0 opened@10 lapsed@170");
    assert_string_equal(told(&r, TTL - 1), "opened: created@0 opened@10 lapsed@170");
    assert_string_equal(told(&r, TTL), "expired: created@0 opened@10 lapsed@170 expired@10000");
    leases[0].end = LEASE_LAPSED; /* as recorded by the sweeper */
    leases[0].ended_at = T0 + 170;
    assert_string_equal(told(&r, 200), "opened: created@0 opened@10 lapsed@170");
    leases[0] = (struct lease){.opened_at = T0 + TTL - 20, .renewed_at = T0 + TTL - 20};
    assert_string_equal(told(&r, TTL), "expired: created@0 opened@9980 lapsed@10000 expired@10000");
}

static void
events_are_told_oldest_first(void **state) {
    struct lease leases[] = {
        {.opened_at = T0 + 10, .renewed_at = T0 + 10, .ended_at = T0 + 90, .end = LEASE_CONFIRMED},
        {.opened_at = T0 + 20, .renewed_at = T0 + 20, .ended_at = T0 + 30, .end = LEASE_CONFIRMED},
    };
    struct record r = sealed(2, leases, 2);
    (void)state;
    assert_string_equal(told(&r, 100),
                        "used_up: created@0 opened@10 opened@20 confirmed@30 confirmed@90");
    assert_string_equal(told(&r, TTL),
                        "used_up: created@0 opened@10 opened@20 confirmed@30 confirmed@90");
}

static void
burns_and_locks_have_their_time(void **state) {
    struct lease leases[] = {
        {.opened_at = T0 + 10, .renewed_at = T0 + 10, .ended_at = T0 + 40, .end = LEASE_BURNT}};
    struct record r = sealed(3, leases, 1);
    (void)state;
    r.phase = PHASE_BURNT;
    r.ended_at = T0 + 40;
    assert_string_equal(told(&r, 50), "burnt: created@0 opened@10 burnt_by_opener@40");
    r.burnt_by = BURNT_BY_OWNER;
    assert_string_equal(told(&r, TTL), "burnt: created@0 opened@10 burnt_by_owner@40");
    r = sealed(3, NULL, 0);
    r.phase = PHASE_LOCKED;
    r.ended_at = T0 + 7;
    assert_string_equal(told(&r, 50), "locked: created@0 locked@7");
}

static void
uploads_go_on_or_were_given_up(void **state) {
    struct record r = sealed(1, NULL, 0);
    (void)state;
    r.phase = PHASE_UPLOADING;
    r.content = CONTENT_BLOBS;
    r.part_size = 65536;
    r.part_at = T0 + 100;
    assert_string_equal(told(&r, 3699), "uploading: created@0");
    assert_string_equal(told(&r, 3700), "expired: created@0 expired@3700");
    assert_string_equal(told(&r, 9000), "expired: created@0 expired@3700");
    r.part_at = T0 + 9000;
    assert_string_equal(told(&r, TTL), "expired: created@0 expired@10000");
}

static void
the_fullest_record_fits(void **state) {
    static struct lease leases[RECORD_VIEWS_MAX];
    struct receipt_event events[RECEIPT_EVENTS_MAX];
    (void)state;
    for (size_t i = 0; i < RECORD_VIEWS_MAX; i++)
        leases[i] = (struct lease){.opened_at = T0 + 1, .ended_at = T0 + 2, .end = LEASE_CONFIRMED};
    struct record r = sealed(RECORD_VIEWS_MAX, leases, RECORD_VIEWS_MAX);
    r.phase = PHASE_BURNT;
    assert_int_equal(receipt_events(&r, T0 + 5, events), 2 + 2 * RECORD_VIEWS_MAX);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_lapse_by_themselves),
        cmocka_unit_test(events_are_told_oldest_first),
        cmocka_unit_test(burns_and_locks_have_their_time),
        cmocka_unit_test(uploads_go_on_or_were_given_up),
        cmocka_unit_test(the_fullest_record_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
