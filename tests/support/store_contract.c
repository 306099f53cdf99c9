/* SPDX-License-Identifier: MIT */
#include "store_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "request_samples.h"
#include "store_contract_cases.h"
#include "store_samples.h"

#define T0      SAMPLE_T0
#define EXPIRES (SAMPLE_T0 + SAMPLE_TTL)

const struct store_factory *store_contract_factory;

void
store_contract_usage(struct store *s, uint64_t want) {
    if (!store_contract_factory->is_local) want = 0;
    assert_int_equal(s->ops->usage(s), want);
}

static int
setup(void **state) {
    *state = store_contract_factory->open();
    return *state == NULL ? -1 : 0;
}

static int
teardown(void **state) {
    store_contract_factory->finish(*state);
    return 0;
}

static void
assert_same_lease(const struct lease *a, const struct lease *b) {
    assert_memory_equal(a->hash, b->hash, sizeof(a->hash));
    assert_int_equal(a->opened_at, b->opened_at);
    assert_int_equal(a->renewed_at, b->renewed_at);
    assert_int_equal(a->ended_at, b->ended_at);
    assert_int_equal(a->end, b->end);
}

static void
assert_same_sealed(const struct record *a, const struct record *b) {
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->views, b->views);
    assert_memory_equal(a->verifier, b->verifier, sizeof(a->verifier));
    assert_int_equal(a->has_gate, b->has_gate);
    assert_memory_equal(a->gate_verifier, b->gate_verifier, sizeof(a->gate_verifier));
    assert_memory_equal(a->owner_hash, b->owner_hash, sizeof(a->owner_hash));
    assert_memory_equal(a->header, b->header, sizeof(a->header));
    assert_int_equal(a->passphrase, b->passphrase);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->attempts_left, b->attempts_left);
    assert_int_equal(a->part_size, b->part_size);
    assert_int_equal(a->parts_stored, b->parts_stored);
    assert_int_equal(a->part_at, b->part_at);
    assert_int_equal(a->ended_at, b->ended_at);
    assert_int_equal(a->burnt_by, b->burnt_by);
    assert_int_equal(a->wrap_len, b->wrap_len);
    assert_int_equal(a->lease_count, b->lease_count);
    for (size_t i = 0; i < a->lease_count; i++)
        assert_same_lease(&a->leases[i], &b->leases[i]);
    assert_int_equal(a->request.len, b->request.len);
    assert_memory_equal(a->request.bytes, b->request.bytes, a->request.len);
    assert_int_equal(a->answer_ttl, b->answer_ttl);
    assert_int_equal(a->answer_size, b->answer_size);
    assert_int_equal(a->answer_count, b->answer_count);
}

/* A classic record has to come back only with what pysecrets keeps. */
static void
assert_same_record(const struct record *a, const struct record *b) {
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->content, b->content);
    assert_int_equal(a->expires_at, b->expires_at);
    assert_int_equal(a->views_left, b->views_left);
    assert_string_equal(a->blob, b->blob);
    if (!record_is_classic(a)) {
        assert_int_equal(a->size, b->size);
        assert_same_sealed(a, b);
        return;
    }
    assert_string_equal(a->file_name, b->file_name);
    assert_memory_equal(a->classic.salt, b->classic.salt, sizeof(a->classic.salt));
    assert_memory_equal(a->classic.header, b->classic.header, sizeof(a->classic.header));
    assert_int_equal(a->classic.nonce_len, b->classic.nonce_len);
    assert_memory_equal(a->classic.nonce, b->classic.nonce, a->classic.nonce_len);
    assert_memory_equal(a->classic.tag, b->classic.tag, sizeof(a->classic.tag));
}

