/* SPDX-License-Identifier: MIT */
#include "vault/classic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "crowd.h"
#include "memory_store.h"
#include "vault_fixture.h"

enum { ANSWER_MAX = 1 << 20, RACERS = 16 };

static struct vault_fixture fixture;
static struct vault *const v = &fixture.vault;

static int
setup(void **state) {
    (void)state;
    fixture_open(&fixture);
    return 0;
}

static int
teardown(void **state) {
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static struct vault_classic_created
create(const char *plain, size_t len, const char *file_name, int views) {
    struct vault_classic_new in = {
        .plain = plain, .len = len, .file_name = file_name, .views = views, .ttl = 3600};
    struct vault_classic_created out;
    assert_int_equal(vault_classic_create(v, fixture_kdf, &in, &out), 1);
    assert_int_equal(strlen(out.id), TOKEN_CLASSIC_ID_LEN);
    assert_int_equal(strlen(out.passphrase), TOKEN_PASSPHRASE_LEN);
    return out;
}

/* Open.  If it returns 1, the plaintext must be ${want}. */
static int
open_up_to(const struct vault_classic_created *c, const char *passphrase, size_t text_max,
           size_t file_max, const void *want, size_t len) {
    struct fixture_reader reader;
    fixture_reader(&reader, text_max, file_max);
    int result =
        vault_classic_open(v, fixture_kdf, c->id, passphrase, strlen(passphrase), &reader.base);
    if (result == 1) assert_true(buf_equals(&reader.got.plain, want, len));
    fixture_reader_end(&reader);
    return result;
}

static int
open_right(const struct vault_classic_created *c, const void *want, size_t len) {
    return open_up_to(c, c->passphrase, ANSWER_MAX, ANSWER_MAX, want, len);
}

static uint64_t
stored_bytes(void) {
    return memory_store_content(v->store) + v->blobs->ops->usage(v->blobs);
}

static void
test_a_text_opens_as_often_as_it_may(void **state) {
    (void)state;
    struct vault_classic_created c = create("hello", 5, NULL, 2);
    assert_int_equal(stored_bytes(), 5);
    assert_int_equal(open_right(&c, "hello", 5), 1);
    assert_int_equal(open_right(&c, "hello", 5), 1);
    assert_int_equal(open_right(&c, "hello", 5), 0);
    assert_int_equal(stored_bytes(), 0);
    assert_int_equal(v->views_claimed, 2);
    assert_int_equal(v->erased, 1);
}

static void
test_an_empty_text_opens(void **state) {
    (void)state;
    struct vault_classic_created c = create("", 0, NULL, 1);
    assert_int_equal(open_right(&c, "", 0), 1);
    assert_int_equal(open_right(&c, "", 0), 0);
}

static void
test_a_wrong_passphrase_counts_nothing(void **state) {
    (void)state;
    struct vault_classic_created c = create("hello", 5, NULL, 1), unknown = c;
    assert_int_equal(open_up_to(&c, "wrong", ANSWER_MAX, ANSWER_MAX, "", 0), 0);
    assert_int_equal(open_up_to(&c, "", ANSWER_MAX, ANSWER_MAX, "", 0), 0);
    memcpy(unknown.id, "0123456789abcdef", sizeof(unknown.id));
    assert_int_equal(open_right(&unknown, "", 0), 0);
    assert_int_equal(open_right(&c, "hello", 5), 1);
}

static void
test_a_large_file_goes_to_the_blobs(void **state) {
    (void)state;
    static char data[FIXTURE_INLINE_MAX + 1];
    struct fixture_reader reader;
    memset(data, 'x', sizeof(data));
    struct vault_classic_created c = create(data, sizeof(data), "a b.bin", 1);
    assert_int_equal(v->blobs->ops->usage(v->blobs), sizeof(data));
    fixture_reader(&reader, ANSWER_MAX, ANSWER_MAX);
    assert_int_equal(
        vault_classic_open(v, fixture_kdf, c.id, c.passphrase, TOKEN_PASSPHRASE_LEN, &reader.base),
        1);
    assert_string_equal(reader.got.file_name, "a b.bin");
    assert_true(buf_equals(&reader.got.plain, data, sizeof(data)));
    fixture_reader_end(&reader);
    assert_int_equal(stored_bytes(), 0); /* at once, not when the sweeper comes */
    assert_int_equal(open_right(&c, "", 0), 0);
}

static void
test_a_file_is_named_by_its_id_where_the_store_says_so(void **state) {
    (void)state;
    struct buf got = BUF_INIT(100);
    char name[TOKEN_CLASSIC_ID_LEN + 5];
    v->store->pysecrets_layout = true;
    struct vault_classic_created c = create("tiny", 4, "f", 1);
    (void)snprintf(name, sizeof(name), "%s.enc", c.id);
    assert_int_equal(v->blobs->ops->get(v->blobs, name, 0, &got), 1);
    assert_int_equal(got.len, 4);
    buf_free(&got);
    assert_int_equal(open_right(&c, "tiny", 4), 1);
    assert_int_equal(v->blobs->ops->usage(v->blobs), 0);
}

static void
test_too_large_to_answer_counts_nothing(void **state) {
    (void)state;
    static char data[FIXTURE_INLINE_MAX + 1];
    struct vault_classic_created text = create("hello", 5, NULL, 1);
    struct vault_classic_created file = create("hello", 5, "f", 1);
    struct vault_classic_created blob = create(data, sizeof(data), "f", 1);
    assert_int_equal(open_up_to(&text, text.passphrase, 4, 100, "", 0), ERR_TOO_LARGE);
    assert_int_equal(open_up_to(&file, file.passphrase, 100, 4, "", 0), ERR_TOO_LARGE);
    assert_int_equal(open_up_to(&text, text.passphrase, 4, 4, "", 0), ERR_TOO_LARGE);
    assert_int_equal(open_up_to(&blob, blob.passphrase, 100, 100, "", 0), ERR_TOO_LARGE);
    assert_int_equal(open_up_to(&text, text.passphrase, 5, 0, "hello", 5), 1);
    assert_int_equal(open_up_to(&file, file.passphrase, 0, 5, "hello", 5), 1);
    assert_int_equal(open_right(&blob, data, sizeof(data)), 1);
    /* A used-up secret is absent, even if it was too large. */
    assert_int_equal(open_up_to(&text, text.passphrase, 4, 4, "", 0), 0);
}

static void
test_an_answer_that_cannot_be_made_counts_nothing(void **state) {
    (void)state;
    static const int errors[] = {ERR_NOMEM, ERR_INVALID, ERR_TOO_LARGE};
    struct vault_classic_created c = create("hello", 5, NULL, 1);
    struct fixture_reader reader;
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        fixture_reader(&reader, ANSWER_MAX, ANSWER_MAX);
        reader.refuse = errors[i];
        assert_int_equal(vault_classic_open(v, fixture_kdf, c.id, c.passphrase,
                                            TOKEN_PASSPHRASE_LEN, &reader.base),
                         errors[i]);
        assert_int_equal(reader.calls, 1);
        assert_int_equal(v->views_claimed, 0);
    }
    /* A wrong passphrase prepares no response. */
    fixture_reader(&reader, ANSWER_MAX, ANSWER_MAX);
    assert_int_equal(vault_classic_open(v, fixture_kdf, c.id, "wrong", 5, &reader.base), 0);
    assert_int_equal(reader.calls, 0);
    assert_int_equal(open_right(&c, "hello", 5), 1);
}

