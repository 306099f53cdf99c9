/* SPDX-License-Identifier: MIT */
/* Opens that bring the content in the same step, where the store has store_ops.open_later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "store_contract_cases.h"
#include "store_samples.h"
#include "store_wait.h"

#define T0 SAMPLE_T0

enum { SIZE = 4096 };

struct opened {
    int found;
    enum verdict verdict;
    int views_left;
    struct buf content;
};

/* Open ${ref} as the lease ${hash}, with at most ${max} bytes of content. */
static struct opened
open_sample(struct store *s, const struct store_ref *ref, unsigned hash, unsigned proof,
            size_t max) {
    struct change c = {.kind = CHANGE_OPEN, .now = T0};
    struct opened o = {.content = BUF_INIT(max)};
    struct effect effect;
    struct record after;
    sample_hash(hash, c.hash);
    sample_hash(proof, c.proof);

    struct store_wait w;
    store_wait_begin(&w);
    assert_int_equal(s->ops->open_later(s, ref, &c, max, &w.later), 0);
    store_wait_end(&w);
    o.found = s->ops->opened(s, &w.later, &effect, &after, &o.content);
    o.verdict = effect.verdict;
    o.views_left = after.views_left;
    record_clear(&after);
    return o;
}

static void
assert_opened(struct opened o, enum verdict verdict, int views_left, size_t size) {
    struct buf content = sample_content(size);
    assert_int_equal(o.found, 1);
    assert_int_equal(o.verdict, verdict);
    assert_int_equal(o.views_left, views_left);
    assert_true(buf_equals(&o.content, content.data, size));
    buf_free(&content);
    buf_free(&o.content);
}

/* Skip the test if ${s} has no such step.  Only the store on a disk has it. */
static void
skip_without_open(const struct store *s) {
    if (s->ops->open_later != NULL) return;
    assert_string_not_equal(store_contract_factory->name, "sqlite");
    skip();
}

static void
test_a_view_brings_its_content(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(2, 0, SIZE), parts = sample_upload(1, 2);
    struct store_ref ref = sample_create(s, &r), unknown = {0};
    skip_without_open(s);

    assert_opened(open_sample(s, &ref, 1, SAMPLE_PROOF, SIZE), VERDICT_OK, 1, SIZE);
    assert_opened(open_sample(s, &ref, 1, SAMPLE_PROOF, SIZE), VERDICT_REPEAT, 1, SIZE);
    assert_opened(open_sample(s, &ref, 2, SAMPLE_PROOF, 2 * SIZE), VERDICT_OK, 0, SIZE);

    /* Without a view there is no content, and parts are read by themselves. */
    assert_opened(open_sample(s, &ref, 3, SAMPLE_PROOF, SIZE), VERDICT_ABSENT, 0, 0);
    parts.phase = PHASE_OPEN;
    ref = sample_create(s, &parts);
    assert_opened(open_sample(s, &ref, 1, SAMPLE_PROOF, SIZE), VERDICT_OK, 0, 0);
    s->ops->ref(s, "unknown000000000000000", &unknown);
    assert_int_equal(open_sample(s, &unknown, 1, SAMPLE_PROOF, SIZE).found, 0);
}

static void
test_a_wrong_proof_brings_none_and_counts(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(2, 1, SIZE), got;
    struct store_ref ref = sample_create(s, &r);
    skip_without_open(s);

    assert_opened(open_sample(s, &ref, 1, SAMPLE_WRONG, SIZE), VERDICT_WRONG_PROOF, 2, 0);
    got = sample_load(s, &ref);
    assert_int_equal(got.phase, PHASE_LOCKED);
    record_clear(&got);
}

static void
test_content_that_does_not_fit_takes_no_view(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, SIZE), got;
    struct store_ref ref = sample_create(s, &r);
    skip_without_open(s);

    struct opened o = open_sample(s, &ref, 1, SAMPLE_PROOF, SIZE - 1);
    assert_int_equal(o.found, ERR_TOO_LARGE);
    assert_int_equal(o.content.len, 0);
    buf_free(&o.content);
    got = sample_load(s, &ref);
    assert_int_equal(got.views_left, 1);
    assert_int_equal(got.lease_count, 0);
    record_clear(&got);
    assert_opened(open_sample(s, &ref, 1, SAMPLE_PROOF, SIZE), VERDICT_OK, 0, SIZE);
}

int
store_contract_run_opens(int (*setup)(void **state), int (*teardown)(void **state)) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_view_brings_its_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wrong_proof_brings_none_and_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_that_does_not_fit_takes_no_view, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name(store_contract_factory->name, tests, NULL, NULL);
}
