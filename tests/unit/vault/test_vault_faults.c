/* SPDX-License-Identifier: MIT */
/*
 * Stores that fail: every call in the life of a secret fails in turn, once or from then on, with
 * nothing done or with an unknown outcome.  Nothing is delivered without a durable claim, errors
 * are returned as codes, and a retry succeeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "memory_blobs.h"
#include "memory_store.h"
#include "store_wrap.h"
#include "vault/classic.h"
#include "vault_fixture.h"

enum { SIZE = FIXTURE_PART + 500, LIFE_CALLS_MIN = 8 };

static const struct wrap_plan faults[] = {
    {.err = ERR_STORE},
    {.err = ERR_STORE, .for_ever = true},
    {.err = ERR_UNKNOWN_OUTCOME},
    {.err = ERR_UNKNOWN_OUTCOME, .done = true},
    {.err = ERR_UNKNOWN_OUTCOME, .for_ever = true},
};

static struct vault_fixture fixture;
static struct vault *const v = &fixture.vault;
static struct wrap_plan plan;
static struct store *memory; /* the wrapped store of records */

/* A new fixture whose ${n}th call fails with ${fault}. */
static void
begin(const struct wrap_plan *fault, int n) {
    plan = *fault;
    plan.fail_at = n;
    memory = memory_store_open(FIXTURE_INLINE_MAX);
    fixture_init(&fixture, store_wrap(memory, &plan, BUG_NONE),
                 blobs_wrap(memory_blobs_open(), &plan), 1);
}

/* The stores work again. */
static void
heal(void) {
    plan.fail_at = 0;
}

/*
 * The end of every life: once the stores work and everything has expired, nothing is left.  Returns
 * whether the planned fault occurred.
 */
static bool
end(void) {
    struct vault_sweep_result swept;
    heal();
    fixture.now += 86400 + POLICY_RECEIPT_LIFE;
    assert_int_equal(vault_sweep(v, 1000, &swept), 0);
    assert_int_equal(v->store->ops->usage(v->store), 0);
    assert_int_equal(v->blobs->ops->usage(v->blobs), 0);
    assert_int_equal(v->quota_held, 0);
    assert_int_equal(v->creating, 0);
    struct store_ref due[1];
    assert_int_equal(v->store->ops->due(v->store, INT64_MAX, 0, due, 1), 0);
    bool struck = plan.hits > 0;
    fixture_close(&fixture);
    return struck;
}

/* A failed call returned a documented code. */
static void
assert_code(int result) {
    assert_true(result == ERR_STORE || result == ERR_UNKNOWN_OUTCOME);
}

/* Call ${expr} until it returns 1: again after a passing fault, or after heal(). */
#define UNTIL_DONE(result, expr)                                                                   \
    do {                                                                                           \
        (result) = (expr);                                                                         \
        if ((result) == 1) break;                                                                  \
        assert_code(result);                                                                       \
        assert_true(plan.hits > 0);                                                                \
        if (plan.for_ever) heal();                                                                 \
    } while (true)

/* Open.  Returns whether it was delivered, which a fault during the open must prevent. */
static int
open_once(const char *id, unsigned lease, const struct buf *want, enum verdict *verdict) {
    struct vault_sealed_opened o;
    uint8_t access[32], verifier[32];
    char token[TOKEN_LEN + 1];
    int hits = plan.hits;
    fixture_access(1, access, verifier);
    int result =
        vault_sealed_open(v, id,
                          &(struct vault_sealed_opening){.access = access,
                                                         .lease = fixture_token(lease, token),
                                                         .content_max = FIXTURE_INLINE_MAX},
                          &o);
    *verdict = o.verdict;
    if (plan.hits > hits) assert_true(result < 0);
    if (result < 0) assert_true(!o.has_content && o.content.len == 0 && o.lease_expires_at == 0);
    else if (o.verdict <= VERDICT_REPEAT && o.verdict != VERDICT_ABSENT && want != NULL)
        assert_true(buf_equals(&o.content, want->data, want->len));
    vault_sealed_opened_clear(&o);
    return result;
}