static void
test_unknown_ref_is_absent_everywhere(void **state) {
    struct store *s = *state;
    struct store_ref ref = {0}, due[4];
    struct record r;
    struct effect effect;
    s->ops->ref(s, "0123456789abcdefghijkl", &ref);
    assert_int_equal(s->ops->load(s, &ref, &r, NULL), 0);
    assert_null(r.leases);
    for (int kind = CHANGE_CLAIM_CLASSIC; kind <= CHANGE_ERASED; kind++) {
        struct change c = {.kind = (enum change_kind)kind, .now = T0};
        assert_int_equal(s->ops->change(s, &ref, &c, &effect, &r), 0);
        assert_null(r.leases);
        assert_int_equal(effect.write || effect.claimed || effect.drop_record, 0);
    }
    assert_int_equal(s->ops->knows_blob(s, "Blob000000000000000000"), 0);
    assert_int_equal(s->ops->due(s, EXPIRES * 2, 0, due, 4), 0);
    assert_int_equal(s->ops->usage(s), 0);
    assert_int_equal(s->ops->scrub(s), 0);
    assert_int_equal(s->ops->ping(s), 0);
}

static void
test_refs_of_different_ids_differ(void **state) {
    struct store *s = *state;
    struct store_ref a = {0}, b = {0}, again = {0};
    s->ops->ref(s, "0123456789abcdef", &a);
    s->ops->ref(s, "0123456789abcdeg", &b);
    s->ops->ref(s, "0123456789abcdef", &again);
    assert_true(a.len > 0 && a.len <= sizeof(a.bytes));
    assert_true(a.len != b.len || memcmp(a.bytes, b.bytes, a.len) != 0);
    assert_true(a.len == again.len && memcmp(a.bytes, again.bytes, a.len) == 0);
}

static void
test_what_was_created_is_loaded(void **state) {
    struct store *s = *state;
    struct record all[] = {
        sample_sealed(3, 10, 304), sample_sealed(100, 0, 4096), sample_upload(2, 3),
        sample_text(10, 100),      sample_text(1, 1),           sample_text(1, 0),
        sample_file(1000),         sample_request(100),
    };
    struct store_ref refs[ARRAY_LEN(all)];
    all[0].expires_at = EXPIRES + 5;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        refs[i] = sample_create(s, &all[i]);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct record got = sample_load(s, &refs[i]);
        assert_same_record(&all[i], &got);
        record_clear(&got);
        assert_int_equal(sample_has_content(s, &refs[i], all[i].size),
                         all[i].content == CONTENT_INLINE);
        if (all[i].content != CONTENT_INLINE)
            assert_int_equal(s->ops->knows_blob(s, all[i].blob), 1);
    }
}

static void
test_an_id_is_taken_once(void **state) {
    struct store *s = *state;
    struct record first = sample_sealed(3, 10, 304), second = sample_sealed(5, 0, 400);
    struct store_ref ref = sample_create(s, &first);
    struct buf content = sample_content(400);
    assert_int_equal(s->ops->create(s, &ref, &second, &content, NULL), 0);
    buf_free(&content);
    struct record got = sample_load(s, &ref);
    assert_same_record(&first, &got);
    record_clear(&got);
    assert_true(sample_has_content(s, &ref, 304));
}

static void
test_content_above_the_callers_bound_is_refused(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, 304), got;
    struct store_ref ref = sample_create(s, &r);
    struct buf small = BUF_INIT(303);
    assert_int_equal(s->ops->load(s, &ref, &got, &small), ERR_TOO_LARGE);
    assert_int_equal(small.len, 0);
    assert_int_equal(got.kind, 0);
    buf_free(&small);
}

static void
test_open_gives_every_verdict(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(2, 3, 304);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 1, SAMPLE_PROOF), VERDICT_REPEAT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 2, SAMPLE_WRONG),
                     VERDICT_WRONG_PROOF);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 1, SAMPLE_WRONG),
                     VERDICT_WRONG_PROOF);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 2, 1, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 3, 1, SAMPLE_PROOF),
                     VERDICT_LEASE_ENDED);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 3, 2, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 3, 3, SAMPLE_PROOF), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 3, 3, SAMPLE_WRONG), VERDICT_ABSENT);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.views_left, 0);
    assert_int_equal(got.attempts_left, 1);
    assert_int_equal(got.lease_count, 2);
    assert_int_equal(got.leases[0].end, LEASE_CONFIRMED);
    assert_int_equal(got.leases[0].ended_at, T0 + 2);
    assert_int_equal(got.leases[1].opened_at, T0 + 3);
    record_clear(&got);
}

