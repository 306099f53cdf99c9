/* SPDX-License-Identifier: MIT */
/* The contract of stores, second part: uploads, sweeping, time and restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store_contract_cases.h"
#include "store_samples.h"

#define T0      SAMPLE_T0
#define EXPIRES (SAMPLE_T0 + SAMPLE_TTL)

static void
test_parts_are_counted_once_and_completed(void **state) {
    struct store *s = *state;
    struct record r = sample_upload(1, 3);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_UPLOADING);
    assert_int_equal(sample_part(s, &ref, T0, 55, 0), VERDICT_ABSENT);
    assert_int_equal(sample_part(s, &ref, T0, SAMPLE_OWNER, 3), VERDICT_ABSENT);
    assert_int_equal(sample_part(s, &ref, T0, SAMPLE_OWNER, UINT32_MAX), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_COMPLETE, T0, SAMPLE_OWNER, 0),
                     VERDICT_INCOMPLETE);
    assert_int_equal(sample_part(s, &ref, T0 + 1, SAMPLE_OWNER, 2), VERDICT_OK);
    assert_int_equal(sample_part(s, &ref, T0 + 2, SAMPLE_OWNER, 0), VERDICT_OK);
    assert_int_equal(sample_part(s, &ref, T0 + 3, SAMPLE_OWNER, 2), VERDICT_OK);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.parts_stored, 2);
    assert_int_equal(got.part_at, T0 + 2);
    record_clear(&got);
    assert_int_equal(sample_change(s, &ref, CHANGE_COMPLETE, T0 + 3, SAMPLE_OWNER, 0),
                     VERDICT_INCOMPLETE);
    assert_int_equal(sample_part(s, &ref, T0 + 4, SAMPLE_OWNER, 1), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_COMPLETE, T0 + 4, 55, 0), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_COMPLETE, T0 + 4, SAMPLE_OWNER, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_COMPLETE, T0 + 5, SAMPLE_OWNER, 0), VERDICT_OK);
    assert_int_equal(sample_part(s, &ref, T0 + 5, SAMPLE_OWNER, 1), VERDICT_CONFLICT);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 5, 1, SAMPLE_PROOF), VERDICT_OK);
}

static void
test_used_up_parts_are_doomed_then_erased(void **state) {
    struct store *s = *state;
    struct record r = sample_upload(1, 2);
    char blob[sizeof(r.blob)];
    r.phase = PHASE_OPEN;
    memcpy(blob, r.blob, sizeof(blob));
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 1, 1, 0), VERDICT_OK);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.content, CONTENT_DOOMED);
    assert_string_equal(got.blob, blob);
    record_clear(&got);
    assert_int_equal(s->ops->knows_blob(s, blob), 1);
    struct store_ref due[2];
    assert_int_equal(s->ops->due(s, T0 + 1, 0, due, 2), 1);
    assert_int_equal(sample_change(s, &ref, CHANGE_ERASED, T0 + 2, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_ERASED, T0 + 2, 0, 0), VERDICT_OK);
    got = sample_load(s, &ref);
    assert_int_equal(got.content, CONTENT_NONE);
    assert_string_equal(got.blob, "");
    record_clear(&got);
    assert_int_equal(s->ops->knows_blob(s, blob), 0);
    assert_int_equal(s->ops->due(s, T0 + 2, 0, due, 2), 0);
}

static void
test_uploads_are_given_up_to_the_second(void **state) {
    struct store *s = *state;
    struct record r = sample_upload(1, 40);
    struct store_ref idle = sample_create(s, &r), busy;
    r = sample_upload(1, 40);
    busy = sample_create(s, &r);
    assert_int_equal(sample_part(s, &idle, T0 + POLICY_UPLOAD_IDLE - 1, SAMPLE_OWNER, 0),
                     VERDICT_OK);
    int64_t last = T0 + POLICY_UPLOAD_IDLE - 1;
    for (uint32_t k = 0; k < 24; k++, last += POLICY_UPLOAD_IDLE - 1) {
        assert_int_equal(sample_part(s, &busy, last, SAMPLE_OWNER, k), VERDICT_OK);
        if (k == 0) continue;
        /* The idle one had its last part an hour ago and more. */
        assert_int_equal(sample_part(s, &idle, last + 1, SAMPLE_OWNER, 1), VERDICT_ABSENT);
    }
    assert_int_equal(sample_part(s, &busy, T0 + POLICY_UPLOAD_LIFE - 1, SAMPLE_OWNER, 30),
                     VERDICT_OK);
    assert_int_equal(sample_part(s, &busy, T0 + POLICY_UPLOAD_LIFE, SAMPLE_OWNER, 31),
                     VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &busy, CHANGE_COMPLETE, T0, SAMPLE_OWNER, 0), VERDICT_ABSENT);
    struct store_ref due[3];
    assert_int_equal(s->ops->due(s, T0 + POLICY_UPLOAD_LIFE, 0, due, 3), 2);
    assert_int_equal(sample_change(s, &idle, CHANGE_LAPSE, T0 + POLICY_UPLOAD_LIFE, 0, 0),
                     VERDICT_OK);
    struct record got = sample_load(s, &idle);
    assert_int_equal(got.content, CONTENT_DOOMED);
    assert_int_equal(got.parts_stored, 1);
    record_clear(&got);
}

