/* SPDX-License-Identifier: MIT */
/*
 * What the operator does: take down and count.  The races run over each pair of stores: in memory,
 * SQLite and a directory, DynamoDB and S3 (stand-ins).
 */
#include "vault/operate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws_standins.h"
#include "base/err.h"
#include "crowd.h"
#include "env_number.h"
#include "memory_blobs.h"
#include "memory_store.h"
#include "scratch.h"
#include "store/blobs/directory.h"
#include "store/dynamodb/store.h"
#include "store/s3/blobs.h"
#include "store/sqlite/store.h"
#include "store_wrap.h"
#include "vault_fixture.h"

enum { RACERS = 8, PARTS = 3 };

static struct vault_fixture fixture;
static struct vault *const v = &fixture.vault;
static struct aws_standins *standins;
static char dir[SCRATCH_PATH_MAX], table[64], bucket[64];
static uint64_t receipts; /* what the records of sealed secrets count for without content */

static int
setup_memory(void **state) {
    (void)state;
    receipts = 0;
    fixture_open(&fixture);
    return 0;
}

static int
setup_local(void **state) {
    char parts[SCRATCH_PATH_MAX + 8];
    struct store *store = NULL;
    struct blobs *blobs = NULL;
    const struct sqlite_store_config config = {.dir = dir};
    (void)state;
    receipts = 0;
    scratch_make_fast(dir);
    (void)snprintf(parts, sizeof(parts), "%s/parts", dir);
    if (sqlite_store_open(&config, &store) != 0 || blobs_directory_open(parts, 0, &blobs) != 0)
        return -1;
    fixture_init(&fixture, store, blobs, 1);
    return 0;
}

static int
setup_aws(void **state) {
    struct store *store = NULL;
    struct blobs *blobs = NULL;
    struct buf reason = BUF_INIT(256);
    (void)state;
    receipts = 0;
    if (standins == NULL) standins = aws_standins_start();
    aws_standins_make(standins, "table", table);
    aws_standins_make(standins, "bucket", bucket);
    struct dynamodb_store_config records = {
        .aws = aws_standins_config(standins), .table = table, .bucket = bucket};
    struct s3_blobs_config parts = {.aws = aws_standins_config(standins), .bucket = bucket};
    if (dynamodb_store_open(&records, &store, &reason) != 0 ||
        s3_blobs_open(&parts, &blobs, &reason) != 0)
        return -1;
    fixture_init(&fixture, store, blobs, 1);
    return 0;
}

