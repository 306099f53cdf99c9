/* SPDX-License-Identifier: MIT */
/* What one client may do: token buckets, unfinished uploads, shares of the quota. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/upload_limits.h"
#include "base/err.h"
#include "base/random.h"
#include "http/rate.h"
#include "http/storage_shares.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, EACH = 4 };

static void
key_of(uint32_t n, uint8_t key[static 16]) {
    memset(key, 0, 16);
    memcpy(key, &n, sizeof(n));
}

static unsigned
taken(struct rate *r, uint32_t client, unsigned tries, int64_t now) {
    uint8_t key[16];
    unsigned n = 0;
    key_of(client, key);
    for (unsigned i = 0; i < tries; i++)
        n += rate_take(r, key, now) == 0;
    return n;
}

static void
a_bucket_holds_a_minute_and_refills(void **state) {
    struct rate *r = rate_new(30, &random_system);
    uint8_t key[16];
    (void)state;
    key_of(1, key);
    assert_int_equal(taken(r, 1, 100, 5000), 30);
    assert_int_equal(rate_take(r, key, 5000), 2); /* seconds until the next */
    assert_int_equal(rate_take(r, key, 6999), 1);
    assert_int_equal(taken(r, 1, 10, 7000), 1);
    assert_int_equal(taken(r, 2, 100, 7000), 30); /* another client has its own */
    assert_int_equal(taken(r, 1, 100, 7000 + MINUTE), 30);
    assert_int_equal(taken(r, 1, 100, 7000 + 1000 * MINUTE), 30); /* never more than full */
    rate_free(r);
}

static void
one_a_minute_is_one(void **state) {
    struct rate *r = rate_new(1, &random_system);
    (void)state;
    assert_int_equal(taken(r, 1, 10, 0), 1);
    assert_int_equal(taken(r, 1, 10, MINUTE - 1), 0);
    assert_int_equal(taken(r, 1, 10, MINUTE), 1);
    rate_free(r);
    rate_free(NULL);
    assert_int_equal(taken(NULL, 1, 10, 0), 10);
}

/* A flood of clients does not displace the busiest one. */
static void
a_flood_of_clients_does_not_free_a_heavy_one(void **state) {
    struct rate *r = rate_new(30, &random_system);
    (void)state;
    assert_int_equal(taken(r, 1, 30, 1000), 30);
    for (uint32_t i = 2; i < 4 * RATE_CLIENTS; i++)
        assert_int_equal(taken(r, i, 1, 1000), 1);
    assert_int_equal(taken(r, 1, 10, 1000), 0);
    rate_free(r);
}

static void
four_uploads_a_client(void **state) {
    struct upload_limits *u = upload_limits_new(EACH);
    uint64_t tickets[EACH];
    uint8_t key[16], other[16];
    struct store_ref ref = {.len = 3, .bytes = "ref"};
    struct upload_limits_begun begun[UPLOAD_LIMITS_MAX];
    (void)state;
    key_of(1, key);
    key_of(2, other);
    assert_int_equal(upload_limits_list(u, key, begun), 0);
    for (size_t i = 0; i < EACH; i++)
        assert_int_not_equal(tickets[i] = upload_limits_begin(u, key, HOUR, 0), 0);
    assert_int_equal(upload_limits_begin(u, key, HOUR, 0), 0);
    assert_int_not_equal(upload_limits_begin(u, other, HOUR, 0), 0);
    upload_limits_cancel(u, tickets[0]);
    tickets[0] = upload_limits_begin(u, key, HOUR, 0);
    assert_int_not_equal(tickets[0], 0);
    upload_limits_name(u, tickets[0], "idididididididididid00", &ref);
    assert_int_equal(upload_limits_list(u, key, begun), EACH);
    for (size_t i = 0; i < EACH; i++)
        assert_int_equal(begun[i].ref.len, begun[i].ticket == tickets[0] ? 3 : 0);
    assert_int_equal(upload_limits_list(u, other, begun), 1);
    upload_limits_end(u, "idididididididididid01"); /* another */
    assert_int_equal(upload_limits_begin(u, key, HOUR, 0), 0);
    upload_limits_end(u, "idididididididididid00");
    assert_int_not_equal(upload_limits_begin(u, key, HOUR, 0), 0);
    upload_limits_free(u);
    upload_limits_free(NULL);
}