static void
test_expiry_counts_on_read(void **state) {
    (void)state;
    struct vault_classic_created c = create("hello", 5, NULL, 3);
    struct vault_classic_created large = create("more than twenty-four bytes", 27, NULL, 1);
    struct vault_sweep_result swept;
    struct kdf_pool_stats before, after;
    kdf_pool_stats(fixture_kdf, &before);
    fixture.now += 3599;
    assert_int_equal(open_right(&c, "hello", 5), 1);
    fixture.now++;
    assert_int_equal(open_right(&c, "", 0), 0);
    fixture.now -= 3600;
    assert_int_equal(open_right(&c, "", 0), 0);
    /* It costs a derivation too, and does not reveal that the content was too large. */
    kdf_pool_stats(fixture_kdf, &after);
    assert_int_equal(after.done, before.done + 3);
    assert_int_equal(open_up_to(&large, large.passphrase, 4, 4, "", 0), 0);
    assert_int_equal(stored_bytes(), 5 + 27);
    assert_int_equal(vault_sweep(v, 100, &swept), 0);
    assert_int_equal(swept.records, 2);
    assert_int_equal(stored_bytes(), 0);
}

static uint64_t
derivations(void) {
    struct kdf_pool_stats stats;
    kdf_pool_stats(fixture_kdf, &stats);
    return stats.done;
}