static void
test_effect_and_record_after_tell_what_happened(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(2, 0, 304), after, got;
    struct store_ref ref = sample_create(s, &r);
    struct change c = {.kind = CHANGE_OPEN, .now = T0};
    struct effect effect;
    sample_hash(1, c.hash);
    sample_hash(SAMPLE_PROOF, c.proof);
    assert_int_equal(s->ops->change(s, &ref, &c, &effect, &after), 1);
    assert_true(effect.write && effect.claimed && effect.lease_is_new && effect.lease == 0);
    assert_int_equal(after.views_left, 1);
    assert_int_equal(after.rev, 2);
    got = sample_load(s, &ref);
    assert_same_record(&after, &got);
    assert_int_equal(got.rev, 2);
    record_clear(&after);
    record_clear(&got);
    assert_int_equal(s->ops->change(s, &ref, &c, &effect, &after), 1);
    assert_int_equal(effect.verdict, VERDICT_REPEAT);
    assert_true(!effect.write && !effect.claimed && effect.lease == 0);
    assert_int_equal(after.rev, 2);
    record_clear(&after);
}

static void
test_wrong_proofs_lock_and_live_leases_finish(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(5, 2, 304);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 2, SAMPLE_WRONG), VERDICT_WRONG_PROOF);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 2, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 3, SAMPLE_WRONG),
                     VERDICT_WRONG_PROOF);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 3, SAMPLE_WRONG), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 4, SAMPLE_PROOF), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 1, SAMPLE_PROOF), VERDICT_REPEAT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 1, SAMPLE_WRONG), VERDICT_ABSENT);
    assert_true(sample_has_content(s, &ref, 304));
    assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + 1, 1, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 2, 1, 0), VERDICT_OK);
    assert_true(sample_has_content(s, &ref, 304));
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 2, 2, 0), VERDICT_OK);
    assert_false(sample_has_content(s, &ref, 304));
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.phase, PHASE_LOCKED);
    assert_int_equal(got.ended_at, T0 + 1);
    assert_int_equal(got.views_left, 3);
    record_clear(&got);
}

/* A gate is kept with the record, and guards its attempts. */
static void
test_the_gate_guards_attempts(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(2, 1, 304), plain = sample_sealed(2, 1, 304), got;
    r.has_gate = true;
    sample_hash(SAMPLE_GATE, r.gate_verifier);
    struct store_ref ref = sample_create(s, &r), other = sample_create(s, &plain);
    struct change c = {.kind = CHANGE_OPEN, .now = T0};
    struct effect effect;
    sample_hash(SAMPLE_WRONG, c.proof);
    sample_hash(1, c.hash);

    for (int i = 0; i < 3; i++) { /* none, a wrong one, a wrong one again */
        c.has_gate = i > 0;
        sample_hash(SAMPLE_WRONG, c.gate);
        assert_int_equal(s->ops->change(s, &ref, &c, &effect, NULL), 1);
        assert_int_equal(effect.verdict, VERDICT_WRONG_KEY);
        assert_false(effect.write);
    }
    got = sample_load(s, &ref);
    assert_same_record(&r, &got);
    record_clear(&got);

    sample_hash(SAMPLE_GATE, c.gate);
    sample_hash(SAMPLE_PROOF, c.proof);
    assert_int_equal(s->ops->change(s, &ref, &c, &effect, NULL), 1);
    assert_int_equal(effect.verdict, VERDICT_OK);
    sample_hash(SAMPLE_WRONG, c.proof);
    assert_int_equal(s->ops->change(s, &ref, &c, &effect, NULL), 1);
    assert_int_equal(effect.verdict, VERDICT_WRONG_PROOF);
    got = sample_load(s, &ref);
    assert_int_equal(got.phase, PHASE_LOCKED);
    assert_true(got.has_gate);
    record_clear(&got);

    /* Without a verifier, as in records of 0.1, the gate is ignored. */
    got = sample_load(s, &other);
    assert_false(got.has_gate);
    record_clear(&got);
    assert_int_equal(s->ops->change(s, &other, &c, &effect, NULL), 1);
    assert_int_equal(effect.verdict, VERDICT_WRONG_PROOF);
}

