/* SPDX-License-Identifier: MIT */
#include "vault/sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "memory_store.h"
#include "vault_fixture.h"

#define T0 FIXTURE_T0

static struct vault_fixture fixture;
static struct vault *const v = &fixture.vault;
static struct buf envelope;
static unsigned pipes_refused;

static int
setup(void **state) {
    (void)state;
    fixture_open(&fixture);
    envelope = fixture_envelope(1000);
    return 0;
}

static int
teardown(void **state) {
    (void)state;
    fixture_close(&fixture);
    buf_free(&envelope);
    return 0;
}

static struct vault_sealed_created
create(int views, int attempts) {
    struct vault_sealed_new in = fixture_new(views, attempts, envelope.len, &envelope);
    struct vault_sealed_created out;
    assert_int_equal(vault_sealed_create(v, &in, &out), 1);
    return out;
}

static struct vault_sealed_created
create_upload(int views, uint64_t size) {
    struct vault_sealed_new in = fixture_new(views, 0, size, NULL);
    struct vault_sealed_created out;
    assert_int_equal(vault_sealed_create(v, &in, &out), 1);
    return out;
}

static enum verdict
open_with(const char *id, unsigned access, unsigned lease) {
    return fixture_open_secret(&fixture, id, access, lease, &envelope);
}

/* Open with lease 1 into ${o}, which the caller clears, where at most ${max} bytes can be
 * delivered.  Returns as vault_sealed_open(). */
static int
open_into(const char *id, unsigned access, size_t max, struct vault_sealed_opened *o) {
    uint8_t key[VAULT_PROOF_LEN], verifier[TOKEN_HASH_LEN];
    char token[TOKEN_LEN + 1];
    fixture_access(access, key, verifier);
    const struct vault_sealed_opening in = {
        .access = key, .lease = fixture_token(1, token), .content_max = max};
    return vault_sealed_open(v, id, &in, o);
}

static enum verdict
confirm(const char *id, unsigned lease) {
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    assert_int_equal(vault_sealed_confirm(v, id, fixture_token(lease, token), NULL, &verdict), 1);
    return verdict;
}

static enum verdict
burn(const char *id, const char *token) {
    enum verdict verdict;
    assert_int_equal(vault_sealed_burn(v, id, token, NULL, &verdict), 1);
    return verdict;
}

static bool
info(const char *id) {
    struct record r;
    enum verdict verdict;
    assert_int_equal(vault_sealed_info(v, id, &verdict, &r), 1);
    record_clear(&r);
    return verdict == VERDICT_OK;
}

static int
receipt(const struct vault_sealed_created *c) {
    struct record r;
    int found = vault_sealed_receipt(v, c->id, c->owner_token, &r);
    assert_in_range(found, 0, 1);
    int state = found == 1 ? (int)policy_receipt_state(&r, vault_now(v)) : -1;
    record_clear(&r);
    return state;
}

static uint64_t
stored_bytes(void) {
    return memory_store_content(v->store) + v->blobs->ops->usage(v->blobs);
}

static enum verdict
put(const struct vault_sealed_created *c, const struct buf *whole, uint32_t k) {
    size_t at = (size_t)k * FIXTURE_PART;
    size_t len = whole->len - at < FIXTURE_PART ? whole->len - at : FIXTURE_PART;
    struct buf part = BUF_INIT(len);
    enum verdict verdict;
    assert_int_equal(buf_add(&part, whole->data + at, len), 0);
    assert_int_equal(vault_sealed_put_part(v, c->id, c->owner_token, k, &part, NULL, &verdict), 1);
    buf_free(&part);
    return verdict;
}

static enum verdict
complete(const struct vault_sealed_created *c, uint32_t *missing) {
    enum verdict verdict;
    assert_int_equal(vault_sealed_complete(v, c->id, c->owner_token, NULL, NULL, &verdict, missing),
                     1);
    return verdict;
}