/* One derivation each, so that the time of a response reveals nothing. */
static void
test_absent_and_wrong_take_the_same_work(void **state) {
    (void)state;
    struct vault_classic_created text = create("hello", 5, NULL, 1), unknown = text;
    struct vault_classic_created used = create("hello", 5, NULL, 1);
    assert_int_equal(open_right(&used, "hello", 5), 1);
    memcpy(unknown.id, "0123456789abcdef", sizeof(unknown.id));
    const struct vault_classic_created *const all[] = {&text, &unknown, &used};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        uint64_t before = derivations();
        assert_int_equal(open_up_to(all[i], "wrong", ANSWER_MAX, ANSWER_MAX, "", 0), 0);
        assert_int_equal(derivations(), before + 1);
    }
}

/* Blobs that tell how many derivations were done before the last read. */
static uint64_t done_at_read;
static const struct blobs_ops *real_blobs;

static int
get_observed(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    done_at_read = derivations();
    return real_blobs->get(b, name, k, out);
}

static void
test_a_file_is_read_after_the_derivation(void **state) {
    (void)state;
    static char data[FIXTURE_INLINE_MAX + 1];
    struct vault_classic_created c = create(data, sizeof(data), "f", 1);
    real_blobs = v->blobs->ops;
    struct blobs_ops observed = *real_blobs;
    observed.get = get_observed;
    v->blobs->ops = &observed;
    uint64_t before = derivations();
    done_at_read = 0;
    assert_int_equal(open_up_to(&c, "wrong", ANSWER_MAX, ANSWER_MAX, "", 0), 0);
    assert_int_equal(done_at_read, before + 1);
    assert_int_equal(open_right(&c, data, sizeof(data)), 1);
    assert_int_equal(done_at_read, before + 2);
    v->blobs->ops = real_blobs;
}

struct reservation {
    struct fixture_reader reader;
    int refuse;
    bool is_file;
    size_t len;
    int calls;
};

static int
reserve(void *ctx, bool is_file, size_t len) {
    struct reservation *r = (struct reservation *)ctx;
    r->is_file = is_file;
    r->len = len;
    r->calls++;
    return r->refuse;
}

/* What does not fit is refused before a view is taken, and before a blob is read or a key for it
 * is derived.  Inline content is refused only to a client that has the passphrase. */
static void
test_the_response_is_reserved_first(void **state) {
    (void)state;
    static char data[FIXTURE_INLINE_MAX + 1];
    const struct vault_classic_created text = create("hello", 5, NULL, 1);
    const struct vault_classic_created file = create(data, sizeof(data), "f", 1);
    const struct vault_classic_created *const all[] = {&text, &file};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct reservation r = {.refuse = ERR_BUSY};
        const struct vault_classic_created *c = all[i];
        fixture_reader(&r.reader, ANSWER_MAX, ANSWER_MAX);
        r.reader.base.reserve = reserve;
        uint64_t before = derivations();
        assert_int_equal(vault_classic_open(v, fixture_kdf, c->id, c->passphrase,
                                            TOKEN_PASSPHRASE_LEN, &r.reader.base),
                         ERR_BUSY);
        assert_int_equal(r.calls, 1);
        assert_int_equal(r.is_file, c == &file);
        assert_int_equal(r.len, c == &file ? sizeof(data) : 5);
        assert_int_equal(derivations(), c == &file ? before : before + 1);
        assert_int_equal(r.reader.calls, 0);
        assert_int_equal(v->views_claimed, 0);

        r.calls = 0;
        assert_int_equal(vault_classic_open(v, fixture_kdf, c->id, "wrong", 5, &r.reader.base),
                         c == &file ? ERR_BUSY : 0);
        assert_int_equal(r.calls, c == &file);
    }
    assert_int_equal(open_right(&text, "hello", 5), 1);
    assert_int_equal(open_right(&file, data, sizeof(data)), 1);
}

