/* SPDX-License-Identifier: MIT */
/*
 * 64 callers open one secret at the same moment, and exactly as many as it has views get one.  The
 * control is a store that reads first and writes later (tests/support/racy.h): within 100 rounds
 * the same test must find it wrong.
 *
 * RACE_ROUNDS: the number of rounds (2,000).
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "env_number.h"
#include "racy.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "store_samples.h"

enum { RACERS = 64, ROUNDS = 2000, RACY_ROUNDS = 100 };

static const int views_tried[] = {1, 2, 3, 10};

struct race {
    struct store *store;
    struct store_ref ref;
    pthread_barrier_t start, end;
    atomic_bool over;
    atomic_int winners, losers, others;
};

struct racer {
    struct race *race;
    unsigned number;
    pthread_t thread;
};

static void
open_once(struct race *race, unsigned number) {
    struct change c = {.kind = CHANGE_OPEN, .now = SAMPLE_T0 + 1};
    struct effect effect;
    sample_hash(1000 + number, c.hash);
    sample_hash(SAMPLE_PROOF, c.proof);
    int found = race->store->ops->change(race->store, &race->ref, &c, &effect, NULL);
    if (found == 1 && effect.verdict == VERDICT_OK && effect.claimed)
        atomic_fetch_add(&race->winners, 1);
    else if (found == 1 && effect.verdict == VERDICT_ABSENT) atomic_fetch_add(&race->losers, 1);
    else atomic_fetch_add(&race->others, 1);
}

static void *
racer_main(void *arg) {
    struct racer *r = arg;
    for (;;) {
        (void)pthread_barrier_wait(&r->race->start);
        if (atomic_load(&r->race->over)) return NULL;
        open_once(r->race, r->number);
        (void)pthread_barrier_wait(&r->race->end);
    }
}

/* One round over ${views} views.  Returns whether exactly so many won. */
static bool
run_round(struct race *race, int views) {
    struct record r = sample_sealed(views, 0, 304);
    race->ref = sample_create(race->store, &r);
    atomic_store(&race->winners, 0);
    atomic_store(&race->losers, 0);
    atomic_store(&race->others, 0);
    (void)pthread_barrier_wait(&race->start);
    (void)pthread_barrier_wait(&race->end);
    struct record got = sample_load(race->store, &race->ref);
    bool exact = race->winners == views && race->losers == RACERS - views && got.views_left == 0 &&
                 got.lease_count == (size_t)views;
    record_clear(&got);
    return exact;
}

/* Race at most ${max} rounds on a new store, ${racy} or as it is.  Returns how many were exact. */
static int
race_on_new_store(bool racy, int max) {
    char dir[SCRATCH_PATH_MAX];
    struct race race = {0};
    struct racer racers[RACERS];
    struct sqlite_store_config config = {.dir = dir};
    int exact = 0;

    scratch_make_fast(dir);
    assert_int_equal(sqlite_store_open(&config, &race.store), 0);
    if (racy) racy_make(race.store);
    assert_int_equal(pthread_barrier_init(&race.start, NULL, RACERS + 1), 0);
    assert_int_equal(pthread_barrier_init(&race.end, NULL, RACERS + 1), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.race = &race, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
    }

    while (exact < max && run_round(&race, views_tried[exact % 4]))
        exact++;

    atomic_store(&race.over, true);
    (void)pthread_barrier_wait(&race.start);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    race.store->ops->close(race.store);
    scratch_remove(dir);
    return exact;
}

static void
test_as_many_opens_as_views(void **state) {
    (void)state;
    int rounds = env_number("RACE_ROUNDS", 4, 10000000, ROUNDS);
    assert_int_equal(race_on_new_store(false, rounds), rounds);
    print_message("%d rounds of %d racers\n", rounds, RACERS);
}

static void
test_a_store_that_reads_first_is_found_out(void **state) {
    (void)state;
    int exact = race_on_new_store(true, RACY_ROUNDS);
    print_message("the racy store failed in round %d\n", exact + 1);
    assert_true(exact < RACY_ROUNDS);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_many_opens_as_views),
        cmocka_unit_test(test_a_store_that_reads_first_is_found_out),
    };
    return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
