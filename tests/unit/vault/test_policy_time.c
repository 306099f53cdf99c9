/* SPDX-License-Identifier: MIT */
/* The effect of time on a record, to the second, and the record itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy_samples.h"

#define T0      SAMPLE_T0
#define EXPIRES (SAMPLE_T0 + SAMPLE_TTL)

enum { IDLE = 120, LIFE = 600, PARTS_IDLE = 900, PARTS_LIFE = 21600, WEEK = 7 * 86400 };

static void
test_lease_times(void **state) {
    static const struct {
        bool parts;
        int64_t opened, renewed, expires, want; /* seconds after T0 */
    } times[] = {
        {false, 0, 0, 100000, IDLE},
        {false, 0, 100, 100000, 100 + IDLE},
        {false, 0, 479, 100000, 599},
        {false, 0, 480, 100000, LIFE},
        {false, 0, 599, 100000, LIFE},
        {false, 0, 0, 60, 60},
        {false, 50, 50, 170, 170},
        {true, 0, 0, 100000, PARTS_IDLE},
        {true, 0, 20000, 100000, 20900},
        {true, 0, 20700, 100000, PARTS_LIFE},
        {true, 0, 21599, 100000, PARTS_LIFE},
        {true, 0, 500, 1000, 1000},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct record r = policy_sample(times[i].parts ? UPLOADED : FRESH);
        struct lease l = {.opened_at = T0 + times[i].opened, .renewed_at = T0 + times[i].renewed};
        int64_t at = 0, end = T0 + times[i].want;
        r.expires_at = T0 + times[i].expires;
        assert_int_equal(policy_lease_expires(&r, &l), end);
        assert_true(policy_lease_live(&r, &l, end - 1));
        assert_false(policy_lease_live(&r, &l, end));
        assert_int_equal(policy_lease_end(&r, &l, end - 1, &at), LEASE_LIVE);
        assert_int_equal(policy_lease_end(&r, &l, end, &at), LEASE_LAPSED);
        assert_int_equal(at, end);
        l.end = LEASE_CONFIRMED;
        l.ended_at = T0 + 3;
        assert_false(policy_lease_live(&r, &l, T0));
        assert_int_equal(policy_lease_end(&r, &l, end + 50, &at), LEASE_CONFIRMED);
        assert_int_equal(at, T0 + 3);
        record_clear(&r);
    }
}

static void
test_renewals_are_written_for_a_gain(void **state) {
    static const struct {
        bool parts;
        int64_t at;
        bool write;
    } times[] = {
        {false, 9, false}, {false, 10, true}, {false, 119, true},
        {true, 59, false}, {true, 60, true},  {true, 899, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct record r = policy_sample(LEASED);
        struct effect e;
        if (times[i].parts) r.part_size = 65536;
        assert_int_equal(policy_try(&r, CHANGE_FETCH, T0 + times[i].at, 1, 0, &e), VERDICT_OK);
        assert_int_equal(e.write, times[i].write);
        assert_int_equal(e.lease, 0);
        assert_int_equal(r.leases[0].renewed_at, times[i].write ? T0 + times[i].at : T0);
        record_clear(&r);
    }
}

static void
test_sweep_comes_when_there_is_work(void **state) {
    static const int64_t want[SAMPLES] = {
        [FRESH] = SAMPLE_TTL,
        [LEASED] = SAMPLE_TTL,
        [LAST] = IDLE,
        [ENDED] = SAMPLE_TTL,
        [USED_UP] = SAMPLE_TTL + WEEK,
        [LOCKED] = IDLE,
        [BURNT] = SAMPLE_TTL + WEEK,
        [UPLOAD] = 3600,
        [UPLOADED] = 3600,
        [TEXT] = SAMPLE_TTL,
    };
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        struct record r = policy_sample((enum policy_sample)i);
        struct effect e;
        assert_int_equal(policy_sweep_at(&r), T0 + want[i]);
        /* A sweep a second early has nothing to erase; one in time leaves nothing due. */
        assert_int_equal(policy_try(&r, CHANGE_LAPSE, T0 + want[i] - 1, 0, 0, &e), VERDICT_OK);
        assert_false(e.drop_content || e.drop_record || r.content == CONTENT_DOOMED);
        assert_int_equal(policy_try(&r, CHANGE_LAPSE, T0 + want[i], 0, 0, &e), VERDICT_OK);
        assert_true(e.drop_content || e.drop_record || r.content == CONTENT_DOOMED);
        if (r.content == CONTENT_DOOMED) {
            assert_int_equal(policy_sweep_at(&r), 0);
            assert_int_equal(policy_try(&r, CHANGE_ERASED, T0 + want[i], 0, 0, &e), VERDICT_OK);
        }
        assert_true(e.drop_record || policy_sweep_at(&r) == EXPIRES + WEEK);
        record_clear(&r);
    }
}