static void
test_lapse_erases_what_time_ended(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, 304);
    struct store_ref ref = sample_create(s, &r), due[2];
    int64_t lapse = T0 + 10 + POLICY_LEASE_IDLE_INLINE, forget = EXPIRES + POLICY_RECEIPT_LIFE;
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 10, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(s->ops->due(s, lapse - 1, 0, due, 2), 0);
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, lapse - 1, 0, 0), VERDICT_OK);
    assert_true(sample_has_content(s, &ref, 304));
    assert_int_equal(s->ops->due(s, lapse, 0, due, 2), 1);
    assert_int_equal(due[0].len, ref.len);
    assert_memory_equal(due[0].bytes, ref.bytes, ref.len);
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, lapse, 0, 0), VERDICT_OK);
    assert_false(sample_has_content(s, &ref, 304));
    assert_int_equal(s->ops->due(s, lapse, 0, due, 2), 0);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.leases[0].end, LEASE_LAPSED);
    assert_int_equal(got.leases[0].ended_at, lapse);
    record_clear(&got);
    assert_int_equal(s->ops->due(s, forget - 1, 0, due, 2), 0);
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, forget - 1, 0, 0), VERDICT_OK);
    assert_true(sample_exists(s, &ref));
    assert_int_equal(s->ops->due(s, forget, 0, due, 2), 1);
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, forget, 0, 0), VERDICT_OK);
    assert_false(sample_exists(s, &ref));
    assert_int_equal(s->ops->due(s, forget, 0, due, 2), 0);
}

static void
test_expired_content_is_erased_and_the_receipt_stays(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(3, 0, 304);
    struct store_ref ref = sample_create(s, &r), due[2];
    assert_int_equal(s->ops->due(s, EXPIRES - 1, 0, due, 2), 0);
    assert_int_equal(s->ops->due(s, EXPIRES, 0, due, 2), 1);
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, EXPIRES, 0, 0), VERDICT_OK);
    assert_false(sample_has_content(s, &ref, 304));
    assert_true(sample_exists(s, &ref));
    store_contract_usage(s, RECORD_ROW_COST + 3 * RECORD_VIEW_COST);
}

