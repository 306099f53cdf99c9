/* SPDX-License-Identifier: MIT */
/* The rules as a table: record, change and time give a verdict and the record afterwards. */
#include "vault/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy_samples.h"

#define T0      SAMPLE_T0
#define EXPIRES (SAMPLE_T0 + SAMPLE_TTL)

enum { IDLE = 120, LIFE = 600, PARTS_IDLE = 900, PARTS_LIFE = 21600, WEEK = 7 * 86400 };

struct row {
    enum policy_sample sample;
    enum change_kind kind;
    int64_t at; /* seconds after T0 */
    unsigned hash, proof;
    enum verdict verdict;
    /* Afterwards. */
    bool write;
    int views_left;
    unsigned content, phase;
};

enum { I = CONTENT_INLINE, B = CONTENT_BLOBS, N = CONTENT_NONE, D = CONTENT_DOOMED };
enum { O = PHASE_OPEN, U = PHASE_UPLOADING, L = PHASE_LOCKED, X = PHASE_BURNT };
enum { P = SAMPLE_PROOF, W = SAMPLE_WRONG, OWN = SAMPLE_OWNER };

static const struct row rows[] = {
    /* Open: absence, lease, lock and views, proof, in this order. */
    {FRESH, CHANGE_OPEN, 0, 1, P, VERDICT_OK, true, 2, I, O},
    {FRESH, CHANGE_OPEN, 0, 1, W, VERDICT_WRONG_PROOF, true, 3, I, O},
    {FRESH, CHANGE_OPEN, SAMPLE_TTL - 1, 1, P, VERDICT_OK, true, 2, I, O},
    {FRESH, CHANGE_OPEN, SAMPLE_TTL, 1, P, VERDICT_ABSENT, false, 3, I, O},
    {FRESH, CHANGE_OPEN, SAMPLE_TTL, 1, W, VERDICT_ABSENT, false, 3, I, O},
    {LEASED, CHANGE_OPEN, 9, 1, P, VERDICT_REPEAT, false, 2, I, O},
    {LEASED, CHANGE_OPEN, 10, 1, P, VERDICT_REPEAT, true, 2, I, O},
    {LEASED, CHANGE_OPEN, IDLE - 1, 1, P, VERDICT_REPEAT, true, 2, I, O},
    {LEASED, CHANGE_OPEN, IDLE, 1, P, VERDICT_LEASE_ENDED, false, 2, I, O},
    {LEASED, CHANGE_OPEN, 1, 1, W, VERDICT_WRONG_PROOF, true, 2, I, O},
    {LEASED, CHANGE_OPEN, 1, 2, P, VERDICT_OK, true, 1, I, O},
    {LAST, CHANGE_OPEN, 1, 1, P, VERDICT_REPEAT, false, 0, I, O},
    {LAST, CHANGE_OPEN, 1, 1, W, VERDICT_ABSENT, false, 0, I, O},
    {LAST, CHANGE_OPEN, 1, 2, P, VERDICT_ABSENT, false, 0, I, O},
    {LAST, CHANGE_OPEN, 1, 2, W, VERDICT_ABSENT, false, 0, I, O},
    {ENDED, CHANGE_OPEN, 1, 1, P, VERDICT_LEASE_ENDED, false, 2, I, O},
    {ENDED, CHANGE_OPEN, 1, 1, W, VERDICT_LEASE_ENDED, false, 2, I, O},
    {USED_UP, CHANGE_OPEN, 1, 1, P, VERDICT_LEASE_ENDED, false, 0, N, O},
    {USED_UP, CHANGE_OPEN, 1, 2, P, VERDICT_ABSENT, false, 0, N, O},
    {LOCKED, CHANGE_OPEN, 1, 1, P, VERDICT_REPEAT, false, 2, I, L},
    {LOCKED, CHANGE_OPEN, 10, 1, P, VERDICT_REPEAT, true, 2, I, L},
    {LOCKED, CHANGE_OPEN, 1, 1, W, VERDICT_ABSENT, false, 2, I, L},
    {LOCKED, CHANGE_OPEN, 1, 2, P, VERDICT_ABSENT, false, 2, I, L},
    {LOCKED, CHANGE_OPEN, 1, 2, W, VERDICT_ABSENT, false, 2, I, L},
    {LOCKED, CHANGE_OPEN, IDLE, 1, P, VERDICT_LEASE_ENDED, false, 2, I, L},
    {LOCKED, CHANGE_OPEN, SAMPLE_TTL, 1, P, VERDICT_ABSENT, false, 2, I, L},
    {BURNT, CHANGE_OPEN, 1, 1, P, VERDICT_ABSENT, false, 2, N, X},
    {UPLOAD, CHANGE_OPEN, 1, 1, P, VERDICT_UPLOADING, false, 3, B, U},
    {UPLOAD, CHANGE_OPEN, 1, 1, W, VERDICT_UPLOADING, false, 3, B, U},
    {UPLOADED, CHANGE_OPEN, 1, 1, P, VERDICT_UPLOADING, false, 3, B, U},
    {UPLOADED, CHANGE_OPEN, 3600, 1, P, VERDICT_ABSENT, false, 3, B, U},
    {TEXT, CHANGE_OPEN, 1, 1, P, VERDICT_ABSENT, false, 2, I, O},
    /* Fetch. */
    {FRESH, CHANGE_FETCH, 0, 1, 0, VERDICT_ABSENT, false, 3, I, O},
    {LEASED, CHANGE_FETCH, 9, 1, 0, VERDICT_OK, false, 2, I, O},
    {LEASED, CHANGE_FETCH, 10, 1, 0, VERDICT_OK, true, 2, I, O},
    {LEASED, CHANGE_FETCH, IDLE - 1, 1, 0, VERDICT_OK, true, 2, I, O},
    {LEASED, CHANGE_FETCH, IDLE, 1, 0, VERDICT_ABSENT, false, 2, I, O},
    {LEASED, CHANGE_FETCH, 1, 2, 0, VERDICT_ABSENT, false, 2, I, O},
    {LEASED, CHANGE_FETCH, 1, OWN, 0, VERDICT_ABSENT, false, 2, I, O},
    {LAST, CHANGE_FETCH, 1, 1, 0, VERDICT_OK, false, 0, I, O},
    {ENDED, CHANGE_FETCH, 1, 1, 0, VERDICT_ABSENT, false, 2, I, O},
    {LOCKED, CHANGE_FETCH, 20, 1, 0, VERDICT_OK, true, 2, I, L},
    {BURNT, CHANGE_FETCH, 1, 1, 0, VERDICT_ABSENT, false, 2, N, X},
    /* Confirm. */
    {FRESH, CHANGE_CONFIRM, 0, 1, 0, VERDICT_ABSENT, false, 3, I, O},
    {LEASED, CHANGE_CONFIRM, 1, 1, 0, VERDICT_OK, true, 2, I, O},
    {LEASED, CHANGE_CONFIRM, IDLE, 1, 0, VERDICT_OK, false, 2, I, O},
    {LEASED, CHANGE_CONFIRM, SAMPLE_TTL, 1, 0, VERDICT_ABSENT, false, 2, I, O},
    {LAST, CHANGE_CONFIRM, 1, 1, 0, VERDICT_OK, true, 0, N, O},
    {LAST, CHANGE_CONFIRM, IDLE, 1, 0, VERDICT_OK, true, 0, N, O},
    {LAST, CHANGE_CONFIRM, 1, 2, 0, VERDICT_ABSENT, false, 0, I, O},
    {ENDED, CHANGE_CONFIRM, 1, 1, 0, VERDICT_OK, false, 2, I, O},
    {USED_UP, CHANGE_CONFIRM, 1, 1, 0, VERDICT_OK, false, 0, N, O},
    {LOCKED, CHANGE_CONFIRM, 1, 1, 0, VERDICT_OK, true, 2, N, L},
    {BURNT, CHANGE_CONFIRM, 1, 1, 0, VERDICT_OK, false, 2, N, X},
    /* Burn. */
    {FRESH, CHANGE_BURN, 1, OWN, 0, VERDICT_OK, true, 3, N, X},
    {FRESH, CHANGE_BURN, 1, 1, 0, VERDICT_ABSENT, false, 3, I, O},
    {FRESH, CHANGE_BURN, 1, P, 0, VERDICT_ABSENT, false, 3, I, O},
    {FRESH, CHANGE_BURN, SAMPLE_TTL, OWN, 0, VERDICT_ABSENT, false, 3, I, O},
    {LEASED, CHANGE_BURN, 1, 1, 0, VERDICT_OK, true, 2, N, X},
    {LEASED, CHANGE_BURN, IDLE, 1, 0, VERDICT_OK, true, 2, N, X},
    {LAST, CHANGE_BURN, 1, OWN, 0, VERDICT_OK, true, 0, N, X},
    {LAST, CHANGE_BURN, IDLE, OWN, 0, VERDICT_OK, true, 0, N, O},
    {USED_UP, CHANGE_BURN, 1, OWN, 0, VERDICT_OK, false, 0, N, O},
    {LOCKED, CHANGE_BURN, 1, OWN, 0, VERDICT_OK, true, 2, N, X},
    {LOCKED, CHANGE_BURN, IDLE, OWN, 0, VERDICT_OK, true, 2, N, L},
    {BURNT, CHANGE_BURN, 1, OWN, 0, VERDICT_OK, false, 2, N, X},
    {UPLOAD, CHANGE_BURN, 1, OWN, 0, VERDICT_OK, true, 3, D, X},
    {TEXT, CHANGE_BURN, 1, 0, 0, VERDICT_ABSENT, false, 2, I, O},
    /* Remove: whatever can be read ends, and what has ended stays as it is. */
    {FRESH, CHANGE_REMOVE, 1, 0, 0, VERDICT_OK, true, 3, N, X},
    {FRESH, CHANGE_REMOVE, SAMPLE_TTL, 0, 0, VERDICT_ABSENT, true, 3, N, O},
    {LEASED, CHANGE_REMOVE, 1, 0, 0, VERDICT_OK, true, 2, N, X},
    {LAST, CHANGE_REMOVE, 1, 0, 0, VERDICT_OK, true, 0, N, X},
    {LAST, CHANGE_REMOVE, IDLE, 0, 0, VERDICT_ABSENT, true, 0, N, O},
    {USED_UP, CHANGE_REMOVE, 1, 0, 0, VERDICT_ABSENT, false, 0, N, O},
    {LOCKED, CHANGE_REMOVE, 1, 0, 0, VERDICT_OK, true, 2, N, X},
    {BURNT, CHANGE_REMOVE, 1, 0, 0, VERDICT_ABSENT, false, 2, N, X},
    {UPLOAD, CHANGE_REMOVE, 1, 0, 0, VERDICT_OK, true, 3, D, X},
    {UPLOADED, CHANGE_REMOVE, 1, 0, 0, VERDICT_OK, true, 3, D, X},
    /* Uploads. */
    {UPLOADED, CHANGE_COMPLETE, 1, OWN, 0, VERDICT_OK, true, 3, B, O},
    {UPLOADED, CHANGE_COMPLETE, 1, 1, 0, VERDICT_ABSENT, false, 3, B, U},
    {UPLOADED, CHANGE_COMPLETE, 3599, OWN, 0, VERDICT_OK, true, 3, B, O},
    {UPLOADED, CHANGE_COMPLETE, 3600, OWN, 0, VERDICT_ABSENT, false, 3, B, U},
    {UPLOAD, CHANGE_COMPLETE, 1, OWN, 0, VERDICT_INCOMPLETE, false, 3, B, U},
    {FRESH, CHANGE_COMPLETE, 1, OWN, 0, VERDICT_OK, false, 3, I, O},
    {LOCKED, CHANGE_COMPLETE, 1, OWN, 0, VERDICT_ABSENT, false, 2, I, L},
    {BURNT, CHANGE_COMPLETE, 1, OWN, 0, VERDICT_ABSENT, false, 2, N, X},
    {UPLOAD, CHANGE_PART, 1, OWN, 0, VERDICT_OK, true, 3, B, U},
    {UPLOAD, CHANGE_PART, 1, 1, 0, VERDICT_ABSENT, false, 3, B, U},
    {UPLOAD, CHANGE_PART, 3600, OWN, 0, VERDICT_ABSENT, false, 3, B, U},
    {FRESH, CHANGE_PART, 1, OWN, 0, VERDICT_CONFLICT, false, 3, I, O},
    {BURNT, CHANGE_PART, 1, OWN, 0, VERDICT_ABSENT, false, 2, N, X},
    /* Time. */
    {FRESH, CHANGE_LAPSE, SAMPLE_TTL - 1, 0, 0, VERDICT_OK, false, 3, I, O},
    {FRESH, CHANGE_LAPSE, SAMPLE_TTL, 0, 0, VERDICT_OK, true, 3, N, O},
    {LEASED, CHANGE_LAPSE, IDLE - 1, 0, 0, VERDICT_OK, false, 2, I, O},
    {LEASED, CHANGE_LAPSE, IDLE, 0, 0, VERDICT_OK, true, 2, I, O},
    {LAST, CHANGE_LAPSE, IDLE - 1, 0, 0, VERDICT_OK, false, 0, I, O},
    {LAST, CHANGE_LAPSE, IDLE, 0, 0, VERDICT_OK, true, 0, N, O},
    {LOCKED, CHANGE_LAPSE, IDLE - 1, 0, 0, VERDICT_OK, false, 2, I, L},
    {LOCKED, CHANGE_LAPSE, IDLE, 0, 0, VERDICT_OK, true, 2, N, L},
    {UPLOAD, CHANGE_LAPSE, 3599, 0, 0, VERDICT_OK, false, 3, B, U},
    {UPLOAD, CHANGE_LAPSE, 3600, 0, 0, VERDICT_OK, true, 3, D, U},
    {TEXT, CHANGE_LAPSE, SAMPLE_TTL - 1, 0, 0, VERDICT_OK, false, 2, I, O},
    /* Classic. */
    {TEXT, CHANGE_CLAIM_CLASSIC, SAMPLE_TTL - 1, 1, 0, VERDICT_OK, true, 1, I, O},
    {TEXT, CHANGE_CLAIM_CLASSIC, SAMPLE_TTL, 1, 0, VERDICT_ABSENT, false, 2, I, O},
    {FRESH, CHANGE_CLAIM_CLASSIC, 1, 1, 0, VERDICT_ABSENT, false, 3, I, O},
};