/* Two views of an inline secret, and no third one. */
static bool
inline_life(const struct wrap_plan *fault, int n) {
    struct buf envelope = fixture_envelope(500);
    struct vault_sealed_new in = fixture_new(2, 0, envelope.len, &envelope);
    struct vault_sealed_created c;
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    int result;
    begin(fault, n);
    UNTIL_DONE(result, vault_sealed_create(v, &in, &c));
    for (unsigned lease = 1; lease <= 2; lease++) {
        UNTIL_DONE(result, open_once(c.id, lease, &envelope, &verdict));
        assert_true(verdict == VERDICT_OK || verdict == VERDICT_REPEAT);
    }
    UNTIL_DONE(result, open_once(c.id, 3, &envelope, &verdict));
    assert_int_equal(verdict, VERDICT_ABSENT);
    for (unsigned lease = 1; lease <= 2; lease++) {
        UNTIL_DONE(result,
                   vault_sealed_confirm(v, c.id, fixture_token(lease, token), NULL, &verdict));
        assert_int_equal(verdict, VERDICT_OK);
    }
    struct record r;
    heal();
    assert_int_equal(vault_sealed_receipt(v, c.id, c.owner_token, &r), 1);
    assert_int_equal(r.lease_count, 2);
    assert_int_equal(r.views_left, 0);
    record_clear(&r);
    buf_free(&envelope);
    return end();
}

/* An upload, its one view, and a burn of what is left. */
static bool
parts_life(const struct wrap_plan *fault, int n) {
    struct buf whole = fixture_envelope(SIZE), part = BUF_INIT(FIXTURE_PART);
    struct vault_sealed_new in = fixture_new(2, 0, SIZE, NULL);
    struct vault_sealed_created c;
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    uint32_t missing;
    int result;
    begin(fault, n);
    UNTIL_DONE(result, vault_sealed_create(v, &in, &c));
    for (uint32_t k = 0; k < 2; k++) {
        buf_reset(&part);
        assert_int_equal(buf_add(&part, whole.data + k * FIXTURE_PART, k ? 500 : FIXTURE_PART), 0);
        UNTIL_DONE(result, vault_sealed_put_part(v, c.id, c.owner_token, k, &part, NULL, &verdict));
        assert_int_equal(verdict, VERDICT_OK);
    }
    UNTIL_DONE(result,
               vault_sealed_complete(v, c.id, c.owner_token, NULL, NULL, &verdict, &missing));
    assert_int_equal(verdict, VERDICT_OK);
    UNTIL_DONE(result, open_once(c.id, 1, NULL, &verdict));
    assert_true(verdict == VERDICT_OK || verdict == VERDICT_REPEAT);
    for (uint32_t k = 0; k < 2; k++) {
        buf_reset(&part);
        fixture_token(1, token);
        UNTIL_DONE(result,
                   vault_sealed_get_part(v, c.id, token, k,
                                         &(struct vault_sealed_fetch){.out = &part}, &verdict));
        assert_int_equal(verdict, VERDICT_OK);
        assert_true(buf_equals(&part, whole.data + k * FIXTURE_PART, k ? 500 : FIXTURE_PART));
    }
    UNTIL_DONE(result, vault_sealed_burn(v, c.id, c.owner_token, NULL, &verdict));
    assert_int_equal(verdict, VERDICT_OK);
    buf_reset(&part);
    heal();
    assert_int_equal(vault_sealed_get_part(v, c.id, token, 0,
                                           &(struct vault_sealed_fetch){.out = &part}, &verdict),
                     1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    buf_free(&part);
    buf_free(&whole);
    return end();
}

/* Four secrets expire, and the fault hits the sweeper. */
static bool
sweep_life(const struct wrap_plan *fault, int n) {
    struct buf envelope = fixture_envelope(500);
    struct vault_sealed_new in = fixture_new(2, 0, envelope.len, &envelope);
    struct vault_sealed_new upload = fixture_new(2, 0, SIZE, NULL);
    struct vault_sealed_created c;
    struct vault_sweep_result swept;
    struct buf part = BUF_INIT(500);
    enum verdict verdict;
    begin(fault, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vault_sealed_create(v, &in, &c), 1);
        assert_int_equal(vault_sealed_create(v, &upload, &c), 1);
    }
    assert_int_equal(buf_add(&part, envelope.data, 500), 0);
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 1, &part, NULL, &verdict), 1);
    fixture.now += 86400;
    plan.calls = 0;
    plan.fail_at = n;
    int result = vault_sweep(v, 1000, &swept);
    if (plan.hits > 0) assert_code(result);
    else assert_int_equal(result, 0);
    heal();
    assert_int_equal(vault_sweep(v, 1000, &swept), 0);
    assert_int_equal(memory_store_content(memory) + v->blobs->ops->usage(v->blobs), 0);
    buf_free(&part);
    buf_free(&envelope);
    return end();
}