static enum verdict
fetch(const char *id, unsigned lease, uint32_t k, const struct buf *whole) {
    struct buf part = BUF_INIT(FIXTURE_PART);
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    assert_int_equal(vault_sealed_get_part(v, id, fixture_token(lease, token), k,
                                           &(struct vault_sealed_fetch){.out = &part}, &verdict),
                     1);
    if (verdict == VERDICT_OK)
        assert_true(buf_equals(&part, whole->data + (size_t)k * FIXTURE_PART, part.len));
    else assert_int_equal(part.len, 0);
    buf_free(&part);
    return verdict;
}

/* No pipe can hold a part of the secret. */
static int
refuse_pipe(struct blobs *b, const char *name, uint32_t k, size_t len, struct piped *out) {
    (void)b, (void)name, (void)k, (void)len, (void)out;
    pipes_refused++;
    return ERR_TOO_LARGE;
}

static void
test_a_part_that_no_pipe_holds_is_copied(void **state) {
    (void)state;
    struct blobs *b = v->blobs;
    const struct blobs_ops *memory = b->ops;
    struct blobs_ops ops = *memory;
    struct piped piped = {0};
    struct buf part = BUF_INIT(PIPED_MIN), whole = fixture_envelope(PIPED_MIN);
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    uint32_t missing;

    v->limits.part_size = PIPED_MIN;
    struct vault_sealed_created c = create_upload(1, PIPED_MIN);
    assert_int_equal(buf_add(&part, whole.data, whole.len), 0);
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 0, &part, NULL, &verdict), 1);
    buf_reset(&part);
    assert_int_equal(complete(&c, &missing), VERDICT_OK);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_OK);

    ops.get_piped = refuse_pipe;
    b->ops = &ops;
    pipes_refused = 0;
    struct vault_sealed_fetch to = {.out = &part, .piped = &piped};
    assert_int_equal(vault_sealed_get_part(v, c.id, fixture_token(1, token), 0, &to, &verdict), 1);
    b->ops = memory;
    assert_int_equal(verdict, VERDICT_OK);
    assert_int_equal(pipes_refused, 1);
    assert_int_equal(piped.len, 0);
    assert_true(buf_equals(&part, whole.data, whole.len));
    buf_free(&part);
    buf_free(&whole);
}

static void
test_a_secret_lives_and_ends(void **state) {
    (void)state;
    struct vault_sealed_created c = create(2, 0);
    assert_int_equal(strlen(c.id), TOKEN_SEALED_ID_LEN);
    assert_int_equal(strlen(c.owner_token), TOKEN_LEN);
    assert_int_equal(c.expires_at, T0 + 86400);
    assert_int_equal(c.part_size, 0);
    assert_true(info(c.id));
    assert_int_equal(receipt(&c), RECEIPT_WAITING);
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_OK);
    assert_int_equal(receipt(&c), RECEIPT_OPENED);
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_REPEAT);
    assert_int_equal(open_with(c.id, 1, 2), VERDICT_OK);
    assert_int_equal(open_with(c.id, 1, 3), VERDICT_ABSENT);
    assert_true(info(c.id)); /* a lease is live */
    assert_int_equal(receipt(&c), RECEIPT_USED_UP);
    assert_int_equal(confirm(c.id, 1), VERDICT_OK);
    assert_true(stored_bytes() > 0);
    assert_int_equal(confirm(c.id, 2), VERDICT_OK);
    assert_int_equal(stored_bytes(), 0);
    assert_false(info(c.id));
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_LEASE_ENDED);
    assert_int_equal(open_with(c.id, 1, 4), VERDICT_ABSENT);
    assert_int_equal(receipt(&c), RECEIPT_USED_UP);
    assert_int_equal(v->views_claimed, 2);
    assert_int_equal(v->erased, 1);
}

