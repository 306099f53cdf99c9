/* SPDX-License-Identifier: MIT */
/* Wraps: stored beside the content, whether that is inline or in parts, and erased with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "store_contract_cases.h"
#include "store_samples.h"

#define T0 SAMPLE_T0

enum { WRAP = 700 };

/* The two places where content lies. */
enum place { INLINE, PARTS, PLACES };

static struct record
wrapped_sample(enum place place) {
    struct record r = place == INLINE ? sample_sealed(1, 0, 304) : sample_upload(1, 2);
    r.phase = PHASE_OPEN;
    r.wrap_len = WRAP;
    return r;
}

static void
test_a_wrap_is_stored_beside_the_content(void **state) {
    struct store *s = *state;
    static const uint32_t lens[] = {1, WRAP, RECORD_WRAP_MAX};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        struct record r = sample_sealed(2, 0, 4096), big = sample_upload(1, 2);
        r.wrap_len = big.wrap_len = lens[i];
        struct store_ref ref = sample_create(s, &r), parts = sample_create(s, &big);
        assert_true(sample_has_wrap(s, &ref, lens[i]));
        assert_true(sample_has_wrap(s, &parts, lens[i]));
        assert_true(sample_has_content(s, &ref, 4096));

        /* What opens and renews leaves it as it is. */
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0, 1, 0), VERDICT_OK);
        assert_true(sample_has_wrap(s, &ref, lens[i]));
        assert_int_equal(sample_part(s, &parts, T0, SAMPLE_OWNER, 0), VERDICT_OK);
        assert_int_equal(sample_part(s, &parts, T0, SAMPLE_OWNER, 1), VERDICT_OK);
        assert_int_equal(sample_change(s, &parts, CHANGE_COMPLETE, T0, SAMPLE_OWNER, 0),
                         VERDICT_OK);
        assert_true(sample_has_wrap(s, &parts, lens[i]));
    }
}

static void
test_a_wrap_is_loaded_within_bounds(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, 304), got;
    struct store_ref plain = sample_create(s, &r), wrapped, unknown;
    struct buf small = BUF_INIT(WRAP - 1);
    r.wrap_len = WRAP;
    wrapped = sample_create(s, &r);

    assert_int_equal(s->ops->load_wrap(s, &wrapped, &got, &small), ERR_TOO_LARGE);
    assert_int_equal(got.kind, 0);
    assert_int_equal(small.len, 0);
    assert_false(sample_has_wrap(s, &plain, WRAP));
    s->ops->ref(s, "Id99999999999999999999", &unknown);
    assert_int_equal(s->ops->load_wrap(s, &unknown, &got, &small), 0);
    assert_int_equal(got.kind, 0);
    buf_free(&small);
}

static void
test_a_wrap_is_erased_with_the_content(void **state) {
    struct store *s = *state;
    static const struct {
        enum change_kind kind;
        unsigned hash;
        int64_t now;
        bool opened;
    } ends[] = {
        {CHANGE_CONFIRM, 1, T0 + 1, true},
        {CHANGE_BURN, SAMPLE_OWNER, T0 + 1, false},
        {CHANGE_REMOVE, 0, T0 + 1, true},
        {CHANGE_LAPSE, 0, T0 + SAMPLE_TTL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        for (enum place place = 0; place < PLACES; place++) {
            struct record r = wrapped_sample(place);
            uint64_t before = s->ops->usage(s);
            struct store_ref ref = sample_create(s, &r);
            if (ends[i].opened)
                assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF),
                                 VERDICT_OK);
            assert_true(sample_has_wrap(s, &ref, WRAP));

            assert_int_equal(sample_change(s, &ref, ends[i].kind, ends[i].now, ends[i].hash, 0),
                             VERDICT_OK);
            assert_false(sample_has_wrap(s, &ref, WRAP));
            if (place == PARTS)
                assert_int_equal(sample_change(s, &ref, CHANGE_ERASED, ends[i].now, 0, 0),
                                 VERDICT_OK);
            assert_false(sample_has_wrap(s, &ref, WRAP));

            /* Only the row of the receipt counts from now on. */
            if (store_contract_factory->is_local)
                assert_int_equal(s->ops->usage(s), before + RECORD_ROW_COST + RECORD_VIEW_COST);
        }
    }
}

static void
test_a_wrap_counts_in_the_quota(void **state) {
    struct store *s = *state;
    struct record r = wrapped_sample(INLINE);
    (void)sample_create(s, &r);
    store_contract_usage(s,
                         RECORD_ROW_COST + RECORD_VIEW_COST + 2 * RECORD_CONTENT_COST + 304 + WRAP);
}

static void
test_a_wrap_outlives_a_restart(void **state) {
    struct store *s = *state;
    if (store_contract_factory->reopen == NULL) skip();
    struct record a = wrapped_sample(INLINE), b = wrapped_sample(PARTS);
    struct store_ref inlined = sample_create(s, &a), in_parts = sample_create(s, &b);
    uint64_t usage = s->ops->usage(s);

    *state = s = store_contract_factory->reopen(s);
    assert_non_null(s);
    assert_true(sample_has_wrap(s, &inlined, WRAP));
    assert_true(sample_has_wrap(s, &in_parts, WRAP));
    assert_int_equal(s->ops->usage(s), usage);
}

int
store_contract_run_wraps(int (*setup)(void **state), int (*teardown)(void **state)) {
    const struct CMUnitTest wraps[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_a_wrap_is_stored_beside_the_content), CASE(test_a_wrap_is_loaded_within_bounds),
        CASE(test_a_wrap_is_erased_with_the_content),   CASE(test_a_wrap_counts_in_the_quota),
        CASE(test_a_wrap_outlives_a_restart),
    };
    return cmocka_run_group_tests_name(store_contract_factory->name, wraps, NULL, NULL);
}