static void
uploads_end_by_themselves(void **state) {
    static const char *const ids[] = {"idididididididididid00", "idididididididididid01",
                                      "idididididididididid02", "idididididididididid03"};
    struct store_ref ref = {.len = 3, .bytes = "ref"};
    struct upload_limits *u = upload_limits_new(EACH);
    uint8_t key[16];
    (void)state;
    key_of(1, key);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        int64_t ttl = i == 0 ? 60 : 7 * 86400;
        upload_limits_name(u, upload_limits_begin(u, key, ttl, 0), ids[i], &ref);
    }
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        upload_limits_touch(u, ids[i], MINUTE - 1);
    assert_int_equal(upload_limits_begin(u, key, 60, MINUTE - 1), 0);
    assert_int_not_equal(upload_limits_begin(u, key, 60, MINUTE), 0); /* the first has expired */
    assert_int_not_equal(upload_limits_begin(u, key, 60, 2 * MINUTE), 0); /* and so has that one */
    for (int64_t t = 0; t < 24 * HOUR; t += HOUR / 2) /* parts keep the others going, for a day */
        for (size_t i = 1; i < ARRAY_LEN(ids); i++)
            upload_limits_touch(u, ids[i], t);
    for (size_t i = 1; i < ARRAY_LEN(ids); i++)
        upload_limits_touch(u, ids[i], 24 * HOUR - 1);
    assert_int_not_equal(upload_limits_begin(u, key, 60, 24 * HOUR - 1), 0);
    assert_int_equal(upload_limits_begin(u, key, 60, 24 * HOUR - 1), 0);
    assert_int_not_equal(upload_limits_begin(u, key, 60, 24 * HOUR), 0);
    upload_limits_free(u);
}

/* Uploads that nobody continues do not keep their client from new ones. */
static void
an_idle_upload_gives_way(void **state) {
    const int64_t idle = UPLOAD_LIMITS_IDLE * 1000;
    struct store_ref ref = {.len = 3, .bytes = "ref"};
    struct upload_limits *u = upload_limits_new(EACH);
    struct upload_limits_begun begun[UPLOAD_LIMITS_MAX];
    uint64_t tickets[EACH];
    uint8_t key[16];
    (void)state;
    key_of(1, key);
    for (int64_t i = 0; i < EACH; i++)
        assert_int_not_equal(tickets[i] = upload_limits_begin(u, key, HOUR, i), 0);
    upload_limits_name(u, tickets[0], "idididididididididid00", &ref);
    upload_limits_touch(u, "idididididididididid00", 10); /* now the second is the stalest */
    assert_int_equal(upload_limits_begin(u, key, HOUR, idle), 0);
    assert_int_not_equal(upload_limits_begin(u, key, HOUR, idle + 1), 0);
    assert_int_equal(upload_limits_begin(u, key, HOUR, idle + 1), 0);

    /* The one that gave way no longer counts, and the others do. */
    assert_int_equal(upload_limits_list(u, key, begun), EACH);
    for (size_t i = 0; i < EACH; i++)
        assert_int_not_equal(begun[i].ticket, tickets[1]);
    upload_limits_free(u);
}