static void
test_every_row_of_the_table(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct record r = policy_sample(row->sample);
        uint64_t rev = r.rev;
        enum record_content before = r.content;
        struct change c = {.kind = row->kind, .now = T0 + row->at, .part_is_new = true};
        struct effect e;
        sample_hash(row->hash, c.hash);
        sample_hash(row->proof, c.proof);
        assert_int_equal(policy_apply(&r, &c, &e), 0);
        bool same =
            e.verdict == row->verdict && e.write == row->write && r.views_left == row->views_left &&
            r.content == row->content && r.phase == row->phase &&
            r.rev == rev + (row->write ? 1 : 0) &&
            e.drop_content == (before == CONTENT_INLINE && r.content == CONTENT_NONE) &&
            e.claimed == (row->verdict == VERDICT_OK &&
                          (row->kind == CHANGE_OPEN || row->kind == CHANGE_CLAIM_CLASSIC)) &&
            !e.drop_record;
        if (!same)
            fail_msg("row %zu (%s, change %d at %lld): verdict %d, write %d, views %d, content %d, "
                     "phase %d",
                     i, policy_sample_name(row->sample), row->kind, (long long)row->at, e.verdict,
                     e.write, r.views_left, r.content, r.phase);
        record_clear(&r);
    }
}

static void
test_what_was_swept_late_is_still_erased_first(void **state) {
    (void)state;
    struct record r = policy_sample(UPLOAD);
    struct effect e;
    int64_t late = EXPIRES + WEEK;
    assert_int_equal(policy_try(&r, CHANGE_LAPSE, late, 0, 0, &e), VERDICT_OK);
    assert_false(e.drop_record); /* it names the blobs to erase */
    assert_int_equal(r.content, CONTENT_DOOMED);
    assert_int_equal(policy_try(&r, CHANGE_LAPSE, late, 0, 0, &e), VERDICT_OK);
    assert_false(e.drop_record);
    assert_int_equal(policy_try(&r, CHANGE_ERASED, late, 0, 0, &e), VERDICT_OK);
    assert_string_equal(r.blob, "");
    assert_int_equal(policy_try(&r, CHANGE_LAPSE, late - 1, 0, 0, &e), VERDICT_OK);
    assert_false(e.drop_record);
    assert_int_equal(policy_try(&r, CHANGE_LAPSE, late, 0, 0, &e), VERDICT_OK);
    assert_true(e.drop_record && !e.write);
    record_clear(&r);
}