static int
teardown(void **state) {
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static int
teardown_local(void **state) {
    int failed = teardown(state);
    scratch_remove(dir);
    return failed;
}

static struct vault_sealed_created
create(int views, size_t size, const struct buf *content) {
    struct vault_sealed_new in = fixture_new(views, 0, size, content);
    struct vault_sealed_created out;
    assert_int_equal(vault_sealed_create(v, &in, &out), 1);
    receipts += record_cost(&(struct record){.views = views});
    return out;
}

/* Bytes of content that count in the quota. */
static uint64_t
stored_bytes(void) {
    uint64_t records = v->store->ops->usage(v->store);
    if (records > 0) records -= receipts; /* else it is elsewhere */
    return records + v->blobs->ops->usage(v->blobs);
}

static enum receipt_state
receipt(const struct vault_sealed_created *c) {
    struct record r;
    assert_int_equal(vault_sealed_receipt(v, c->id, c->owner_token, &r), 1);
    enum receipt_state state = policy_receipt_state(&r, vault_now(v));
    record_clear(&r);
    return state;
}

static enum verdict
put_part(const struct vault_sealed_created *c, const struct buf *whole, uint32_t k) {
    struct buf part = BUF_INIT(FIXTURE_PART);
    enum verdict verdict = VERDICT_ABSENT;
    size_t from = (size_t)k * FIXTURE_PART, len = whole->len - from;
    if (len > FIXTURE_PART) len = FIXTURE_PART;
    assert_int_equal(buf_add(&part, whole->data + from, len), 0);
    assert_int_equal(vault_sealed_put_part(v, c->id, c->owner_token, k, &part, NULL, &verdict), 1);
    buf_free(&part);
    return verdict;
}

static void
test_each_kind_is_removed(void **state) {
    struct buf small = fixture_envelope(1000), large = fixture_envelope(2 * FIXTURE_PART + 7);
    struct vault_sealed_created inside = create(3, small.len, &small),
                                parts = create(1, large.len, NULL);
    struct vault_removed done;
    (void)state;
    for (uint32_t k = 0; k < PARTS; k++)
        assert_int_equal(put_part(&parts, &large, k), VERDICT_OK);
    assert_int_equal(fixture_open_secret(&fixture, inside.id, 1, 1, &small), VERDICT_OK);

    const struct vault_sealed_created *both[] = {&inside, &parts};
    for (int i = 0; i < 4; i++) { /* the second time it is so already */
        assert_int_equal(vault_remove(v, both[i % 2]->id, &done), 1);
        assert_true(done.removed && done.erased);
        assert_int_equal(done.state, RECEIPT_REMOVED);
        assert_int_equal(receipt(both[i % 2]), RECEIPT_REMOVED);
    }
    assert_int_equal(fixture_open_secret(&fixture, inside.id, 1, 1, NULL), VERDICT_ABSENT);
    assert_int_equal(fixture_open_secret(&fixture, parts.id, 1, 2, NULL), VERDICT_ABSENT);
    assert_int_equal(stored_bytes(), 0);

    assert_int_equal(vault_remove(v, "nosuchid00000000000000", &done), 0);
    assert_int_equal(vault_remove(v, "nosuchclassic000", &done), 0);
    buf_free(&small);
    buf_free(&large);
}

static void
test_classic_secrets_are_removed(void **state) {
    struct vault_removed done;
    struct fixture_reader reader;
    (void)state;
    for (int file = 0; file < 2; file++) {
        struct vault_classic_new in = {
            .plain = "hello", .len = 5, .file_name = file ? "a" : NULL, .views = 1, .ttl = 3600};
        struct vault_classic_created c;
        assert_int_equal(vault_classic_create(v, fixture_kdf, &in, &c), 1);
        assert_int_equal(vault_remove(v, c.id, &done), 1);
        assert_true(done.removed && done.erased);

        fixture_reader(&reader, 100, 100);
        assert_int_equal(vault_classic_open(v, fixture_kdf, c.id, c.passphrase,
                                            strlen(c.passphrase), &reader.base),
                         0);
        fixture_reader_end(&reader);
    }
    assert_int_equal(stored_bytes(), 0);
}

static void
test_what_has_ended_stays_as_it_ended(void **state) {
    struct buf small = fixture_envelope(1000);
    struct vault_sealed_created c = create(1, small.len, &small);
    struct vault_removed done;
    enum verdict verdict;
    char token[TOKEN_LEN + 1];
    (void)state;
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, &small), VERDICT_OK);
    assert_int_equal(vault_sealed_confirm(v, c.id, fixture_token(1, token), NULL, &verdict), 1);
    assert_int_equal(vault_remove(v, c.id, &done), 1);
    assert_false(done.removed);
    assert_true(done.erased);
    assert_int_equal(done.state, RECEIPT_USED_UP);
    assert_int_equal(receipt(&c), RECEIPT_USED_UP);
    buf_free(&small);
}

/* If the erasing fails, the secret is unreadable all the same, and a sweep erases it. */
static void
test_a_failed_erase_is_told(void **state) {
    struct wrap_plan plan = {0};
    struct vault_removed done;
    struct survey counts;
    (void)state;
    receipts = 0;
    fixture_init(&fixture, store_wrap(memory_store_open(FIXTURE_INLINE_MAX), &plan, BUG_NONE),
                 blobs_wrap(memory_blobs_open(), &plan), 1);
    struct buf large = fixture_envelope(2 * FIXTURE_PART + 7);
    struct vault_sealed_created c = create(1, large.len, NULL);
    assert_int_equal(put_part(&c, &large, 0), VERDICT_OK);

    plan = (struct wrap_plan){.fail_at = 2, .err = ERR_STORE};
    assert_int_equal(vault_remove(v, c.id, &done), 1);
    assert_true(done.removed);
    assert_false(done.erased);
    assert_int_equal(fixture_open_secret(&fixture, c.id, 1, 1, NULL), VERDICT_ABSENT);
    assert_int_equal(receipt(&c), RECEIPT_REMOVED);
    plan = (struct wrap_plan){0};
    struct vault_sweep_result swept;
    assert_int_equal(vault_sweep(v, 100, &swept), 0);
    assert_int_equal(stored_bytes(), 0);

    plan = (struct wrap_plan){.fail_at = 1, .err = ERR_STORE};
    assert_int_equal(vault_remove(v, c.id, &done), ERR_STORE);
    plan = (struct wrap_plan){.fail_at = 1, .err = ERR_STORE};
    assert_int_equal(vault_survey(v, 1000, &counts), ERR_STORE);
    buf_free(&large);
    fixture_close(&fixture);
}