static void
a_full_list_forgets_the_stalest(void **state) {
    struct upload_limits *u = upload_limits_new(EACH);
    uint8_t key[16];
    (void)state;
    for (uint32_t i = 0; i < UPLOAD_LIMITS_TRACKED; i++) {
        key_of(i / EACH, key);
        assert_int_not_equal(upload_limits_begin(u, key, HOUR, i), 0);
    }
    key_of(0, key);
    assert_int_equal(upload_limits_begin(u, key, HOUR, UPLOAD_LIMITS_TRACKED), 0);
    key_of(UPLOAD_LIMITS_TRACKED, key);
    assert_int_not_equal(upload_limits_begin(u, key, HOUR, UPLOAD_LIMITS_TRACKED), 0);
    key_of(0, key);
    assert_int_not_equal(upload_limits_begin(u, key, HOUR, UPLOAD_LIMITS_TRACKED), 0);
    upload_limits_free(u);
}

enum { QUOTA = 90000, DAY = 86400 };

/* Network ${n} stores ${bytes} again and again until it is refused.  Returns what it stored. */
static uint64_t
fill(struct storage_shares *s, uint32_t n, uint64_t bytes, uint64_t *used, int64_t now) {
    uint8_t key[16];
    uint64_t stored = 0;
    key_of(n, key);
    for (;;) {
        const struct storage_level level = {.used = *used, .quota = QUOTA};
        if (storage_shares_take(s, key, bytes, DAY, level, now) != 0) return stored;
        stored += bytes;
        *used += bytes;
        assert_true(*used <= QUOTA);
    }
}

static void
a_share_shrinks_as_the_quota_fills_up(void **state) {
    struct storage_shares *s = storage_shares_new();
    uint64_t used = 0;
    (void)state;
    assert_int_equal(fill(s, 1, 100, &used, 0), 30000); /* a third */
    assert_int_equal(fill(s, 1, 1, &used, 0), 0);
    assert_int_equal(fill(s, 2, 100, &used, 0), 20000); /* a third of the rest */
    for (uint32_t n = 3; n < 12; n++)
        assert_true(fill(s, n, 10, &used, 0) > 0); /* the next one always finds some room */
    assert_true(QUOTA - used > 500);
    storage_shares_free(s);
}

static void
an_account_drains_over_the_lifetime(void **state) {
    struct storage_shares *s = storage_shares_new();
    uint64_t used = 0;
    (void)state;
    assert_int_equal(fill(s, 1, 100, &used, 0), 30000);
    used = 20000; /* half a day later a third of it was opened */
    assert_true(fill(s, 1, 100, &used, DAY / 2) >= 10000);
    used = 30000;
    assert_int_equal(fill(s, 1, 100, &used, 3 * DAY), 20000); /* as if it were new */
    storage_shares_free(s);
}