static void
test_classic_records_are_forgotten(void **state) {
    (void)state;
    struct record text = policy_sample(TEXT), file = sample_file(1000);
    struct effect e;
    assert_int_equal(policy_try(&text, CHANGE_CLAIM_CLASSIC, T0, 1, 0, &e), VERDICT_OK);
    assert_true(e.write && !e.drop_record);
    assert_int_equal(policy_try(&text, CHANGE_CLAIM_CLASSIC, T0, 1, 0, &e), VERDICT_OK);
    assert_true(e.drop_record && e.claimed && !e.write && !e.drop_content);
    assert_int_equal(policy_try(&file, CHANGE_CLAIM_CLASSIC, T0, 1, 0, &e), VERDICT_OK);
    assert_true(e.write && e.claimed && !e.drop_record);
    assert_int_equal(file.content, CONTENT_DOOMED);
    assert_int_equal(record_part_count(&file), 1);
    assert_int_equal(policy_try(&file, CHANGE_ERASED, T0, 1, 0, &e), VERDICT_OK);
    assert_true(e.drop_record && !e.write);
    record_clear(&text);
    text = policy_sample(TEXT);
    assert_int_equal(policy_try(&text, CHANGE_LAPSE, EXPIRES, 0, 0, &e), VERDICT_OK);
    assert_true(e.drop_record && !e.write);
    record_clear(&text);
    record_clear(&file);
}