/* A classic file with one view is delivered at most once, whatever the stores return. */
static bool
classic_life(const struct wrap_plan *fault, int n) {
    static char plain[FIXTURE_INLINE_MAX + 1];
    struct vault_classic_new in = {
        .plain = plain, .len = sizeof(plain), .file_name = "f", .views = 1, .ttl = 3600};
    struct vault_classic_created c;
    int answers = 0, result;
    begin(fault, n);
    UNTIL_DONE(result, vault_classic_create(v, fixture_kdf, &in, &c));
    for (int tries = 0; tries < 3; tries++) {
        struct fixture_reader reader;
        int before = plan.hits;
        if (tries == 2) heal();
        fixture_reader(&reader, sizeof(plain), sizeof(plain));
        result = vault_classic_open(v, fixture_kdf, c.id, c.passphrase, TOKEN_PASSPHRASE_LEN,
                                    &reader.base);
        if (result < 0) assert_true(plan.hits > before);
        if (result < 0) assert_code(result);
        if (result == 1) assert_true(buf_equals(&reader.got.plain, plain, sizeof(plain)));
        if (result == 1) answers++;
        fixture_reader_end(&reader);
    }
    assert_true(answers <= 1);
    /* Only a claim that was done with an unknown outcome may cost the view. */
    if (answers == 0) assert_true(fault->err == ERR_UNKNOWN_OUTCOME && fault->done);
    assert_true(v->views_claimed <= 1);
    return end();
}

static void
fail_each_call(bool (*life)(const struct wrap_plan *fault, int n)) {
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        int n = 1;
        while (life(&faults[i], n))
            n++;
        assert_true(n > LIFE_CALLS_MIN); /* faults were injected */
    }
}

static void
test_inline_secrets(void **state) {
    (void)state;
    fail_each_call(inline_life);
}

static void
test_secrets_in_parts(void **state) {
    (void)state;
    fail_each_call(parts_life);
}

static void
test_the_sweep(void **state) {
    (void)state;
    fail_each_call(sweep_life);
}

static void
test_classic_files(void **state) {
    (void)state;
    fail_each_call(classic_life);
}

static void
test_ping_tells_of_either_store(void **state) {
    (void)state;
    for (int n = 0; n <= 2; n++) {
        begin(&faults[0], n);
        assert_int_equal(vault_ping(v), n == 0 ? 0 : ERR_STORE);
        assert_int_equal(v->store_errors, n == 0 ? 0 : 1);
        fixture_close(&fixture);
    }
}

/* A blob store that cannot erase the names in this list. */
enum { STUBBORN = STORE_DUE_MAX + 40, OTHERS = 50 };
static char stubborn[STUBBORN][TOKEN_BLOB_LEN + 1];
static int stubborn_now; /* what erase returns for them; 0: it erases */
static bool stubborn_slow, end_at_first;
static const struct blobs_ops *plain_blobs;

static int
erase_unless_stubborn(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    for (int i = 0; stubborn_now != 0 && i < STUBBORN; i++)
        if (strcmp(stubborn[i], name) == 0) {
            if (stubborn_slow) (void)usleep(5000);
            if (end_at_first) vault_end_sweeps(v);
            return stubborn_now;
        }
    return plain_blobs->erase(b, name, first, count);
}

/* Begin an upload with one part.  Copy the name of its blob to ${name} if that is not NULL. */
static void
begin_upload(char *name) {
    struct buf part = fixture_envelope(500);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, NULL);
    struct vault_sealed_created c;
    struct record r;
    enum verdict verdict;
    assert_int_equal(vault_sealed_create(v, &in, &c), 1);
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 1, &part, NULL, &verdict), 1);
    assert_int_equal(vault_sealed_receipt(v, c.id, c.owner_token, &r), 1);
    if (name != NULL) memcpy(name, r.blob, sizeof(r.blob));
    record_clear(&r);
    buf_free(&part);
}

/* A new fixture with uploads that cannot be erased.  A later sweep visits them first. */
static void
begin_stubborn(void) {
    static struct blobs_ops ops;
    begin(&faults[0], 0);
    plain_blobs = v->blobs->ops;
    ops = *plain_blobs;
    ops.erase = erase_unless_stubborn;
    v->blobs->ops = &ops;
    stubborn_now = ERR_STORE;
    for (int i = 0; i < STUBBORN; i++)
        begin_upload(stubborn[i]);
}

static void
begin_others(void) {
    for (int i = 0; i < OTHERS; i++)
        begin_upload(NULL);
}