static void
test_open_tells_what_is_left(void **state) {
    (void)state;
    struct vault_sealed_created c = create(3, 5);
    struct vault_sealed_opened o;
    assert_int_equal(open_into(c.id, 2, 5000, &o), 1);
    assert_int_equal(o.verdict, VERDICT_WRONG_PROOF);
    assert_int_equal(o.attempts_left, 4);
    vault_sealed_opened_clear(&o);
    assert_int_equal(open_into(c.id, 1, 5000, &o), 1);
    assert_int_equal(o.verdict, VERDICT_OK);
    assert_int_equal(o.views_left, 2);
    assert_int_equal(o.attempts_left, 4);
    assert_int_equal(o.lease_expires_at, T0 + POLICY_LEASE_IDLE_INLINE);
    vault_sealed_opened_clear(&o);
    fixture.now += 50;
    assert_int_equal(open_into(c.id, 1, 5000, &o), 1);
    assert_int_equal(o.verdict, VERDICT_REPEAT);
    assert_int_equal(o.views_left, 2);
    assert_int_equal(o.lease_expires_at, T0 + 50 + POLICY_LEASE_IDLE_INLINE);
    vault_sealed_opened_clear(&o);
    c = create(1, 0);
    assert_int_equal(open_into(c.id, 2, 5000, &o), 1);
    assert_int_equal(o.verdict, VERDICT_WRONG_PROOF);
    assert_int_equal(o.attempts_left, -1);
    vault_sealed_opened_clear(&o);
}

static void
test_what_cannot_be_delivered_counts_nothing(void **state) {
    (void)state;
    struct vault_sealed_created c = create(1, 5);
    struct vault_sealed_opened o;
    assert_int_equal(open_into(c.id, 1, 999, &o), ERR_TOO_LARGE);
    assert_int_equal(o.content.len, 0);
    vault_sealed_opened_clear(&o);
    /* Without the proof the size is not revealed. */
    assert_int_equal(open_into(c.id, 2, 999, &o), 1);
    assert_int_equal(o.verdict, VERDICT_WRONG_PROOF);
    vault_sealed_opened_clear(&o);
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_OK);
}

static void
test_foreign_tokens_and_ids_are_absent(void **state) {
    (void)state;
    struct vault_sealed_created c = create(2, 0), other = create(2, 0);
    struct record r;
    enum verdict verdict;
    uint32_t n;
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_OK);
    assert_int_equal(burn(c.id, other.owner_token), VERDICT_ABSENT);
    assert_int_equal(burn(c.id, ""), VERDICT_ABSENT);
    assert_int_equal(confirm(c.id, 2), VERDICT_ABSENT);
    assert_int_equal(confirm(other.id, 1), VERDICT_ABSENT);
    assert_int_equal(vault_sealed_receipt(v, c.id, other.owner_token, &r), 0);
    assert_null(r.leases);
    assert_int_equal(vault_sealed_receipt(v, "nosuchid00000000000000", c.owner_token, &r), 0);
    assert_int_equal(vault_sealed_part_len(v, c.id, other.owner_token, 0, &n), 0);
    assert_int_equal(vault_sealed_complete(v, c.id, other.owner_token, NULL, NULL, &verdict, &n),
                     1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    assert_int_equal(open_with("nosuchid00000000000000", 1, 1), VERDICT_ABSENT);
    assert_false(info("nosuchid00000000000000"));
}

static void
test_burn_by_owner_and_by_opener(void **state) {
    (void)state;
    for (int owner = 0; owner < 2; owner++) {
        struct vault_sealed_created c = create(5, 0);
        char token[TOKEN_LEN + 1];
        assert_int_equal(open_with(c.id, 1, 1), VERDICT_OK);
        assert_int_equal(burn(c.id, owner ? c.owner_token : fixture_token(1, token)), VERDICT_OK);
        assert_int_equal(stored_bytes(), 0);
        assert_false(info(c.id));
        assert_int_equal(open_with(c.id, 1, 1), VERDICT_ABSENT);
        assert_int_equal(open_with(c.id, 1, 2), VERDICT_ABSENT);
        assert_int_equal(receipt(&c), RECEIPT_BURNT);
    }
}