static void
test_wrong_proofs_are_free_where_nobody_counts(void **state) {
    (void)state;
    struct record r = sample_sealed(1, 0, 304);
    struct effect e;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(policy_try(&r, CHANGE_OPEN, T0, 1, W, &e), VERDICT_WRONG_PROOF);
        assert_false(e.write);
    }
    assert_int_equal(r.attempts_left, 0);
    assert_int_equal(policy_try(&r, CHANGE_OPEN, T0, 1, P, &e), VERDICT_OK);
    record_clear(&r);
}

/* What an opener sends as the gate. */
enum gate { GATE_NONE, GATE_RIGHT, GATE_WRONG };

static void
set_gate(struct change *c, enum gate gate) {
    c->has_gate = gate != GATE_NONE;
    sample_hash(gate == GATE_RIGHT ? SAMPLE_GATE : SAMPLE_WRONG, c->gate);
}

/* In every situation: without the right gate nothing changes, whatever the proof, and what needs
 * no gate (absent, uploading, ended lease, used up) is answered as without one. */
static void
test_nothing_changes_without_the_gate(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        for (enum gate gate = GATE_NONE; gate <= GATE_WRONG; gate++) {
            struct record r = policy_sample(row->sample);
            struct change c = {.kind = CHANGE_OPEN, .now = T0 + row->at};
            struct effect e;
            enum verdict want = row->verdict;
            bool needs_gate =
                want != VERDICT_ABSENT && want != VERDICT_UPLOADING && want != VERDICT_LEASE_ENDED;
            bool gated = gate != GATE_RIGHT && needs_gate;
            if (row->kind != CHANGE_OPEN || r.kind != RECORD_SEALED) {
                record_clear(&r);
                continue;
            }
            /* A live lease is no way around the gate either. */
            if (gated)
                want =
                    r.views_left > 0 && r.phase == PHASE_OPEN ? VERDICT_WRONG_KEY : VERDICT_ABSENT;
            r.has_gate = true;
            sample_hash(SAMPLE_GATE, r.gate_verifier);
            sample_hash(row->hash, c.hash);
            sample_hash(row->proof, c.proof);
            set_gate(&c, gate);
            uint64_t rev = r.rev;
            int attempts = r.attempts_left;
            assert_int_equal(policy_apply(&r, &c, &e), 0);
            if (e.verdict != want || (gated && (e.write || r.rev != rev)) ||
                (gated && r.attempts_left != attempts) || (!gated && e.write != row->write))
                fail_msg("row %zu, gate %d: verdict %d, not %d; write %d", i, gate, e.verdict, want,
                         e.write);
            record_clear(&r);
        }
    }
}