static void
test_what_cannot_be_erased_keeps_nothing_waiting(void **state) {
    struct vault_sweep_result swept;
    (void)state;
    begin_stubborn();
    for (int turn = 0; turn < 2; turn++) {
        begin_others();
        fixture.now += POLICY_UPLOAD_IDLE + 1;
        assert_int_equal(vault_sweep(v, 10000, &swept), ERR_STORE);
        assert_int_equal(swept.errors, STUBBORN);
        assert_int_equal(swept.records, STUBBORN + OTHERS);
        assert_int_equal(v->blobs->ops->usage(v->blobs), STUBBORN * 500);
    }
    /* A slow erase is not an error. */
    stubborn_now = ERR_BUSY;
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(swept.records, STUBBORN);
    assert_int_equal(v->blobs->ops->usage(v->blobs), STUBBORN * 500);
    stubborn_now = 0;
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(v->blobs->ops->usage(v->blobs), 0);
    (void)end();
}

/* With an unreachable store each record is slow: a sweep ends in time, and the next continues. */
static void
test_a_sweep_ends_in_time(void **state) {
    enum { MS = 100, LONG = 60 * 1000 };
    struct vault_sweep_result swept;
    int sweeps = 0;
    (void)state;
    begin_stubborn();
    v->limits.sweep_ms = MS;
    stubborn_slow = true;
    fixture.now += 1; /* so these come last */
    begin_others();
    fixture.now += POLICY_UPLOAD_IDLE + 1;
    int64_t start = clock_monotonic_ms();
    for (; v->blobs->ops->usage(v->blobs) > STUBBORN * 500; sweeps++) {
        assert_int_equal(vault_sweep(v, 10000, &swept), ERR_STORE);
        if (sweeps == 0) assert_in_range(swept.records, 0, STUBBORN - 1);
        if (sweeps == 0) assert_true(swept.more);
        assert_true(clock_monotonic_ms() - start < LONG);
    }
    assert_in_range(sweeps, 2, STUBBORN * 2);

    /* It ends at once when asked to. */
    v->limits.sweep_ms = 0;
    v->sweep_skip = 0;
    end_at_first = true;
    assert_int_equal(vault_sweep(v, 10000, &swept), ERR_STORE);
    assert_int_equal(swept.records, 1);
    end_at_first = stubborn_slow = false;
    stubborn_now = 0;
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(swept.records, 0);
    atomic_store(&v->ending, false);
    (void)end();
}

static struct vault_sealed_created upload;

static void
burn_upload(void *ctx) {
    enum verdict verdict;
    (void)ctx;
    assert_int_equal(vault_sealed_burn(v, upload.id, upload.owner_token, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_OK);
}

static void
test_a_part_that_meets_a_burn_is_erased(void **state) {
    struct buf whole = fixture_envelope(SIZE), part = BUF_INIT(500);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, NULL);
    enum verdict verdict;
    (void)state;
    begin(&faults[0], 0);
    assert_int_equal(vault_sealed_create(v, &in, &upload), 1);
    assert_int_equal(buf_add(&part, whole.data, 500), 0);
    plan.before_put = burn_upload;
    assert_int_equal(
        vault_sealed_put_part(v, upload.id, upload.owner_token, 1, &part, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    assert_int_equal(v->blobs->ops->usage(v->blobs), 0);
    buf_free(&whole);
    buf_free(&part);
    (void)end();
}

/* The same, and the ${fail_from}th call from the put on fails. */
static int fail_from;

static void
burn_upload_and_fail(void *ctx) {
    burn_upload(ctx);
    plan.fail_at = plan.calls + fail_from;
}

static void
test_bytes_that_meet_a_burn_and_a_fault_are_swept(void **state) {
    static const struct wrap_plan bad[] = {
        {.err = ERR_STORE},
        {.err = ERR_UNKNOWN_OUTCOME},
        {.err = ERR_UNKNOWN_OUTCOME, .done = true},
    };
    struct buf part = fixture_envelope(500);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, NULL);
    struct vault_sweep_result swept;
    enum verdict verdict;
    bool left = false;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        for (fail_from = 1; fail_from <= 3; fail_from++) { /* put, register, erase */
            begin(&bad[i], 0);
            assert_int_equal(vault_sealed_create(v, &in, &upload), 1);
            plan.before_put = burn_upload_and_fail;
            int result =
                vault_sealed_put_part(v, upload.id, upload.owner_token, 1, &part, NULL, &verdict);
            if (fail_from <= 2) assert_code(result);
            else assert_int_equal(verdict, VERDICT_ABSENT);
            left = left || v->blobs->ops->usage(v->blobs) > 0;
            plan.before_put = NULL;
            heal();
            assert_int_equal(vault_sweep(v, 1000, &swept), 0);
            assert_int_equal(v->blobs->ops->usage(v->blobs), 0);
            assert_true(end());
        }
    }
    assert_true(left); /* there was something to sweep */
    buf_free(&part);
}