static void
test_parts_come_and_are_fetched(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(2 * FIXTURE_PART + 77);
    struct vault_sealed_created c = create_upload(1, whole.len);
    uint32_t missing = 0, len = 0;
    assert_int_equal(c.part_size, FIXTURE_PART);
    assert_int_equal(receipt(&c), RECEIPT_UPLOADING);
    assert_int_equal(complete(&c, &missing), VERDICT_INCOMPLETE);
    assert_int_equal(missing, 3);
    assert_int_equal(vault_sealed_part_len(v, c.id, c.owner_token, 2, &len), 1);
    assert_int_equal(len, 77);
    assert_int_equal(vault_sealed_part_len(v, c.id, c.owner_token, 3, &len), 0);
    assert_int_equal(put(&c, &whole, 2), VERDICT_OK);
    assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
    assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
    assert_false(info(c.id));
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_UPLOADING);
    assert_int_equal(complete(&c, &missing), VERDICT_INCOMPLETE);
    assert_int_equal(missing, 1);
    assert_int_equal(put(&c, &whole, 1), VERDICT_OK);
    assert_int_equal(complete(&c, &missing), VERDICT_OK);
    assert_int_equal(complete(&c, &missing), VERDICT_OK);
    assert_int_equal(put(&c, &whole, 1), VERDICT_CONFLICT);
    assert_int_equal(stored_bytes(), whole.len);
    assert_int_equal(fetch(c.id, 1, 0, &whole), VERDICT_ABSENT);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_OK);
    for (uint32_t k = 0; k < 3; k++)
        assert_int_equal(fetch(c.id, 1, k, &whole), VERDICT_OK);
    assert_int_equal(fetch(c.id, 1, 3, &whole), VERDICT_ABSENT);
    assert_int_equal(fetch(c.id, 2, 0, &whole), VERDICT_ABSENT);
    assert_int_equal(confirm(c.id, 1), VERDICT_OK);
    assert_int_equal(stored_bytes(), 0); /* at once, not when the sweeper comes */
    assert_int_equal(fetch(c.id, 1, 0, &whole), VERDICT_ABSENT);
    assert_int_equal(confirm(c.id, 1), VERDICT_OK);
    assert_int_equal(v->erased, 1);
    buf_free(&whole);
}

static void
count_wake(void *ctx) {
    ++*(int *)ctx;
}

/* An upload of two parts, complete and opened with lease 1. */
static struct vault_sealed_created
upload_and_open(const struct buf *whole) {
    struct vault_sealed_created c = create_upload(1, whole->len);
    uint32_t missing;
    assert_int_equal(put(&c, whole, 0), VERDICT_OK);
    assert_int_equal(put(&c, whole, 1), VERDICT_OK);
    assert_int_equal(complete(&c, &missing), VERDICT_OK);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_OK);
    return c;
}

/* From the confirm on nobody can read what is still on the disk, and the erase outlives a crash. */
static void
test_a_confirm_does_not_wait_for_the_erase(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500);
    struct vault_sweep_result swept;
    int wakes = 0;
    v->wake_sweep = count_wake;
    v->wake_ctx = &wakes;
    struct vault_sealed_created c = upload_and_open(&whole);
    assert_int_equal(wakes, 0);
    assert_int_equal(confirm(c.id, 1), VERDICT_OK);
    assert_int_equal(wakes, 1);

    assert_int_equal(stored_bytes(), whole.len);
    assert_int_equal(v->erased, 0);
    assert_int_equal(fetch(c.id, 1, 0, &whole), VERDICT_ABSENT);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_LEASE_ENDED);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 2, NULL), VERDICT_ABSENT);
    assert_false(info(c.id));
    assert_int_equal(receipt(&c), RECEIPT_USED_UP);
    assert_int_equal(vault_tidy(v), 0); /* what a start does: a record still names the parts */
    assert_int_equal(stored_bytes(), whole.len);

    assert_int_equal(vault_sweep_due(v, 100, &swept), 0);
    assert_int_equal(swept.erased, 1);
    assert_int_equal(stored_bytes(), 0);
    assert_int_equal(v->erased, 1);
    wakes = 0;
    assert_int_equal(confirm(c.id, 1), VERDICT_OK);
    assert_int_equal(wakes, 0);

    /* Who burns a secret has asked for the erase. */
    c = upload_and_open(&whole);
    assert_int_equal(burn(c.id, c.owner_token), VERDICT_OK);
    assert_int_equal(stored_bytes(), 0);
    assert_int_equal(wakes, 0);
    buf_free(&whole);
}