/* Records of 0.1 have no gate: what is sent as one is ignored. */
static void
test_a_record_without_a_gate_ignores_it(void **state) {
    (void)state;
    struct record r = policy_sample(FRESH);
    struct change c = {.kind = CHANGE_OPEN, .now = T0};
    struct effect e;
    sample_hash(W, c.proof);
    set_gate(&c, GATE_WRONG);
    assert_int_equal(policy_apply(&r, &c, &e), 0);
    assert_int_equal(e.verdict, VERDICT_WRONG_PROOF);
    assert_true(e.write);
    sample_hash(P, c.proof);
    assert_int_equal(policy_apply(&r, &c, &e), 0);
    assert_int_equal(e.verdict, VERDICT_OK);
    record_clear(&r);
}

static void
test_burn_tells_who_and_how_leases_ended(void **state) {
    (void)state;
    struct record r = policy_sample(LEASED);
    struct effect e;
    assert_int_equal(policy_try(&r, CHANGE_OPEN, T0 + 100, 2, P, &e), VERDICT_OK);
    assert_true(e.lease_is_new && e.lease == 1);
    assert_int_equal(policy_try(&r, CHANGE_BURN, T0 + IDLE + 5, 2, 0, &e), VERDICT_OK);
    assert_true(e.all_leases);
    assert_int_equal(r.burnt_by, BURNT_BY_OPENER);
    assert_int_equal(r.ended_at, T0 + IDLE + 5);
    assert_int_equal(r.leases[0].end, LEASE_LAPSED); /* before the burn */
    assert_int_equal(r.leases[0].ended_at, T0 + IDLE);
    assert_int_equal(r.leases[1].end, LEASE_BURNT);
    assert_int_equal(r.leases[1].ended_at, T0 + IDLE + 5);
    record_clear(&r);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_table),
        cmocka_unit_test(test_what_was_swept_late_is_still_erased_first),
        cmocka_unit_test(test_classic_records_are_forgotten),
        cmocka_unit_test(test_wrong_proofs_are_free_where_nobody_counts),
        cmocka_unit_test(test_nothing_changes_without_the_gate),
        cmocka_unit_test(test_a_record_without_a_gate_ignores_it),
        cmocka_unit_test(test_burn_tells_who_and_how_leases_ended),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