/*
 * Only its record tells that a file of pysecrets' second generation has an object.  As long as the
 * object is there, so is the record, and removing can be repeated.
 */
static void
test_the_object_of_a_second_file_is_not_forgotten(void **state) {
    static const char id[] = "secondfile000000", blob[] = "secondfile000000.enc";
    struct wrap_plan plan = {0};
    struct buf none = BUF_INIT(64), got = BUF_INIT(64);
    struct record r = {.kind = RECORD_CLASSIC_TEXT,
                       .phase = PHASE_OPEN,
                       .content = CONTENT_INLINE,
                       .rev = 1,
                       .created_at = FIXTURE_T0,
                       .expires_at = FIXTURE_T0 + 3600,
                       .views = 1,
                       .views_left = 1,
                       .classic = {.nonce_len = CLASSIC_NONCE2_LEN}};
    struct store *store = store_wrap(memory_store_open(FIXTURE_INLINE_MAX), &plan, BUG_NONE);
    struct vault_removed done;
    struct store_ref ref;
    (void)state;
    store->pysecrets_layout = true;
    fixture_init(&fixture, store, blobs_wrap(memory_blobs_open(), &plan), 1);
    store->ops->ref(store, id, &ref);
    assert_int_equal(store->ops->create(store, &ref, &r, &none, NULL), 1);
    assert_int_equal(v->blobs->ops->put(v->blobs, blob, 0, "sealed", 6), 1);

    /* Each call of a store fails in turn. */
    int kept = 0;
    bool failed = true;
    for (int n = 1; failed; n++) {
        plan = (struct wrap_plan){.fail_at = n, .err = ERR_STORE};
        (void)!vault_remove(v, id, &done);
        failed = plan.hits > 0;
        plan = (struct wrap_plan){0};

        buf_reset(&got);
        if (v->blobs->ops->get(v->blobs, blob, 0, &got) != 1) continue;
        assert_int_equal(store->ops->load(store, &ref, &r, NULL), 1);
        record_clear(&r);
        kept++;
    }
    assert_int_equal(v->blobs->ops->get(v->blobs, blob, 0, &got), 0);
    assert_int_equal(store->ops->load(store, &ref, &r, NULL), 0);
    assert_true(kept > 0);
    buf_free(&none);
    buf_free(&got);
    fixture_close(&fixture);
}

/* One secret, and threads that open it, upload to it, sweep and remove. */
struct race {
    struct vault_sealed_created c;
    const struct buf *content;
    bool upload;
    pthread_barrier_t start;
    atomic_int next;
    atomic_bool removed; /* vault_remove() has returned */
    atomic_int late;     /* what was delivered although it began after that */
};

static void
race_open(struct race *race, unsigned lease) {
    for (int i = 0; i < 4; i++) {
        bool after = atomic_load(&race->removed);
        enum verdict verdict = fixture_open_secret(&fixture, race->c.id, 1, lease, NULL);
        bool got = verdict == VERDICT_OK || verdict == VERDICT_REPEAT;
        if (after && got) atomic_fetch_add(&race->late, 1);
        if (!got || !race->upload) continue;

        struct buf part = BUF_INIT(FIXTURE_PART);
        const struct vault_sealed_fetch to = {.out = &part};
        char token[TOKEN_LEN + 1];
        after = atomic_load(&race->removed);
        int result =
            vault_sealed_get_part(v, race->c.id, fixture_token(lease, token), 0, &to, &verdict);
        if (after && result == 1 && verdict == VERDICT_OK) atomic_fetch_add(&race->late, 1);
        buf_free(&part);
    }
}

static void
race_upload(struct race *race, uint32_t k) {
    enum verdict verdict;
    uint32_t missing;
    if (!race->upload) return;
    (void)put_part(&race->c, race->content, k);
    (void)!vault_sealed_complete(v, race->c.id, race->c.owner_token, NULL, NULL, &verdict,
                                 &missing);
}