static void
test_tidy_spares_what_it_cannot_ask_about(void **state) {
    struct blobs *b = NULL;
    (void)state;
    begin(&faults[0], 0);
    b = v->blobs;
    assert_int_equal(b->ops->put(b, "Orphan0000000000000000", 0, "x", 1), 1);
    plan.calls = 0;
    plan.fail_at = 2; /* tidy itself is the first call, knows_blob the second */
    assert_int_equal(vault_tidy(v), 0);
    assert_int_equal(plan.hits, 1);
    assert_int_equal(b->ops->usage(b), 1);
    heal();
    assert_int_equal(vault_tidy(v), 0);
    assert_int_equal(b->ops->usage(b), 0);
    (void)end();
}

static void
test_lost_blobs_are_broken_not_absent(void **state) {
    static char plain[FIXTURE_INLINE_MAX + 1];
    struct vault_classic_new in = {.plain = plain, .len = sizeof(plain), .views = 1, .ttl = 3600};
    struct vault_classic_created c;
    struct fixture_reader reader;
    (void)state;
    begin(&faults[0], 0);
    assert_int_equal(vault_classic_create(v, fixture_kdf, &in, &c), 1);
    struct record r;
    struct store_ref ref = {0};
    v->store->ops->ref(v->store, c.id, &ref);
    assert_int_equal(v->store->ops->load(v->store, &ref, &r, NULL), 1);
    assert_int_equal(v->blobs->ops->erase(v->blobs, r.blob, 0, 1), 0);
    record_clear(&r);
    fixture_reader(&reader, sizeof(plain), sizeof(plain));
    assert_int_equal(
        vault_classic_open(v, fixture_kdf, c.id, c.passphrase, TOKEN_PASSPHRASE_LEN, &reader.base),
        ERR_STORE);
    assert_int_equal(v->views_claimed, 0);
    assert_int_equal(reader.calls, 0);
    (void)end();
}

static void
test_a_lost_part_is_broken_not_absent(void **state) {
    struct buf whole = fixture_envelope(SIZE), part = BUF_INIT(FIXTURE_PART);
    struct vault_sealed_new in = fixture_new(1, 0, 500, NULL);
    struct vault_sealed_created c;
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    uint32_t missing;
    struct record r;
    (void)state;
    begin(&faults[0], 0);
    assert_int_equal(vault_sealed_create(v, &in, &c), 1);
    assert_int_equal(buf_add(&part, whole.data, 500), 0);
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 0, &part, NULL, &verdict), 1);
    assert_int_equal(vault_sealed_complete(v, c.id, c.owner_token, NULL, NULL, &verdict, &missing),
                     1);
    assert_int_equal(open_once(c.id, 1, NULL, &verdict), 1);
    assert_int_equal(vault_sealed_info(v, c.id, &verdict, &r), 1);
    assert_int_equal(v->blobs->ops->erase(v->blobs, r.blob, 0, 1), 0);
    record_clear(&r);
    buf_reset(&part);
    fixture_token(1, token);
    assert_int_equal(vault_sealed_get_part(v, c.id, token, 0,
                                           &(struct vault_sealed_fetch){.out = &part}, &verdict),
                     ERR_STORE);
    assert_int_equal(part.len, 0);
    buf_free(&whole);
    buf_free(&part);
    (void)end();
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_secrets),
        cmocka_unit_test(test_secrets_in_parts),
        cmocka_unit_test(test_the_sweep),
        cmocka_unit_test(test_classic_files),
        cmocka_unit_test(test_ping_tells_of_either_store),
        cmocka_unit_test(test_what_cannot_be_erased_keeps_nothing_waiting),
        cmocka_unit_test(test_a_sweep_ends_in_time),
        cmocka_unit_test(test_a_part_that_meets_a_burn_is_erased),
        cmocka_unit_test(test_bytes_that_meet_a_burn_and_a_fault_are_swept),
        cmocka_unit_test(test_tidy_spares_what_it_cannot_ask_about),
        cmocka_unit_test(test_lost_blobs_are_broken_not_absent),
        cmocka_unit_test(test_a_lost_part_is_broken_not_absent),
    };
    return cmocka_run_group_tests_name("faults", tests, fixture_start_kdf, fixture_stop_kdf);
}
