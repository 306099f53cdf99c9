/* SPDX-License-Identifier: MIT */
#include "blobs_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "crowd.h"

enum { RACERS = 64, LARGE = 4 << 20 };

#define NAME  "Name000000000000000001"
#define OTHER "Name000000000000000002"
#define THIRD "zZZZ000000000000000003"

static const struct blobs_factory *factory;

static int
setup(void **state) {
    *state = factory->open();
    return *state == NULL ? -1 : 0;
}

static int
teardown(void **state) {
    factory->finish(*state);
    return 0;
}

/* Whether part ${k} is there, and it is ${text}. */
static bool
holds(struct blobs *b, const char *name, uint32_t k, const char *text) {
    struct buf got = BUF_INIT(1000);
    int found = b->ops->get(b, name, k, &got);
    assert_in_range(found, 0, 1);
    if (found == 1) assert_string_equal(buf_text(&got), text);
    buf_free(&got);
    return found == 1;
}

static int
put(struct blobs *b, const char *name, uint32_t k, const char *text) {
    return b->ops->put(b, name, k, text, strlen(text));
}

static void
assert_usage(struct blobs *b, uint64_t want) {
    assert_int_equal(b->ops->usage(b), factory->local ? want : 0);
}

static void
test_nothing_is_there_at_first(void **state) {
    struct blobs *b = *state;
    assert_false(holds(b, NAME, 0, ""));
    assert_int_equal(b->ops->erase(b, NAME, 0, 3), 0);
    assert_int_equal(b->ops->ping(b), 0);
    assert_usage(b, 0);
}

static void
test_the_first_bytes_win(void **state) {
    struct blobs *b = *state;
    assert_int_equal(put(b, NAME, 0, "first"), 1);
    assert_int_equal(put(b, NAME, 0, "first"), 0);
    assert_int_equal(put(b, NAME, 0, "other"), ERR_CONFLICT);
    assert_int_equal(put(b, NAME, 0, "firs"), ERR_CONFLICT);
    assert_int_equal(put(b, NAME, 0, "first!"), ERR_CONFLICT);
    assert_int_equal(put(b, NAME, 0, ""), ERR_CONFLICT);
    assert_true(holds(b, NAME, 0, "first"));
    assert_usage(b, 5);
}

static void
test_parts_and_names_are_apart(void **state) {
    struct blobs *b = *state;
    assert_int_equal(put(b, NAME, 0, "a"), 1);
    assert_int_equal(put(b, NAME, 1, "bb"), 1);
    assert_int_equal(put(b, NAME, 10, "ccc"), 1);
    assert_int_equal(put(b, OTHER, 1, "dddd"), 1);
    assert_int_equal(put(b, THIRD, UINT32_MAX, ""), 1);
    assert_true(holds(b, NAME, 0, "a") && holds(b, NAME, 1, "bb") && holds(b, NAME, 10, "ccc"));
    assert_true(holds(b, OTHER, 1, "dddd") && holds(b, THIRD, UINT32_MAX, ""));
    assert_false(holds(b, NAME, 2, ""));
    assert_false(holds(b, OTHER, 0, ""));
    assert_usage(b, 10);
}

static void
test_erase_takes_what_it_names(void **state) {
    struct blobs *b = *state;
    assert_int_equal(put(b, NAME, 0, "a"), 1);
    assert_int_equal(put(b, NAME, 2, "bb"), 1);
    assert_int_equal(put(b, NAME, 3, "ccc"), 1);
    assert_int_equal(put(b, OTHER, 0, "dddd"), 1);
    assert_int_equal(b->ops->erase(b, NAME, 1, 2), 0);
    assert_false(holds(b, NAME, 2, ""));
    assert_true(holds(b, NAME, 0, "a") && holds(b, NAME, 3, "ccc"));
    assert_int_equal(b->ops->erase(b, NAME, 0, 3), 0);
    assert_false(holds(b, NAME, 0, ""));
    assert_true(holds(b, NAME, 3, "ccc") && holds(b, OTHER, 0, "dddd"));
    assert_usage(b, 7);
    assert_int_equal(b->ops->erase(b, NAME, 0, 4), 0);
    assert_int_equal(b->ops->erase(b, NAME, 0, 4), 0);
    assert_false(holds(b, NAME, 3, ""));
    assert_usage(b, 4);
    assert_int_equal(put(b, NAME, 0, "new"), 1);
    assert_true(holds(b, NAME, 0, "new"));
}

