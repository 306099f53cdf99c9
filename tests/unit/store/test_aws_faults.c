/* SPDX-License-Identifier: MIT */
/*
 * The stores in AWS under faults (tests/system/support/aws/fault-proxy.mjs): whatever is refused,
 * lost, cut or done late, no more than N views are ever delivered, and exactly N once the faults
 * clear; parts come whole or not at all; and what is left behind in the end is of the kinds that
 * may be (tests/system/support/aws/leftovers.mjs).  With conditions that always hold, the same test
 * must fail.
 *
 * FAULT_SCHEDULES says how many schedules, FAULT_SEED the first one's seed.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws_faults.h"
#include "base/err.h"
#include "env_number.h"
#include "store_samples.h"

enum { OPENERS_MAX = 8, PARTS = 3, PART_LEN = 3000 };

static struct aws_faults faults;
static struct store *store;
static struct blobs *blobs;

static int
open_stores(void **state) {
    (void)state;
    if (aws_faults_start(&faults) != 0) return -1;
    store = faults.store;
    blobs = faults.blobs;
    return 0;
}

static int
close_stores(void **state) {
    (void)state;
    aws_faults_stop(&faults);
    return 0;
}

/* One opener: what it asks, and whether it was given a view. */
struct opener {
    const struct store_ref *ref;
    struct change change;
    int result;
    bool delivered;
};

static void
open_once(struct opener *o) {
    struct record r;
    struct effect effect;
    struct buf content = BUF_INIT(4096);
    o->result = store->ops->load(store, o->ref, &r, &content);
    bool readable = o->result == 1 && r.content == CONTENT_INLINE && content.len == r.size;
    record_clear(&r);
    buf_free(&content);
    if (!readable) return;
    o->result = store->ops->change(store, o->ref, &o->change, &effect, NULL);
    if (o->result == 1 && (effect.verdict == VERDICT_OK || effect.verdict == VERDICT_REPEAT))
        o->delivered = true;
}

static void *
opener(void *arg) {
    open_once(arg);
    return NULL;
}

static struct change
new_open(bool sealed, unsigned seed, unsigned n) {
    struct change c = {.kind = sealed ? CHANGE_OPEN : CHANGE_CLAIM_CLASSIC, .now = SAMPLE_T0};
    sample_hash(seed * 100 + n, c.hash);
    sample_hash(SAMPLE_PROOF, c.proof);
    memcpy(c.mark, c.hash, sizeof(c.mark));
    return c;
}

/* A secret, once a create under faults succeeds.  As the vault does, a try that fails is
 * given up. */
static struct store_ref
create_under_faults(const struct record *r, unsigned seed) {
    struct store_ref ref = {0};
    struct buf content = sample_content(r->size), wrap = sample_content(r->wrap_len);
    int created = 0;
    for (unsigned n = 0; n < 50 && created != 1; n++) {
        char id[TOKEN_SEALED_ID_LEN + 1];
        (void)snprintf(id, sizeof(id), "%06u%04ux%0*u", seed % 1000000, n,
                       r->kind == RECORD_SEALED ? 11 : 5, 0);
        store->ops->ref(store, id, &ref);
        created = store->ops->create(store, &ref, r, &content, r->wrap_len > 0 ? &wrap : NULL);
    }
    assert_int_equal(created, 1);
    buf_free(&content);
    buf_free(&wrap);
    return ref;
}

/* Start all openers at once.  Returns how many got a view. */
static int
race(struct opener *openers, int count) {
    pthread_t threads[OPENERS_MAX];
    int delivered = 0;
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, opener, &openers[i]), 0);
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        delivered += openers[i].delivered;
    }
    return delivered;
}

/*
 * The faults are over: whoever was left without a true answer asks again, then new openers come.
 * Returns how many got a view in all.
 */
static int
finish(struct opener *openers, int count, bool sealed, unsigned seed, const struct store_ref *ref) {
    int delivered = 0;
    for (int i = 0; i < count; i++) {
        struct effect effect;
        struct opener *o = &openers[i];
        if (!o->delivered && o->result < 0) {
            /* Content was read before, or nothing was claimed: only the change decides. */
            o->result = store->ops->change(store, ref, &o->change, &effect, NULL);
            assert_true(o->result >= 0);
            o->delivered = o->result == 1 &&
                           (effect.verdict == VERDICT_OK || effect.verdict == VERDICT_REPEAT);
        }
        delivered += o->delivered;
    }
    for (unsigned n = 0, missed = 0; n < 12 && missed < 2; n++) {
        struct opener late = {.ref = ref, .change = new_open(sealed, seed, 50 + n)};
        open_once(&late);
        assert_true(late.result >= 0);
        delivered += late.delivered;
        missed += !late.delivered;
    }
    return delivered;
}