/* What was opened and erased at once limits nobody, however much it was. */
static void
what_is_gone_does_not_count(void **state) {
    struct storage_shares *s = storage_shares_new();
    const struct storage_level empty = {.used = 0, .quota = QUOTA};
    const struct storage_level none = {.used = 1 << 30, .quota = 0};
    uint8_t key[16];
    (void)state;
    key_of(1, key);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(storage_shares_take(s, key, QUOTA / 3, DAY, empty, i), 0);
    assert_int_equal(storage_shares_take(s, key, QUOTA / 3 + 1, DAY, empty, 0), ERR_FULL);
    assert_int_equal(storage_shares_take(s, key, 1 << 30, DAY, none, 0), 0); /* no quota */

    /* A charge that is taken back. */
    key_of(2, key);
    const struct storage_level half = {.used = QUOTA / 2, .quota = QUOTA};
    assert_int_equal(storage_shares_take(s, key, QUOTA / 6, DAY, half, 0), 0);
    assert_int_equal(storage_shares_take(s, key, QUOTA / 6, DAY, half, 0), ERR_FULL);
    assert_int_equal(storage_shares_check(s, key, QUOTA / 6, half, 0), ERR_FULL);
    storage_shares_return(s, key, QUOTA / 6, DAY, 0);

    /* A check charges nothing. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(storage_shares_check(s, key, QUOTA / 6, half, 0), 0);
    assert_int_equal(storage_shares_check(s, key, QUOTA / 6 + 1, half, 0), ERR_FULL);
    assert_int_equal(storage_shares_check(s, key, 1 << 30, none, 0), 0);
    assert_int_equal(storage_shares_take(s, key, QUOTA / 6, DAY, half, 0), 0);
    storage_shares_free(s);
    storage_shares_free(NULL);
}

/* As when a part is sent again and again. */
static void
charges_that_are_taken_back_shorten_no_other(void **state) {
    struct storage_shares *s = storage_shares_new();
    const struct storage_level level = {.used = 1000, .quota = QUOTA};
    uint64_t largest[1];
    uint8_t key[16];
    (void)state;
    key_of(1, key);
    assert_int_equal(storage_shares_take(s, key, 1000, DAY, level, 0), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(storage_shares_take(s, key, 1000, 60, level, 0), 0);
        storage_shares_return(s, key, 1000, 60, 0);
    }

    /* At half of the lifetime half is left, but for the rounding of seconds. */
    assert_int_equal(storage_shares_largest(s, DAY / 2, largest, 1), 1);
    assert_in_range(largest[0], 490, 510);
    storage_shares_free(s);
}

/* A full table: only a charge replaces an account. */
static void
what_is_not_charged_replaces_no_account(void **state) {
    struct storage_shares *s = storage_shares_new();
    const struct storage_level level = {.used = 0, .quota = QUOTA}, full = {QUOTA, QUOTA};
    uint64_t largest[1];
    uint8_t key[16];
    (void)state;
    for (uint32_t n = 0; n < STORAGE_SHARES_NETWORKS; n++) {
        key_of(n, key);
        assert_int_equal(storage_shares_take(s, key, 10, DAY, level, 0), 0);
    }

    key_of(STORAGE_SHARES_NETWORKS, key);
    storage_shares_return(s, key, 10, DAY, 0);
    assert_int_equal(storage_shares_take(s, key, 10, DAY, full, 0), ERR_FULL);
    assert_int_equal(storage_shares_check(s, key, 10, level, 0), 0);
    assert_int_equal(storage_shares_largest(s, 0, largest, 1), STORAGE_SHARES_NETWORKS);
    storage_shares_free(s);
}

static void
a_flood_of_networks_frees_no_heavy_one(void **state) {
    struct storage_shares *s = storage_shares_new();
    uint64_t used = 0;
    uint8_t key[16];
    (void)state;
    assert_int_equal(fill(s, 1, 100, &used, 0), 30000);
    for (uint32_t n = 2; n < 5 * STORAGE_SHARES_NETWORKS; n++) {
        const struct storage_level level = {.used = used, .quota = QUOTA};
        key_of(n, key);
        assert_int_equal(storage_shares_take(s, key, 1, DAY, level, 0), 0);
    }
    assert_int_equal(fill(s, 1, 1, &used, 0), 0);
    storage_shares_free(s);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_holds_a_minute_and_refills),
        cmocka_unit_test(one_a_minute_is_one),
        cmocka_unit_test(a_flood_of_clients_does_not_free_a_heavy_one),
        cmocka_unit_test(four_uploads_a_client),
        cmocka_unit_test(uploads_end_by_themselves),
        cmocka_unit_test(an_idle_upload_gives_way),
        cmocka_unit_test(a_full_list_forgets_the_stalest),
        cmocka_unit_test(a_share_shrinks_as_the_quota_fills_up),
        cmocka_unit_test(an_account_drains_over_the_lifetime),
        cmocka_unit_test(what_is_gone_does_not_count),
        cmocka_unit_test(charges_that_are_taken_back_shorten_no_other),
        cmocka_unit_test(what_is_not_charged_replaces_no_account),
        cmocka_unit_test(a_flood_of_networks_frees_no_heavy_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