static void
test_parts_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500), part = BUF_INIT(FIXTURE_PART + 1);
    struct vault_sealed_created c = create_upload(1, whole.len);
    enum verdict verdict;
    assert_int_equal(buf_add(&part, whole.data + FIXTURE_PART, 499), 0);
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 1, &part, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_CONFLICT);
    assert_int_equal(stored_bytes(), 0);
    assert_int_equal(buf_add(&part, whole.data, 1), 0);
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 1, &part, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_OK);
    assert_int_equal(put(&c, &whole, 1), VERDICT_CONFLICT); /* other bytes are stored */
    assert_int_equal(vault_sealed_put_part(v, c.id, c.owner_token, 2, &part, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    assert_int_equal(vault_sealed_put_part(v, c.id, "foreign", 0, &part, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    assert_int_equal(stored_bytes(), 500);
    buf_free(&whole);
    buf_free(&part);
}

/* A secret that is burnt just before its part is read from a store that does not report absence. */
static const struct vault_sealed_created *burning;
static int get_result;

static int
burn_then_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    (void)b, (void)name, (void)k, (void)out;
    if (burning != NULL) assert_int_equal(burn(burning->id, burning->owner_token), VERDICT_OK);
    return get_result;
}

static void
test_a_part_that_was_burnt_meanwhile_is_absent(void **state) {
    (void)state;
    struct blobs_ops ops = *v->blobs->ops;
    const struct blobs_ops *own = v->blobs->ops;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500), part = BUF_INIT(FIXTURE_PART);
    char token[TOKEN_LEN + 1];
    enum verdict verdict;
    uint32_t missing = 0;
    ops.get = burn_then_get;
    for (int i = 0; i < 4; i++) {
        struct vault_sealed_created c = create_upload(1, whole.len);
        assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
        assert_int_equal(put(&c, &whole, 1), VERDICT_OK);
        assert_int_equal(complete(&c, &missing), VERDICT_OK);
        assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_OK);
        burning = i < 2 ? &c : NULL;
        get_result = i % 2 == 0 ? 0 : ERR_STORE;
        v->blobs->ops = &ops;
        int got = vault_sealed_get_part(v, c.id, fixture_token(1, token), 0,
                                        &(struct vault_sealed_fetch){.out = &part}, &verdict);
        v->blobs->ops = own;
        assert_int_equal(got, burning != NULL ? 1 : ERR_STORE);
        if (burning != NULL) assert_int_equal(verdict, VERDICT_ABSENT);
        assert_int_equal(part.len, 0);
    }
    buf_free(&whole);
    buf_free(&part);
}

static void
test_complete_compares_the_header(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500);
    struct vault_sealed_created c = create_upload(1, whole.len);
    uint32_t missing = 0;
    whole.data[31] ^= 1;
    assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
    assert_int_equal(put(&c, &whole, 1), VERDICT_OK);
    assert_int_equal(complete(&c, &missing), VERDICT_CONFLICT);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_UPLOADING);
    buf_free(&whole);
}

static void
test_a_part_too_late_leaves_nothing(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500);
    struct vault_sealed_created c = create_upload(1, whole.len);
    struct vault_sweep_result swept;
    assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
    fixture.now += POLICY_UPLOAD_IDLE;
    assert_int_equal(put(&c, &whole, 1), VERDICT_ABSENT);
    assert_int_equal(receipt(&c), RECEIPT_EXPIRED);
    assert_int_equal(vault_sweep(v, 1000, &swept), 0);
    assert_int_equal(swept.erased, 1);
    assert_int_equal(stored_bytes(), 0);
    buf_free(&whole);
}