/* Those that were used up long ago have the longest to wait, and delay none. */
static void
test_used_up_ones_are_not_due_when_they_expire(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(1, 0, 304);
    struct store_ref due[2], last;
    for (int i = 0; i < 5; i++) {
        struct store_ref ref = sample_create(s, &r);
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
        if (i < 4)
            assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 1, 1, 0), VERDICT_OK);
    }
    last = sample_create(s, &r);

    /* The fifth has a lease that ends, and the last one expires. */
    assert_int_equal(s->ops->due(s, T0 + 1 + POLICY_LEASE_IDLE_INLINE, 0, due, 2), 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s->ops->due(s, EXPIRES, 0, due, 2), 2);
        assert_memory_equal(due[1].bytes, last.bytes, last.len);
        assert_int_equal(s->ops->due(s, EXPIRES, 1, due, 2), 1);
        assert_memory_equal(due[0].bytes, last.bytes, last.len);
        assert_int_equal(s->ops->due(s, EXPIRES, 2, due, 2), 0);
    }
    assert_int_equal(sample_change(s, &last, CHANGE_LAPSE, EXPIRES, 0, 0), VERDICT_OK);
    assert_int_equal(s->ops->due(s, EXPIRES + POLICY_RECEIPT_LIFE - 1, 1, due, 2), 0);
    assert_int_equal(s->ops->due(s, EXPIRES + POLICY_RECEIPT_LIFE, 3, due, 2), 2);
    assert_int_equal(s->ops->due(s, EXPIRES + POLICY_RECEIPT_LIFE, 5, due, 2), 1);
}

static void
test_classic_texts_are_forgotten_after_their_views(void **state) {
    struct store *s = *state;
    struct record r = sample_text(3, 50);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_BURN, T0, 0, 0), VERDICT_ABSENT);
    for (unsigned n = 1; n <= 2; n++)
        assert_int_equal(sample_change(s, &ref, CHANGE_CLAIM_CLASSIC, T0, n, 0), VERDICT_OK);
    assert_true(sample_has_content(s, &ref, 50));
    assert_int_equal(sample_change(s, &ref, CHANGE_CLAIM_CLASSIC, T0, 3, 0), VERDICT_OK);
    /* A tombstone may remain, but nothing that can be read or claimed. */
    assert_false(sample_has_content(s, &ref, 50));
    store_contract_usage(s, 0);
    struct change c = {.kind = CHANGE_CLAIM_CLASSIC, .now = T0};
    struct effect effect;
    int found = s->ops->change(s, &ref, &c, &effect, NULL);
    assert_true(found == 0 || (found == 1 && effect.verdict == VERDICT_ABSENT));
}

static void
test_expired_classic_texts_are_forgotten(void **state) {
    struct store *s = *state;
    struct record r = sample_text(3, 50);
    struct store_ref ref = sample_create(s, &r), due[2];
    assert_int_equal(s->ops->due(s, EXPIRES - 1, 0, due, 2), 0);
    assert_int_equal(s->ops->due(s, EXPIRES, 0, due, 2), 1);
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, EXPIRES, 0, 0), VERDICT_OK);
    assert_false(sample_exists(s, &ref));
    assert_int_equal(s->ops->due(s, EXPIRES, 0, due, 2), 0);
}

static void
test_classic_files_are_doomed_then_forgotten(void **state) {
    struct store *s = *state;
    struct record r = sample_file(1000), got;
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(sample_change(s, &ref, CHANGE_CLAIM_CLASSIC, T0, 1, 0), VERDICT_OK);
    got = sample_load(s, &ref);
    assert_int_equal(got.content, CONTENT_DOOMED);
    assert_int_equal(got.views_left, 0);
    record_clear(&got);
    assert_int_equal(s->ops->knows_blob(s, r.blob), 1);
    assert_int_equal(sample_change(s, &ref, CHANGE_CLAIM_CLASSIC, T0, 2, 0), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ref, CHANGE_ERASED, T0, 0, 0), VERDICT_OK);
    assert_int_equal(s->ops->knows_blob(s, r.blob), 0);
    assert_false(sample_exists(s, &ref));
}