static void
test_a_lock_without_leases_erases_at_once(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(5, 1, 304);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_WRONG), VERDICT_WRONG_PROOF);
    assert_false(sample_has_content(s, &ref, 304));
    store_contract_usage(s, RECORD_ROW_COST + 5 * RECORD_VIEW_COST);
}

static void
test_leases_lapse_to_the_second(void **state) {
    static const struct {
        uint32_t parts;
        int64_t idle, life, gain;
    } rows[] = {
        {0, POLICY_LEASE_IDLE_INLINE, POLICY_LEASE_LIFE_INLINE, POLICY_RENEW_GAIN_INLINE},
        {2, POLICY_LEASE_IDLE_PARTS, POLICY_LEASE_LIFE_PARTS, POLICY_RENEW_GAIN_PARTS},
    };
    struct store *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record r =
            rows[i].parts ? sample_upload(9, rows[i].parts) : sample_sealed(9, 0, 304);
        int64_t idle = rows[i].idle, gain = rows[i].gain, t = T0;
        r.phase = PHASE_OPEN;
        struct store_ref ref = sample_create(s, &r);
        for (unsigned n = 1; n <= 4; n++)
            assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, n, SAMPLE_PROOF), VERDICT_OK);
        /* Too small a gain is not written down, so lease 2 ends as if it had not come. */
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + gain - 1, 2, 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + gain, 3, 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + idle - 1, 4, 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + idle, 1, 0), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + idle, 2, SAMPLE_PROOF),
                         VERDICT_LEASE_ENDED);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + idle + gain - 1, 3, SAMPLE_PROOF),
                         VERDICT_REPEAT);
        for (t = T0 + idle - 1; t < T0 + rows[i].life; t += idle - 20)
            assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, t, 4, 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + rows[i].life - 1, 4, 0),
                         VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + rows[i].life, 4, 0),
                         VERDICT_ABSENT);
        struct record got = sample_load(s, &ref);
        assert_int_equal(got.leases[1].renewed_at, T0);
        assert_int_equal(got.lease_count, 4);
        record_clear(&got);
        store_contract_factory->finish(s);
        *state = s = store_contract_factory->open();
        assert_non_null(s);
    }
}

static void
test_expiry_counts_to_the_second(void **state) {
    struct store *s = *state;
    struct record sealed = sample_sealed(5, 3, 304), text = sample_text(5, 20);
    struct store_ref a = sample_create(s, &sealed), b = sample_create(s, &text);
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, EXPIRES - 1, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &b, CHANGE_CLAIM_CLASSIC, EXPIRES - 1, 1, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &a, CHANGE_FETCH, EXPIRES - 1, 1, 0), VERDICT_OK);
    for (int64_t t = EXPIRES; t <= EXPIRES + 1; t++) {
        assert_int_equal(sample_change(s, &b, CHANGE_CLAIM_CLASSIC, t, 2, 0), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &a, CHANGE_OPEN, t, 1, SAMPLE_PROOF), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &a, CHANGE_OPEN, t, 2, SAMPLE_PROOF), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &a, CHANGE_OPEN, t, 2, SAMPLE_WRONG), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &a, CHANGE_FETCH, t, 1, 0), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &a, CHANGE_CONFIRM, t, 1, 0), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &a, CHANGE_BURN, t, SAMPLE_OWNER, 0), VERDICT_ABSENT);
    }
    struct record got = sample_load(s, &a);
    assert_int_equal(got.views_left, 4);
    assert_int_equal(got.attempts_left, 3);
    record_clear(&got);
}