static void *
race_one(void *arg) {
    struct race *race = arg;
    struct vault_removed done;
    struct vault_sweep_result swept;
    int me = atomic_fetch_add(&race->next, 1);
    (void)pthread_barrier_wait(&race->start);

    if (me < PARTS) race_upload(race, (uint32_t)me);
    if (me == PARTS) (void)!vault_sweep(v, 100, &swept);
    if (me == PARTS + 1) {
        if (vault_remove(v, race->c.id, &done) == 1 && done.removed)
            atomic_store(&race->removed, true);
    } else race_open(race, (unsigned)me);
    return NULL;
}

static void
start_race(struct race *race) {
    pthread_barrier_init(&race->start, NULL, RACERS);
    crowd_run(RACERS, race_one, race, &race->start);
    pthread_barrier_destroy(&race->start);
}

static void
run_race(bool upload, const struct buf *content) {
    struct vault_sweep_result swept;
    struct race race = {.upload = upload,
                        .content = content,
                        .c = create(20, content->len, upload ? NULL : content)};
    start_race(&race);

    assert_true(atomic_load(&race.removed));
    assert_int_equal(race.late, 0);
    assert_int_equal(receipt(&race.c), RECEIPT_REMOVED);
    assert_int_equal(fixture_open_secret(&fixture, race.c.id, 1, 0, NULL), VERDICT_ABSENT);

    /* A part that arrived at the same time is an orphan, which the next sweep erases. */
    assert_int_equal(vault_sweep(v, 100, &swept), 0);
    assert_int_equal(stored_bytes(), 0);
}

/* The control: a store that says yes and removes nothing. */
static void
test_the_race_sees_what_is_not_removed(void **state) {
    struct buf small = fixture_envelope(1000);
    int late = 0;
    (void)state;
    fixture_init(&fixture,
                 store_wrap(memory_store_open(FIXTURE_INLINE_MAX), NULL, BUG_REMOVE_FORGOTTEN),
                 memory_blobs_open(), 1);
    for (int i = 0; i < 100 && late == 0; i++) {
        struct race race = {.content = &small, .c = create(20, small.len, &small)};
        start_race(&race);
        late = race.late;
    }
    assert_true(late > 0);
    buf_free(&small);
    fixture_close(&fixture);
}

static void
race_rounds(int rounds) {
    struct buf small = fixture_envelope(1000), large = fixture_envelope(2 * FIXTURE_PART + 7);
    for (int i = 0; i < rounds; i++) {
        run_race(false, &small);
        run_race(true, &large);
    }
    buf_free(&small);
    buf_free(&large);
}

static void
test_nobody_gets_what_was_removed(void **state) {
    (void)state;
    race_rounds(100);
}

/* REMOVE_RACES is how many rounds. */
static void
test_nobody_gets_what_was_removed_in_aws(void **state) {
    (void)state;
    race_rounds(env_number("REMOVE_RACES", 1, 10000000, 1));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
#define CASE(name, where) cmocka_unit_test_setup_teardown(name, setup_##where, teardown)
#define CASE_LOCAL(name)  cmocka_unit_test_setup_teardown(name, setup_local, teardown_local)
        CASE(test_each_kind_is_removed, memory),
        CASE_LOCAL(test_each_kind_is_removed),
        CASE(test_each_kind_is_removed, aws),
        CASE(test_classic_secrets_are_removed, memory),
        CASE_LOCAL(test_classic_secrets_are_removed),
        CASE(test_classic_secrets_are_removed, aws),
        CASE(test_what_has_ended_stays_as_it_ended, memory),
        cmocka_unit_test(test_a_failed_erase_is_told),
        cmocka_unit_test(test_the_object_of_a_second_file_is_not_forgotten),
        cmocka_unit_test(test_the_race_sees_what_is_not_removed),
        CASE(test_nobody_gets_what_was_removed, memory),
        CASE_LOCAL(test_nobody_gets_what_was_removed),
        CASE(test_nobody_gets_what_was_removed_in_aws, aws),
    };
    int failed = cmocka_run_group_tests_name("operate", tests, fixture_start_kdf, fixture_stop_kdf);
    if (standins != NULL) aws_standins_stop(standins);
    return failed;
}