static void
test_due_lists_the_longest_due_first(void **state) {
    enum { COUNT = 20 };
    struct store *s = *state;
    struct store_ref refs[COUNT], due[STORE_DUE_MAX];
    for (int i = 0; i < COUNT; i++) {
        struct record r = sample_sealed(1, 0, 304);
        r.expires_at = EXPIRES + i * 7 % COUNT;
        refs[i] = sample_create(s, &r);
    }
    assert_int_equal(s->ops->due(s, EXPIRES - 1, 0, due, STORE_DUE_MAX), 0);
    assert_int_equal(s->ops->due(s, EXPIRES + 4, 0, due, STORE_DUE_MAX), 5);
    assert_int_equal(s->ops->due(s, EXPIRES + COUNT, 0, due, 8), 8);
    for (int n = 0; n < 8; n++) {
        int i = 0;
        while (i * 7 % COUNT != n)
            i++;
        assert_memory_equal(due[n].bytes, refs[i].bytes, refs[i].len);
    }
    assert_int_equal(s->ops->due(s, EXPIRES + COUNT, 0, due, STORE_DUE_MAX), COUNT);
    /* Without the first of them it is the same list. */
    struct store_ref rest[STORE_DUE_MAX];
    assert_int_equal(s->ops->due(s, EXPIRES + COUNT, 5, rest, 4), 4);
    for (int n = 0; n < 4; n++)
        assert_memory_equal(rest[n].bytes, due[5 + n].bytes, due[5 + n].len);
    assert_int_equal(s->ops->due(s, EXPIRES + COUNT, COUNT - 1, rest, STORE_DUE_MAX), 1);
    assert_int_equal(s->ops->due(s, EXPIRES + COUNT, COUNT, rest, STORE_DUE_MAX), 0);
    assert_int_equal(s->ops->due(s, EXPIRES + COUNT, COUNT + 7, rest, STORE_DUE_MAX), 0);
}

static void
test_several_change_in_one_step(void **state) {
    enum { COUNT = STORE_CHANGES_MAX };
    struct store *s = *state;
    struct store_ref refs[COUNT];
    struct store_change done[COUNT];
    struct change lapse = {.kind = CHANGE_LAPSE, .now = EXPIRES};
    if (s->ops->change_all == NULL) skip();

    /* All kinds, some not yet expired, and the last one absent. */
    for (int i = 0; i < COUNT - 1; i++) {
        struct record r = i % 2 == 0 ? sample_sealed(1, 0, 304) : sample_text(1, 50);
        if (i % 3 == 0) r.expires_at = EXPIRES + 1;
        refs[i] = sample_create(s, &r);
    }
    s->ops->ref(s, "absent", &refs[COUNT - 1]);

    assert_int_equal(s->ops->change_all(s, refs, COUNT, &lapse, done), 0);
    assert_int_equal(done[COUNT - 1].found, 0);
    for (int i = 0; i < COUNT - 1; i++) {
        bool expired = i % 3 != 0;
        bool sealed = i % 2 == 0;
        assert_int_equal(done[i].found, 1);
        assert_int_equal(done[i].effect.drop_content, expired && sealed);
        assert_int_equal(done[i].effect.drop_record, expired && !sealed);
        assert_int_equal(done[i].after.content, expired ? CONTENT_NONE : CONTENT_INLINE);
        assert_int_equal(sample_exists(s, &refs[i]), sealed || !expired);
        if (!expired) assert_true(sample_has_content(s, &refs[i], sealed ? 304 : 50));
        record_clear(&done[i].after);
    }
}