static void
test_receipts_tell_the_truth(void **state) {
    static const enum receipt_state before[SAMPLES] = {
        [FRESH] = RECEIPT_WAITING, [LEASED] = RECEIPT_OPENED,    [LAST] = RECEIPT_USED_UP,
        [ENDED] = RECEIPT_OPENED,  [USED_UP] = RECEIPT_USED_UP,  [LOCKED] = RECEIPT_LOCKED,
        [BURNT] = RECEIPT_BURNT,   [UPLOAD] = RECEIPT_UPLOADING, [UPLOADED] = RECEIPT_UPLOADING,
    };
    static const enum receipt_state after[SAMPLES] = {
        [FRESH] = RECEIPT_EXPIRED, [LEASED] = RECEIPT_EXPIRED,  [LAST] = RECEIPT_USED_UP,
        [ENDED] = RECEIPT_EXPIRED, [USED_UP] = RECEIPT_USED_UP, [LOCKED] = RECEIPT_LOCKED,
        [BURNT] = RECEIPT_BURNT,   [UPLOAD] = RECEIPT_EXPIRED,  [UPLOADED] = RECEIPT_EXPIRED,
    };
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        struct record r = policy_sample((enum policy_sample)i);
        if (i == TEXT) assert_false(policy_receipt_kept(&r, T0));
        if (i != TEXT) {
            assert_int_equal(policy_receipt_state(&r, T0 + 60), before[i]);
            assert_int_equal(policy_receipt_state(&r, EXPIRES), after[i]);
            assert_true(policy_receipt_kept(&r, EXPIRES + WEEK - 1));
            assert_false(policy_receipt_kept(&r, EXPIRES + WEEK));
        }
        record_clear(&r);
    }
}

static void
test_who_can_be_seen_and_claimed(void **state) {
    static const struct {
        bool visible, lapsed, claim, readable; /* lapsed: visible once the leases lapsed */
    } want[SAMPLES] = {
        [FRESH] = {true, true, true, true},       [LEASED] = {true, true, true, true},
        [LAST] = {true, false, false, true},      [ENDED] = {true, true, true, true},
        [USED_UP] = {false, false, false, false}, [LOCKED] = {true, false, false, true},
        [BURNT] = {false, false, false, false},   [UPLOAD] = {false, false, false, true},
        [UPLOADED] = {false, false, false, true}, [TEXT] = {true, true, true, true},
    };
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        struct record r = policy_sample((enum policy_sample)i);
        assert_int_equal(policy_visible(&r, T0 + 1), want[i].visible);
        assert_int_equal(policy_visible(&r, T0 + IDLE), want[i].lapsed);
        assert_false(policy_visible(&r, EXPIRES));
        assert_int_equal(policy_can_claim(&r, EXPIRES - 1), want[i].claim);
        assert_false(policy_can_claim(&r, EXPIRES));
        assert_int_equal(policy_readable(&r, T0 + 1), want[i].readable);
        assert_false(policy_readable(&r, EXPIRES));
        record_clear(&r);
    }
}

static void
test_uploads_end_by_idleness_age_and_expiry(void **state) {
    static const struct {
        int64_t part_at, expires, want; /* seconds after T0; part_at -1: none yet */
    } times[] = {
        {-1, 100000, 3600},     {0, 100000, 3600},      {3599, 100000, 7199},
        {82799, 100000, 86399}, {86000, 100000, 86400}, {0, 60, 60},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct record r = policy_sample(UPLOAD);
        r.part_at = times[i].part_at < 0 ? 0 : T0 + times[i].part_at;
        r.expires_at = T0 + times[i].expires;
        assert_true(policy_uploading(&r, T0 + times[i].want - 1));
        assert_false(policy_uploading(&r, T0 + times[i].want));
        assert_int_equal(policy_sweep_at(&r), T0 + times[i].want);
        record_clear(&r);
    }
}

static void
test_part_lengths(void **state) {
    (void)state;
    struct record r = sample_upload(1, 3);
    assert_int_equal(record_part_count(&r), 3);
    assert_int_equal(record_part_len(&r, 0), 65536);
    assert_int_equal(record_part_len(&r, 1), 65536);
    assert_int_equal(record_part_len(&r, 2), 500);
    assert_int_equal(record_part_len(&r, 3), 0);
    assert_int_equal(record_part_len(&r, UINT32_MAX), 0);
    r.size = 2 * 65536;
    assert_int_equal(record_part_count(&r), 2);
    assert_int_equal(record_part_len(&r, 1), 65536);
    r.size++;
    assert_int_equal(record_part_count(&r), 3);
    assert_int_equal(record_part_len(&r, 2), 1);
    r = sample_sealed(1, 0, 304);
    assert_int_equal(record_part_count(&r), 0);
    assert_int_equal(record_part_len(&r, 0), 0);
}

static void
test_records_hold_a_hundred_leases(void **state) {
    (void)state;
    struct record r = sample_sealed(100, 0, 304), copy = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    for (unsigned i = 0; i < RECORD_VIEWS_MAX; i++) {
        struct lease *l = record_add_lease(&r);
        assert_non_null(l);
        sample_hash(i, l->hash);
    }
    assert_null(record_add_lease(&r));
    assert_int_equal(record_copy(&copy, &r), 0);
    record_clear(&r);
    assert_int_equal(r.lease_count, 0);
    sample_hash(57, hash);
    assert_ptr_equal(record_find_lease(&copy, hash), &copy.leases[57]);
    sample_hash(100, hash);
    assert_null(record_find_lease(&copy, hash));
    record_clear(&copy);
    record_clear(NULL);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease_times),
        cmocka_unit_test(test_renewals_are_written_for_a_gain),
        cmocka_unit_test(test_sweep_comes_when_there_is_work),
        cmocka_unit_test(test_receipts_tell_the_truth),
        cmocka_unit_test(test_who_can_be_seen_and_claimed),
        cmocka_unit_test(test_uploads_end_by_idleness_age_and_expiry),
        cmocka_unit_test(test_part_lengths),
        cmocka_unit_test(test_records_hold_a_hundred_leases),
    };
    return cmocka_run_group_tests_name("policy and time", tests, NULL, NULL);
}