/* Every view that was delivered is in the record. */
static void
check_books(const struct store_ref *ref, const struct opener *openers, int count) {
    struct record r;
    assert_int_equal(store->ops->load(store, ref, &r, NULL), 1);
    assert_int_equal(r.views_left, 0);
    assert_int_equal(r.lease_count, r.views);
    for (int i = 0; i < count; i++)
        if (openers[i].delivered) assert_non_null(record_find_lease(&r, openers[i].change.hash));
    record_clear(&r);
}

/* Burn ${ref} while faults continue.  Once they have cleared it is burnt, whatever the responses
 * were. */
static void
burn_under_faults(const struct store_ref *ref, unsigned seed, double rate) {
    struct change c = {.kind = CHANGE_BURN, .now = SAMPLE_T0};
    struct effect effect;
    sample_hash(SAMPLE_OWNER, c.hash);
    aws_faults_begin(&faults, seed, rate);
    (void)!store->ops->change(store, ref, &c, &effect, NULL);
    aws_faults_clear(&faults);
    assert_int_equal(store->ops->change(store, ref, &c, &effect, NULL), 1);
    assert_int_equal(effect.verdict, VERDICT_OK);
    struct record r = sample_load(store, ref);
    assert_int_equal(r.phase, PHASE_BURNT);
    assert_int_equal(r.content, CONTENT_NONE);
    record_clear(&r);
}

/* One schedule.  Returns how many views too many (or too few, negative) were delivered. */
static int
run_schedule(unsigned seed, double rate, int views, int count) {
    struct opener openers[OPENERS_MAX] = {0};
    bool sealed = seed % 2 == 0;
    aws_faults_begin(&faults, seed, rate);
    struct record r = sealed ? sample_sealed(views, 0, 304) : sample_text(views, 304);
    if (sealed && seed % 4 == 0) r.wrap_len = 300;
    struct store_ref ref = create_under_faults(&r, seed);
    for (int i = 0; i < count; i++) {
        openers[i].ref = &ref;
        openers[i].change = new_open(sealed, seed, (unsigned)i);
    }
    int delivered = race(openers, count);
    if (delivered > views) return delivered - views;
    aws_faults_clear(&faults);
    delivered = finish(openers, count, sealed, seed, &ref);
    if (sealed && delivered == views) check_books(&ref, openers, count);
    if (seed % 8 == 4 && delivered == views) burn_under_faults(&ref, seed, rate);
    return delivered - views;
}

static void
put_parts(const char *name, uint8_t parts[PARTS][PART_LEN], bool stored[PARTS], bool last) {
    for (uint32_t k = 0; k < PARTS; k++) {
        int put = blobs->ops->put(blobs, name, k, parts[k], PART_LEN);
        assert_int_not_equal(put, ERR_CONFLICT);
        if (put >= 0) stored[k] = true;
        if (last) assert_true(put >= 0);
    }
}

/* Parts put, fetched and erased under faults: whole or not at all, and never absent once stored. */
static void
run_parts(unsigned seed, double rate) {
    static uint8_t parts[PARTS][PART_LEN];
    bool stored[PARTS] = {false};
    char name[TOKEN_BLOB_LEN + 1];
    struct buf got = BUF_INIT(PART_LEN);
    (void)snprintf(name, sizeof(name), "Piece%017u", seed);
    if (seed % 3 == 0) (void)snprintf(name, sizeof(name), "Piece%011u.enc", seed);
    for (size_t i = 0; i < sizeof(parts); i++)
        parts[i / PART_LEN][i % PART_LEN] = (uint8_t)(i * seed + (seed % 3 == 0 ? 0 : i / 251));
    bool classic = seed % 3 == 0;
    if (classic)
        for (int k = 1; k < PARTS; k++)
            memcpy(parts[k], parts[0], PART_LEN); /* a classic file is one object */
    aws_faults_begin(&faults, seed, rate);
    put_parts(name, parts, stored, false);
    for (uint32_t k = 0; k < PARTS; k++) {
        int found = blobs->ops->get(blobs, name, k, &got);
        if (found == 1) assert_true(buf_equals(&got, parts[k], PART_LEN));
        if (stored[k]) assert_int_not_equal(found, 0);
        buf_reset(&got);
    }
    int erased = blobs->ops->erase(blobs, name, 0, PARTS);
    aws_faults_clear(&faults);
    if (erased != 0) assert_int_equal(blobs->ops->erase(blobs, name, 0, PARTS), 0);
    bool nothing[PARTS] = {false};
    put_parts(name, parts, nothing, true);
    for (uint32_t k = 0; k < PARTS; k++) {
        assert_int_equal(blobs->ops->get(blobs, name, k, &got), 1);
        assert_true(buf_equals(&got, parts[k], PART_LEN));
        buf_reset(&got);
    }
    buf_free(&got);
}