static void
test_usage_counts_records_and_content(void **state) {
    struct store *s = *state;
    enum { ROW = 1024, VIEW = 64, HELD = ROW + 3072 };
    struct record a = sample_sealed(3, 0, 1000), b = sample_text(1, 1), c = sample_file(4000);
    struct record upload = sample_upload(1, 2);
    struct store_ref ra = sample_create(s, &a);
    store_contract_usage(s, HELD + 3 * VIEW + 1000);
    assert_int_equal(sample_change(s, &ra, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    struct store_ref rb = sample_create(s, &b);
    (void)sample_create(s, &c); /* its content is in the blob store */
    struct store_ref ru = sample_create(s, &upload);
    store_contract_usage(s, 4 * HELD + 6 * VIEW + 1001);
    assert_int_equal(sample_part(s, &ru, T0, SAMPLE_OWNER, 0), VERDICT_OK);
    store_contract_usage(s, 4 * HELD + 6 * VIEW + 1001);

    /* The last view of a classic text leaves nothing, what is burnt leaves a receipt. */
    assert_int_equal(sample_change(s, &rb, CHANGE_CLAIM_CLASSIC, T0, 1, 0), VERDICT_OK);
    store_contract_usage(s, 3 * HELD + 5 * VIEW + 1000);
    assert_int_equal(sample_change(s, &ra, CHANGE_BURN, T0, SAMPLE_OWNER, 0), VERDICT_OK);
    store_contract_usage(s, 2 * HELD + ROW + 5 * VIEW);

    /* What is in the blob store counts until it is erased. */
    assert_int_equal(sample_change(s, &ru, CHANGE_BURN, T0, SAMPLE_OWNER, 0), VERDICT_OK);
    store_contract_usage(s, 2 * HELD + ROW + 5 * VIEW);
    assert_int_equal(sample_change(s, &ru, CHANGE_ERASED, T0, 0, 0), VERDICT_OK);
    store_contract_usage(s, HELD + 2 * ROW + 5 * VIEW);
    assert_int_equal(sample_change(s, &ru, CHANGE_ERASED, T0, 0, 0), VERDICT_OK);
    store_contract_usage(s, HELD + 2 * ROW + 5 * VIEW);
}

static void
test_time_never_runs_backwards(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(9, 0, 304);
    struct store_ref ref = sample_create(s, &r);
    assert_int_equal(s->ops->now(s, T0), T0);
    assert_int_equal(s->ops->now(s, T0 + 50), T0 + 50);
    assert_int_equal(s->ops->now(s, T0 - 86400), T0 + 50);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 100, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(s->ops->now(s, T0), T0 + 100);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 - 86400, 2, SAMPLE_PROOF), VERDICT_OK);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.leases[1].opened_at, T0 + 100);
    record_clear(&got);
    /* A secret that expired stays expired although the clock is set back a day. */
    assert_int_equal(s->ops->now(s, EXPIRES), EXPIRES);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, EXPIRES - 86400, 3, SAMPLE_PROOF),
                     VERDICT_ABSENT);
}

static void
test_a_hundred_leases_keep_their_order(void **state) {
    struct store *s = *state;
    struct record r = sample_sealed(RECORD_VIEWS_MAX, 0, 304);
    struct store_ref ref = sample_create(s, &r);
    for (unsigned n = 0; n < RECORD_VIEWS_MAX; n++)
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1000 + n, SAMPLE_PROOF),
                         VERDICT_OK);
    assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_ABSENT);
    struct record got = sample_load(s, &ref);
    assert_int_equal(got.lease_count, RECORD_VIEWS_MAX);
    for (unsigned n = 0; n < RECORD_VIEWS_MAX; n++) {
        uint8_t hash[TOKEN_HASH_LEN];
        sample_hash(1000 + n, hash);
        assert_memory_equal(got.leases[n].hash, hash, sizeof(hash));
        assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0, 1000 + n, 0), VERDICT_OK);
    }
    record_clear(&got);
    assert_false(sample_has_content(s, &ref, 304));
}