static void
test_get_appends_and_keeps_the_callers_bound(void **state) {
    struct blobs *b = *state;
    struct buf out = BUF_INIT(7);
    assert_int_equal(put(b, NAME, 0, "abcd"), 1);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), 1);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), ERR_TOO_LARGE);
    assert_true(buf_equals(&out, "abcd", 4));
    buf_free(&out);
}

static void
test_large_parts_come_back_whole(void **state) {
    struct blobs *b = *state;
    struct buf in = BUF_INIT(LARGE), out = BUF_INIT(LARGE);
    while (in.len < LARGE)
        assert_int_equal(buf_add_byte(&in, (uint8_t)(in.len ^ in.len >> 8 ^ in.len >> 16)), 0);
    assert_int_equal(b->ops->put(b, NAME, 7, in.data, in.len), 1);
    assert_int_equal(b->ops->put(b, NAME, 7, in.data, in.len), 0);
    assert_int_equal(b->ops->get(b, NAME, 7, &out), 1);
    assert_true(buf_equals(&out, in.data, in.len));
    in.data[LARGE - 1] ^= 1;
    assert_int_equal(b->ops->put(b, NAME, 7, in.data, in.len), ERR_CONFLICT);
    buf_free(&in);
    buf_free(&out);
}

static bool
known(void *ctx, const char *name) {
    atomic_fetch_add((atomic_int *)ctx, 1);
    return strcmp(name, OTHER) == 0;
}

/* Read what ${p} has to the end, and assert that it is ${want}. */
static void
assert_piped(struct piped *p, const uint8_t *want, size_t len) {
    uint8_t *got = malloc(len);
    size_t at = 0;
    assert_non_null(got);
    assert_int_equal(p->len, len);
    for (ssize_t n = 1; n > 0 && at < len; at += (size_t)n)
        n = read(p->fd, got + at, len - at);
    assert_memory_equal(got, want, len);
    free(got);
    piped_close(p);
}

static void
test_a_part_comes_by_a_pipe(void **state) {
    struct blobs *b = *state;
    struct piped out = {0};
    uint8_t *part = malloc(PIPED_MAX);
    if (b->ops->get_piped == NULL) {
        free(part);
        skip();
    }
    assert_non_null(part);
    for (size_t i = 0; i < PIPED_MAX; i++)
        part[i] = (uint8_t)(i * 31 + i / 1000);
    assert_int_equal(b->ops->put(b, NAME, 3, part, PIPED_MAX), 1);

    int found = b->ops->get_piped(b, NAME, 3, PIPED_MAX, &out);
    if (factory->pipes) {
        /* What waits in the pipe outlives the part. */
        assert_int_equal(found, 1);
        assert_int_equal(b->ops->erase(b, NAME, 3, 1), 0);
        assert_piped(&out, part, PIPED_MAX);
        assert_int_equal(b->ops->get_piped(b, NAME, 3, PIPED_MAX, &out), 0);
        assert_int_equal(b->ops->get_piped(b, OTHER, 0, PIPED_MAX, &out), 0);

        assert_int_equal(b->ops->put(b, NAME, 4, part, PIPED_MIN), 1);
        assert_int_equal(b->ops->get_piped(b, NAME, 4, PIPED_MIN + 1, &out), ERR_STORE);
        assert_int_equal(b->ops->get_piped(b, NAME, 4, PIPED_MIN - 1, &out), ERR_STORE);
        assert_int_equal(b->ops->get_piped(b, NAME, 4, PIPED_MAX + 1, &out), ERR_STORE);
    } else {
        assert_int_equal(found, ERR_TOO_LARGE);
    }
    assert_int_equal(out.len, 0);
    free(part);
}

static void
test_tidy_removes_what_nobody_knows(void **state) {
    struct blobs *b = *state;
    atomic_int asked = 0;
    assert_int_equal(put(b, NAME, 0, "a"), 1);
    assert_int_equal(put(b, NAME, 9, "bb"), 1);
    assert_int_equal(put(b, OTHER, 0, "dddd"), 1);
    assert_int_equal(put(b, THIRD, 0, "e"), 1);
    assert_int_equal(b->ops->tidy(b, known, &asked), 0);
    assert_true(holds(b, OTHER, 0, "dddd"));
    if (!factory->local) return;
    assert_true(asked >= 3);
    assert_false(holds(b, NAME, 0, "") || holds(b, NAME, 9, "") || holds(b, THIRD, 0, ""));
    assert_usage(b, 4);
}