static void
test_burn_ends_an_upload(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500);
    struct vault_sealed_created c = create_upload(1, whole.len);
    assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
    assert_int_equal(burn(c.id, c.owner_token), VERDICT_OK);
    assert_int_equal(stored_bytes(), 0);
    assert_int_equal(put(&c, &whole, 1), VERDICT_ABSENT);
    buf_free(&whole);
}

static void
test_sweep_erases_and_forgets(void **state) {
    (void)state;
    enum { COUNT = 600 };
    static struct vault_sealed_created all[COUNT];
    struct vault_sweep_result swept;
    for (int i = 0; i < COUNT; i++)
        all[i] = create(1, 0);
    assert_int_equal(open_with(all[0].id, 1, 1), VERDICT_OK);
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(swept.records, 0);
    fixture.now = T0 + POLICY_LEASE_IDLE_INLINE;
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(swept.erased, 1);
    assert_int_equal(receipt(&all[0]), RECEIPT_USED_UP);
    fixture.now = T0 + 86400;
    assert_int_equal(vault_sweep(v, 100, &swept), 0);
    assert_int_equal(swept.records, 100);
    assert_true(swept.more);
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_false(swept.more);
    assert_int_equal(swept.erased, COUNT - 101);
    assert_int_equal(stored_bytes(), 0);
    assert_int_equal(receipt(&all[1]), RECEIPT_EXPIRED);
    fixture.now += POLICY_RECEIPT_LIFE - 1;
    assert_int_equal(receipt(&all[1]), RECEIPT_EXPIRED);
    fixture.now++;
    assert_int_equal(receipt(&all[1]), -1);
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(swept.records, COUNT);
    assert_int_equal(vault_sweep(v, 10000, &swept), 0);
    assert_int_equal(swept.records, 0);
}

static void
test_quota_refuses_and_frees(void **state) {
    (void)state;
    struct vault_sealed_new in = fixture_new(1, 0, envelope.len, &envelope);
    struct vault_sealed_created out, first = {0};
    const struct vault_charge one = vault_sealed_charge(&in);
    v->limits.quota = 3 * one.bytes[VAULT_RECORDS] + 2000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vault_sealed_create(v, &in, &out), 1);
        if (i == 0) first = out;
    }
    assert_int_equal(vault_sealed_create(v, &in, &out), ERR_FULL);
    assert_string_equal(out.id, "");
    assert_int_equal(vault_has_room(v, VAULT_BLOBS, 2000), 0);
    assert_int_equal(vault_has_room(v, VAULT_BLOBS, 2001), ERR_FULL);
    assert_int_equal(open_with(first.id, 1, 1), VERDICT_OK); /* opening still works */
    assert_int_equal(confirm(first.id, 1), VERDICT_OK);
    assert_int_equal(vault_sealed_create(v, &in, &out),
                     1); /* only a receipt is left of the first */
    struct vault_sealed_new upload = fixture_new(1, 0, 501, NULL);
    assert_int_equal(vault_sealed_create(v, &upload, &out), ERR_FULL);

    /* An upload counts from its beginning; one that can never fit is refused then. */
    uint64_t begun = vault_sealed_charge(&upload).bytes[VAULT_RECORDS];
    v->limits.quota = vault_usage(v) + begun + 500;
    assert_int_equal(vault_sealed_create(v, &upload, &out), ERR_FULL);
    v->limits.quota += 1;
    assert_int_equal(vault_sealed_create(v, &upload, &out), 1);
    assert_int_equal(vault_usage(v) + 501, v->limits.quota);
    assert_int_equal(v->quota_held, 0);
}