static void
test_everything_outlives_a_restart(void **state) {
    struct store *s = *state;
    if (store_contract_factory->reopen == NULL) skip();
    struct record sealed = sample_sealed(3, 5, 304), upload = sample_upload(1, 3),
                  text = sample_text(2, 9);
    struct store_ref a = sample_create(s, &sealed), b = sample_create(s, &upload),
                     c = sample_create(s, &text);
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, T0, 2, SAMPLE_WRONG), VERDICT_WRONG_PROOF);
    assert_int_equal(sample_part(s, &b, T0, SAMPLE_OWNER, 1), VERDICT_OK);
    assert_int_equal(sample_change(s, &c, CHANGE_CLAIM_CLASSIC, T0 + 50, 1, 0), VERDICT_OK);
    uint64_t usage = s->ops->usage(s);
    *state = s = store_contract_factory->reopen(s);
    assert_non_null(s);
    if (store_contract_factory->keeps_time) assert_int_equal(s->ops->now(s, T0), T0 + 50);
    assert_int_equal(s->ops->usage(s), usage);
    assert_true(sample_has_content(s, &a, 304));
    assert_true(sample_has_content(s, &c, 9));
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, T0 + 50, 1, SAMPLE_PROOF), VERDICT_REPEAT);
    assert_int_equal(sample_change(s, &a, CHANGE_FETCH, T0 + 50, 9, 0), VERDICT_ABSENT);
    assert_int_equal(sample_part(s, &b, T0 + 50, SAMPLE_OWNER, 1), VERDICT_OK);
    assert_int_equal(sample_part(s, &b, T0 + 50, SAMPLE_OWNER, 2), VERDICT_OK);
    struct record got = sample_load(s, &b);
    assert_int_equal(got.parts_stored, 2);
    record_clear(&got);
    got = sample_load(s, &a);
    assert_int_equal(got.views_left, 2);
    assert_int_equal(got.attempts_left, 4);
    record_clear(&got);
    assert_int_equal(sample_change(s, &c, CHANGE_CLAIM_CLASSIC, T0 + 50, 2, 0), VERDICT_OK);
    assert_false(sample_has_content(s, &c, 9));
}

/* What the operator takes down is gone for everybody, and its receipt says so. */
static void
test_what_is_removed_is_gone(void **state) {
    struct store *s = *state;
    struct record sealed = sample_sealed(3, 0, 304), text = sample_text(2, 50),
                  file = sample_file(4000), upload = sample_upload(1, 2);
    struct store_ref a = sample_create(s, &sealed), b = sample_create(s, &text),
                     c = sample_create(s, &file), d = sample_create(s, &upload);
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);

    assert_int_equal(sample_change(s, &a, CHANGE_REMOVE, T0 + 1, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &a, CHANGE_REMOVE, T0 + 2, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &a, CHANGE_FETCH, T0 + 2, 1, 0), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, T0 + 2, 1, SAMPLE_PROOF), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &a, CHANGE_OPEN, T0 + 2, 2, SAMPLE_PROOF), VERDICT_ABSENT);
    assert_false(sample_has_content(s, &a, 304));
    struct record got = sample_load(s, &a);
    assert_int_equal(policy_receipt_state(&got, T0 + 2), RECEIPT_REMOVED);
    assert_int_equal(got.ended_at, T0 + 1);
    assert_int_equal(got.leases[0].end, LEASE_BURNT);
    record_clear(&got);

    uint64_t used = s->ops->usage(s), cost = used == 0 ? 0 : record_cost(&text);
    assert_int_equal(sample_change(s, &b, CHANGE_REMOVE, T0 + 1, 0, 0), VERDICT_OK);
    assert_false(sample_exists(s, &b));
    assert_int_equal(s->ops->usage(s), used - cost);

    /* What is in the blob store is doomed, then erased. */
    assert_int_equal(sample_change(s, &c, CHANGE_REMOVE, T0 + 1, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &c, CHANGE_CLAIM_CLASSIC, T0 + 1, 1, 0), VERDICT_ABSENT);
    got = sample_load(s, &c);
    assert_int_equal(got.content, CONTENT_DOOMED);
    record_clear(&got);
    assert_int_equal(sample_change(s, &c, CHANGE_ERASED, T0 + 2, 0, 0), VERDICT_OK);
    assert_false(sample_exists(s, &c));

    assert_int_equal(sample_part(s, &d, T0, SAMPLE_OWNER, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &d, CHANGE_REMOVE, T0 + 1, 0, 0), VERDICT_OK);
    assert_int_equal(sample_part(s, &d, T0 + 1, SAMPLE_OWNER, 1), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &d, CHANGE_COMPLETE, T0 + 1, SAMPLE_OWNER, 0),
                     VERDICT_ABSENT);
    struct store_ref due[4];
    assert_int_equal(s->ops->due(s, T0 + 1, 0, due, 4), 1);
}