static void
test_quota_refuses(void **state) {
    (void)state;
    struct vault_classic_new in = {.plain = "hello", .len = 5, .views = 1, .ttl = 60};
    struct vault_classic_created out;
    v->limits.quota = 2 * (RECORD_ROW_COST + RECORD_VIEW_COST + RECORD_CONTENT_COST + 5) - 1;
    (void)create("hello", 5, NULL, 1);
    assert_int_equal(vault_classic_create(v, fixture_kdf, &in, &out), ERR_FULL);
    assert_string_equal(out.passphrase, "");
    assert_int_equal(v->quota_held, 0);
}

/* Random numbers that repeat the same id until they are released. */
static atomic_int repeats;
static struct random real;

static void
fill_repeating(void *ctx, void *out, size_t len) {
    (void)ctx;
    if (atomic_load(&repeats) > 0) {
        atomic_fetch_sub(&repeats, 1);
        memset(out, 7, len);
        return;
    }
    random_fill(&real, out, len);
}

static void
test_an_id_that_is_taken_is_drawn_again(void **state) {
    (void)state;
    struct vault_classic_created a = create("one", 3, NULL, 1);
    struct store_ref ref = {0};
    char id[TOKEN_CLASSIC_ID_LEN + 1];
    struct random stuck = {.fill = fill_repeating};
    real = v->random;
    v->random = stuck;
    /* A record under the id that the stuck randomness draws. */
    atomic_store(&repeats, 1000);
    token_mint_classic_id(&stuck, id);
    v->store->ops->ref(v->store, id, &ref);
    struct record r = {.kind = RECORD_CLASSIC_TEXT, .phase = PHASE_OPEN, .views_left = 1};
    assert_int_equal(v->store->ops->create(v->store, &ref, &r, NULL, NULL), 1);
    struct vault_classic_new in = {.plain = "two", .len = 3, .views = 1, .ttl = 60};
    struct vault_classic_created b;
    atomic_store(&repeats, 1 << 20);
    assert_int_equal(vault_classic_create(v, fixture_kdf, &in, &b), ERR_STORE);
    assert_string_equal(b.id, "");
    atomic_store(&repeats, 1 + 3 + 3); /* a passphrase, a record, and three ids */
    assert_int_equal(vault_classic_create(v, fixture_kdf, &in, &b), 1);
    assert_string_not_equal(b.id, id);
    assert_int_equal(open_right(&b, "two", 3), 1);
    assert_int_equal(open_right(&a, "one", 3), 1);
}

struct race {
    struct vault_classic_created secret;
    atomic_int opened;
};

static void *
racer(void *arg) {
    struct race *race = arg;
    struct fixture_reader reader;
    fixture_reader(&reader, ANSWER_MAX, ANSWER_MAX);
    int result = vault_classic_open(v, fixture_kdf, race->secret.id, race->secret.passphrase,
                                    TOKEN_PASSPHRASE_LEN, &reader.base);
    if (result == 1) atomic_fetch_add(&race->opened, 1);
    fixture_reader_end(&reader);
    return NULL;
}

static void
test_n_views_are_n_answers(void **state) {
    static const int views[] = {1, 3};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        struct race race = {.secret = create("hello", 5, NULL, views[i])};
        crowd_run(RACERS, racer, &race, NULL);
        assert_int_equal(race.opened, views[i]);
    }
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_a_text_opens_as_often_as_it_may),
        CASE(test_an_empty_text_opens),
        CASE(test_a_wrong_passphrase_counts_nothing),
        CASE(test_a_large_file_goes_to_the_blobs),
        CASE(test_a_file_is_named_by_its_id_where_the_store_says_so),
        CASE(test_too_large_to_answer_counts_nothing),
        CASE(test_an_answer_that_cannot_be_made_counts_nothing),
        CASE(test_expiry_counts_on_read),
        CASE(test_absent_and_wrong_take_the_same_work),
        CASE(test_a_file_is_read_after_the_derivation),
        CASE(test_the_response_is_reserved_first),
        CASE(test_quota_refuses),
        CASE(test_an_id_that_is_taken_is_drawn_again),
        CASE(test_n_views_are_n_answers),
    };
    return cmocka_run_group_tests_name("classic secrets", tests, fixture_start_kdf,
                                       fixture_stop_kdf);
}