/* Sanitizers make all of it several times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCHEDULES 60
#else
#define SCHEDULES 1000
#endif

static void
never_more_than_n_and_exactly_n_in_the_end(void **state) {
    unsigned count = (unsigned)env_number("FAULT_SCHEDULES", 1, 10000000, SCHEDULES),
             first = (unsigned)env_number("FAULT_SEED", 1, 10000000, 1);
    (void)state;
    print_message("  %u schedules from seed %u on\n", count, first);
    for (unsigned seed = first; seed < first + count; seed++) {
        int views = 1 + (int)(seed / 2 % 3);
        double rate = 0.1 + 0.1 * (seed % 5);
        if (seed % 4 == 3) run_parts(seed, rate);
        else if (run_schedule(seed, rate, views, views + 2) != 0)
            fail_msg("seed %u: not exactly %d views", seed, views);
        aws_faults_check_leftovers(&faults, seed);
        unsigned done = seed - first + 1;
        if (done % 1000 == 0 || done == count) {
            print_message("  %u were exact\n", done);
            (void)fflush(stdout);
        }
    }
}

/* A secret with one view, created without faults; or, with ${requests} >= 0, by a create that is
 * cut off. */
static struct store_ref
one_view(bool sealed, unsigned seed, int requests) {
    struct record r = sealed ? sample_sealed(1, 0, 304) : sample_text(1, 304);
    struct buf content = sample_content(304), wrap = sample_content(300);
    struct store_ref ref = {0};
    if (sealed) r.wrap_len = 300;
    char id[TOKEN_SEALED_ID_LEN + 1];
    (void)snprintf(id, sizeof(id), "%0*u", sealed ? TOKEN_SEALED_ID_LEN : TOKEN_CLASSIC_ID_LEN,
                   seed);
    store->ops->ref(store, id, &ref);
    if (requests >= 0) aws_faults_die_after(&faults, requests);
    int created = store->ops->create(store, &ref, &r, &content, sealed ? &wrap : NULL);
    if (requests < 0) assert_int_equal(created, 1);
    aws_faults_clear(&faults);
    buf_free(&content);
    buf_free(&wrap);
    return ref;
}

/* A create, claim, open or burn that ends after any of its requests leaves a valid state. */
static void
death_at_any_request_leaves_what_may_be_left(void **state) {
    (void)state;
    for (unsigned i = 0; i < 5 * 4; i++) {
        int requests = (int)(i % 4);
        bool sealed = i / 4 != 1 && i / 4 != 3;
        if (i / 4 < 2) {
            (void)one_view(sealed, i, requests);
        } else {
            struct store_ref ref = one_view(sealed, i, -1);
            struct change c = new_open(sealed, 1, i);
            struct effect effect;
            if (i / 4 == 4) c.kind = CHANGE_BURN, sample_hash(SAMPLE_OWNER, c.hash);
            aws_faults_die_after(&faults, requests);
            (void)!store->ops->change(store, &ref, &c, &effect, NULL);
            aws_faults_clear(&faults);
        }
        aws_faults_check_leftovers(&faults, i);
    }
}

/* The control: the test detects a store without conditions. */
static void
without_conditions_it_fails(void **state) {
    int too_many = 0, rounds = 0;
    (void)state;
    aws_faults_unconditional(&faults, true);
    for (; rounds < 100 && too_many <= 0; rounds++)
        too_many = run_schedule(900000 + (unsigned)rounds, 0, 1, OPENERS_MAX);
    aws_faults_unconditional(&faults, false);
    print_message("  found out in round %d\n", rounds);
    assert_true(too_many > 0);
}

/* The wrap of a secret whose content is in S3 lies in the table, and goes when the secret ends. */
static void
an_end_leaves_no_wrap(void **state) {
    static const enum change_kind ends[] = {CHANGE_BURN, CHANGE_CONFIRM, CHANGE_REMOVE};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        for (int in_parts = 0; in_parts < 2; in_parts++) {
            struct record r = in_parts ? sample_upload(1, 1) : sample_sealed(1, 0, 304);
            r.phase = PHASE_OPEN;
            r.wrap_len = 300;
            struct store_ref ref = sample_create(store, &r);
            unsigned hash = ends[i] == CHANGE_BURN ? SAMPLE_OWNER : 1;
            if (ends[i] == CHANGE_CONFIRM)
                assert_int_equal(
                    sample_change(store, &ref, CHANGE_OPEN, SAMPLE_T0, hash, SAMPLE_PROOF),
                    VERDICT_OK);
            assert_int_equal(sample_change(store, &ref, ends[i], SAMPLE_T0, hash, 0), VERDICT_OK);

            /* One item: the receipt, or a record whose parts are to be erased. */
            json_t *left = aws_faults_take_leftovers(&faults);
            const char *kind = in_parts ? "content to be erased" : "a receipt";
            assert_int_equal(json_object_size(left), 1);
            assert_int_equal(json_integer_value(json_object_get(left, kind)), 1);
            json_decref(left);
        }
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_more_than_n_and_exactly_n_in_the_end),
        cmocka_unit_test(death_at_any_request_leaves_what_may_be_left),
        cmocka_unit_test(an_end_leaves_no_wrap),
        cmocka_unit_test(without_conditions_it_fails),
    };
    return cmocka_run_group_tests(tests, open_stores, close_stores);
}