static void
test_a_survey_counts_states_ages_and_bytes(void **state) {
    struct store *s = *state;
    struct record r[] = {sample_sealed(1, 0, 304), sample_sealed(1, 0, 305),
                         sample_sealed(2, 1, 306), sample_sealed(1, 0, 307),
                         sample_upload(1, 3),      sample_text(1, 50)};
    struct store_ref ref[ARRAY_LEN(r)];
    struct survey got = {0};
    int64_t until = clock_monotonic_ms() + 60000;
    r[1].created_at = T0 - 7200;
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        ref[i] = sample_create(s, &r[i]);
    assert_int_equal(sample_change(s, &ref[1], CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);
    assert_int_equal(sample_change(s, &ref[2], CHANGE_OPEN, T0, 1, SAMPLE_WRONG),
                     VERDICT_WRONG_PROOF);
    assert_int_equal(sample_change(s, &ref[3], CHANGE_REMOVE, T0, 0, 0), VERDICT_OK);
    assert_int_equal(sample_part(s, &ref[4], T0, SAMPLE_OWNER, 0), VERDICT_OK);

    assert_int_equal(s->ops->survey(s, T0 + 1, until, &got), 1);
    assert_int_equal(got.states[RECEIPT_WAITING], 2);
    assert_int_equal(got.states[RECEIPT_USED_UP], 1);
    assert_int_equal(got.states[RECEIPT_LOCKED], 1);
    assert_int_equal(got.states[RECEIPT_REMOVED], 1);
    assert_int_equal(got.states[RECEIPT_UPLOADING], 1);
    assert_int_equal(got.states[RECEIPT_OPENED] + got.states[RECEIPT_EXPIRED], 0);

    /* DynamoDB does not have the age of a classic text. */
    bool tells = got.ages[SURVEY_AGE_UNKNOWN] == 0;
    assert_int_equal(got.ages[SURVEY_AGE_HOUR], tells ? 3 : 2);
    assert_int_equal(got.ages[SURVEY_AGE_DAY], 1);
    assert_int_equal(got.bytes, 304 + 305 + 65536 + 50);
}

int
store_contract_run_life(int (*setup)(void **state), int (*teardown)(void **state)) {
    const struct CMUnitTest life[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_parts_are_counted_once_and_completed),
        CASE(test_used_up_parts_are_doomed_then_erased),
        CASE(test_uploads_are_given_up_to_the_second),
        CASE(test_lapse_erases_what_time_ended),
        CASE(test_expired_content_is_erased_and_the_receipt_stays),
        CASE(test_used_up_ones_are_not_due_when_they_expire),
        CASE(test_classic_texts_are_forgotten_after_their_views),
        CASE(test_expired_classic_texts_are_forgotten),
        CASE(test_classic_files_are_doomed_then_forgotten),
        CASE(test_due_lists_the_longest_due_first),
        CASE(test_several_change_in_one_step),
        CASE(test_usage_counts_records_and_content),
        CASE(test_what_is_removed_is_gone),
        CASE(test_a_survey_counts_states_ages_and_bytes),
        CASE(test_time_never_runs_backwards),
        CASE(test_a_hundred_leases_keep_their_order),
        CASE(test_everything_outlives_a_restart),
    };
    return cmocka_run_group_tests_name("life", life, NULL, NULL);
}