static void
test_confirm_is_idempotent_and_the_last_erases(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(2, 0, 304);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0, 1, 0), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 5, 1, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 6, 1, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + 6, 1, 0), VERDICT_ABSENT);
    assert_true(sample_has_content(s, &ref, 304));
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 6, 2, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 7, 2, 0), VERDICT_OK);
    assert_false(sample_has_content(s, &ref, 304));
    store_contract_usage(s, RECORD_ROW_COST + 2 * RECORD_VIEW_COST);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 8, 2, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 8, 2, SAMPLE_PROOF),
                     VERDICT_LEASE_ENDED);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 8, 3, SAMPLE_PROOF), VERDICT_ABSENT);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.content, CONTENT_NONE);
    assert_int_equal(got.leases[0].ended_at, T0 + 5);
    record_clear(&got);
}

static void
test_burn_ends_all_leases_at_once(void **state) {
    static const unsigned tokens[] = {SAMPLE_OWNER, 2};
    struct store *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        struct record r = sample_sealed(5, 0, 304);
        struct store_ref ref = sample_create(s, &r);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 2, SAMPLE_PROOF), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_BURN, T0 + 1, 55, 0), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &ref, CHANGE_BURN, T0 + 1, SAMPLE_PROOF, 0),
                         VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + 1, 1, 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_BURN, T0 + 1, tokens[i], 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_BURN, T0 + 2, tokens[i], 0), VERDICT_OK);
        assert_int_equal(sample_change(s, &ref, CHANGE_FETCH, T0 + 1, 1, 0), VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 1, SAMPLE_PROOF),
                         VERDICT_ABSENT);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 1, 3, SAMPLE_PROOF),
                         VERDICT_ABSENT);
        assert_false(sample_has_content(s, &ref, 304));
        struct record got = sample_load(s, &ref);
        assert_int_equal(got.phase, PHASE_BURNT);
        assert_int_equal(got.ended_at, T0 + 1);
        assert_int_equal(got.burnt_by,
                         tokens[i] == SAMPLE_OWNER ? BURNT_BY_OWNER : BURNT_BY_OPENER);
        assert_int_equal(got.leases[0].end, LEASE_BURNT);
        assert_int_equal(got.leases[1].ended_at, T0 + 1);
        record_clear(&got);
        store_contract_factory->finish(s);
        *state = s = store_contract_factory->open();
        assert_non_null(s);
    }
}

int
store_contract_run(const struct store_factory *f) {
    static const struct CMUnitTest first[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_unknown_ref_is_absent_everywhere),
        CASE(test_refs_of_different_ids_differ),
        CASE(test_what_was_created_is_loaded),
        CASE(test_an_id_is_taken_once),
        CASE(test_content_above_the_callers_bound_is_refused),
        CASE(test_open_gives_every_verdict),
        CASE(test_effect_and_record_after_tell_what_happened),
        CASE(test_wrong_proofs_lock_and_live_leases_finish),
        CASE(test_the_gate_guards_attempts),
        CASE(test_a_lock_without_leases_erases_at_once),
        CASE(test_leases_lapse_to_the_second),
        CASE(test_expiry_counts_to_the_second),
        CASE(test_confirm_is_idempotent_and_the_last_erases),
        CASE(test_burn_ends_all_leases_at_once),
    };
    store_contract_factory = f;
    int failed = cmocka_run_group_tests_name(f->name, first, NULL, NULL);
    failed += store_contract_run_life(setup, teardown);
    failed += store_contract_run_wraps(setup, teardown);
    failed += store_contract_run_opens(setup, teardown);
    failed += store_contract_run_requests(setup, teardown);
    return failed + store_contract_run_races(setup, teardown);
}