/* Only what is stored counts for the day: not a part that is sent again, nor what is refused. */
static void
test_a_day_counts_what_is_stored(void **state) {
    (void)state;
    enum { LIMIT = 4 * FIXTURE_PART };
    struct buf whole = fixture_envelope(FIXTURE_PART + 500), other = fixture_envelope(whole.len);
    v->limits.remote[VAULT_RECORDS] = v->limits.remote[VAULT_BLOBS] = true;
    v->limits.daily = daily_new(LIMIT);
    struct vault_sealed_created c = create_upload(1, whole.len), out;
    other.data[40] ^= 1;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
        assert_int_equal(put(&c, &other, 0), VERDICT_CONFLICT);
    }
    uint64_t taken = daily_taken(v->limits.daily, fixture.now);
    assert_int_equal(taken, 1024 + 64 + 3072 + FIXTURE_PART);

    /* An upload that the other store can never hold. */
    v->limits.remote[VAULT_BLOBS] = false;
    v->limits.quota = 1000;
    struct vault_sealed_new upload = fixture_new(1, 0, 2000000, NULL);
    for (int i = 0; i < 100; i++)
        assert_int_equal(vault_sealed_create(v, &upload, &out), ERR_FULL);
    assert_int_equal(daily_taken(v->limits.daily, fixture.now), taken);

    daily_free(v->limits.daily);
    v->limits = (struct vault_limits){.part_size = FIXTURE_PART};
    buf_free(&whole);
    buf_free(&other);
}

static void
test_a_clock_set_back_brings_nothing_to_life(void **state) {
    (void)state;
    struct vault_sealed_created c = create(2, 0);
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_OK);
    fixture.now = T0 + 86400;
    assert_false(info(c.id));
    fixture.now = T0;
    assert_false(info(c.id));
    assert_int_equal(open_with(c.id, 1, 1), VERDICT_ABSENT);
    assert_int_equal(open_with(c.id, 1, 2), VERDICT_ABSENT);
}

static void
test_tidy_removes_orphans_alone(void **state) {
    (void)state;
    struct buf whole = fixture_envelope(FIXTURE_PART + 500);
    struct vault_sealed_created c = create_upload(1, whole.len);
    struct blobs *b = v->blobs;
    assert_int_equal(put(&c, &whole, 0), VERDICT_OK);
    assert_int_equal(b->ops->put(b, "Orphan0000000000000000", 0, "x", 1), 1);
    v->creating = 1; /* it may belong to a running create */
    assert_int_equal(vault_tidy(v), 0);
    assert_int_equal(b->ops->usage(b), FIXTURE_PART + 1);
    v->creating = 0;
    struct vault_sweep_result swept;
    assert_int_equal(vault_sweep(v, 100, &swept), 0); /* a later sweep tidies it */
    assert_int_equal(b->ops->usage(b), FIXTURE_PART);
    buf_free(&whole);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_a_secret_lives_and_ends),
        CASE(test_open_tells_what_is_left),
        CASE(test_what_cannot_be_delivered_counts_nothing),
        CASE(test_foreign_tokens_and_ids_are_absent),
        CASE(test_burn_by_owner_and_by_opener),
        CASE(test_parts_come_and_are_fetched),
        CASE(test_a_part_that_no_pipe_holds_is_copied),
        CASE(test_a_confirm_does_not_wait_for_the_erase),
        CASE(test_parts_that_do_not_fit_are_refused),
        CASE(test_a_part_that_was_burnt_meanwhile_is_absent),
        CASE(test_complete_compares_the_header),
        CASE(test_a_part_too_late_leaves_nothing),
        CASE(test_burn_ends_an_upload),
        CASE(test_sweep_erases_and_forgets),
        CASE(test_quota_refuses_and_frees),
        CASE(test_a_day_counts_what_is_stored),
        CASE(test_a_clock_set_back_brings_nothing_to_life),
        CASE(test_tidy_removes_orphans_alone),
    };
    return cmocka_run_group_tests_name("sealed secrets", tests, NULL, NULL);
}