static void
test_parts_outlive_a_restart(void **state) {
    struct blobs *b = *state;
    if (factory->reopen == NULL) skip();
    assert_int_equal(put(b, NAME, 0, "a"), 1);
    assert_int_equal(put(b, OTHER, 3, "bb"), 1);
    *state = b = factory->reopen(b);
    assert_non_null(b);
    assert_true(holds(b, NAME, 0, "a") && holds(b, OTHER, 3, "bb"));
    assert_usage(b, 3);
    assert_int_equal(put(b, NAME, 0, "x"), ERR_CONFLICT);
    assert_int_equal(b->ops->erase(b, NAME, 0, 1), 0);
    assert_usage(b, 2);
}

struct race {
    struct blobs *blobs;
    pthread_barrier_t start;
    bool same;
    bool erase;
    atomic_int next, stored, repeated, refused, winner;
};

static void *
racer(void *arg) {
    struct race *race = arg;
    struct blobs *b = race->blobs;
    int i = atomic_fetch_add(&race->next, 1);
    uint8_t bytes[1000];
    memset(bytes, race->same ? 1 : i, sizeof(bytes));
    (void)pthread_barrier_wait(&race->start);
    if (race->erase && i % 2 == 0) {
        (void)b->ops->erase(b, NAME, 0, 1);
        return NULL;
    }
    int result = b->ops->put(b, NAME, 0, bytes, sizeof(bytes));
    if (result == 1) atomic_store(&race->winner, i);
    atomic_fetch_add(result == 1   ? &race->stored
                     : result == 0 ? &race->repeated
                                   : &race->refused,
                     1);
    return NULL;
}

static void
run(struct race *race, struct blobs *b) {
    race->blobs = b;
    crowd_run(RACERS, racer, race, &race->start);
}

static void
test_of_many_writers_one_wins(void **state) {
    struct blobs *b = *state;
    for (int round = 0; round < factory->race_rounds; round++) {
        struct race race = {0};
        struct buf got = BUF_INIT(1000);
        run(&race, b);
        assert_int_equal(race.stored, 1);
        assert_int_equal(race.refused, RACERS - 1);
        assert_int_equal(b->ops->get(b, NAME, 0, &got), 1);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(got.data[i], race.winner);
        buf_free(&got);
        assert_usage(b, 1000);
        assert_int_equal(b->ops->erase(b, NAME, 0, 1), 0);
    }
}

static void
test_many_writers_of_the_same_bytes_agree(void **state) {
    struct blobs *b = *state;
    for (int round = 0; round < factory->race_rounds; round++) {
        struct race race = {.same = true};
        run(&race, b);
        assert_int_equal(race.stored, 1);
        assert_int_equal(race.repeated, RACERS - 1);
        assert_int_equal(b->ops->erase(b, NAME, 0, 1), 0);
    }
}

static void
test_usage_is_exact_after_writers_and_erasers(void **state) {
    struct blobs *b = *state;
    for (int round = 0; round < factory->race_rounds; round++) {
        struct race race = {.same = true, .erase = true};
        run(&race, b);
        assert_int_equal(b->ops->erase(b, NAME, 0, 1), 0);
        assert_usage(b, 0);
    }
}

int
blobs_contract_run(const struct blobs_factory *f) {
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_nothing_is_there_at_first),
        CASE(test_the_first_bytes_win),
        CASE(test_parts_and_names_are_apart),
        CASE(test_erase_takes_what_it_names),
        CASE(test_get_appends_and_keeps_the_callers_bound),
        CASE(test_large_parts_come_back_whole),
        CASE(test_a_part_comes_by_a_pipe),
        CASE(test_tidy_removes_what_nobody_knows),
        CASE(test_parts_outlive_a_restart),
        CASE(test_of_many_writers_one_wins),
        CASE(test_many_writers_of_the_same_bytes_agree),
        CASE(test_usage_is_exact_after_writers_and_erasers),
    };
    factory = f;
    return cmocka_run_group_tests_name(f->name, tests, NULL, NULL);
}
