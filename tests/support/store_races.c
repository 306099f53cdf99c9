/* SPDX-License-Identifier: MIT */
/*
 * The contract of stores, third part: many threads at one record.  Whatever their order, the counts
 * come out exact.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "crowd.h"
#include "store_contract_cases.h"
#include "store_samples.h"

enum { VERDICTS = VERDICT_INCOMPLETE + 1 };

static const int views_tried[] = {1, 2, 3, 10};

struct race {
    struct store *store;
    const struct store_ref *ref;
    struct change changes[STORE_RACERS_MAX];
    pthread_barrier_t start;
    atomic_int verdicts[VERDICTS]; /* how often each was given; [0] counts absent records */
    atomic_int claimed, failed;
    atomic_int next;
};

/* The threads of a race. */
static int
racers(void) {
    return store_contract_factory->racers;
}

static void *
racer(void *arg) {
    struct race *race = arg;
    struct effect effect;
    const struct change *c = &race->changes[atomic_fetch_add(&race->next, 1)];
    (void)pthread_barrier_wait(&race->start);
    int found = race->store->ops->change(race->store, race->ref, c, &effect, NULL);
    if (found < 0) {
        atomic_fetch_add(&race->failed, 1);
    } else {
        atomic_fetch_add(&race->verdicts[found ? effect.verdict : 0], 1);
        if (found && effect.claimed) atomic_fetch_add(&race->claimed, 1);
    }
    return NULL;
}

/* Apply all changes of ${race} to ${ref} at once. */
static void
run(struct race *race, struct store *s, const struct store_ref *ref) {
    race->store = s;
    race->ref = ref;
    atomic_store(&race->next, 0);
    atomic_store(&race->claimed, 0);
    for (int i = 0; i < VERDICTS; i++)
        atomic_store(&race->verdicts[i], 0);
    crowd_run(racers(), racer, race, &race->start);
    assert_int_equal(race->failed, 0);
}

/* Racer i sends ${kind} with the hash ${base} + i * ${step} and this proof. */
static void
fill(struct race *race, enum change_kind kind, unsigned base, unsigned step, unsigned proof) {
    *race = (struct race){0};
    for (unsigned i = 0; i < (unsigned)racers(); i++) {
        struct change *c = &race->changes[i];
        *c = (struct change){.kind = kind, .now = SAMPLE_T0};
        sample_hash(base + i * step, c->hash);
        sample_hash(proof, c->proof);
        memcpy(c->mark, &i, sizeof(i));
    }
}

static void
test_n_views_are_n_opens(void **state) {
    struct store *s = *state;
    struct race race;
    for (size_t v = 0; v < ARRAY_LEN(views_tried); v++)
        for (int round = 0; round < store_contract_factory->race_rounds; round++) {
            struct record r = sample_sealed(views_tried[v], 0, 304);
            struct store_ref ref = sample_create(s, &r);
            fill(&race, CHANGE_OPEN, 1000, 1, SAMPLE_PROOF);
            run(&race, s, &ref);
            assert_int_equal(race.verdicts[VERDICT_OK], views_tried[v]);
            assert_int_equal(race.claimed, views_tried[v]);
            assert_int_equal(race.verdicts[VERDICT_ABSENT], racers() - views_tried[v]);
            struct record got = sample_load(s, &ref);
            assert_int_equal(got.views_left, 0);
            assert_int_equal(got.lease_count, views_tried[v]);
            record_clear(&got);
        }
}

static void
test_n_views_are_n_classic_claims(void **state) {
    struct store *s = *state;
    struct race race;
    for (size_t v = 0; v < ARRAY_LEN(views_tried); v++)
        for (int round = 0; round < store_contract_factory->race_rounds; round++) {
            struct record r = sample_text(views_tried[v], 40);
            struct store_ref ref = sample_create(s, &r);
            fill(&race, CHANGE_CLAIM_CLASSIC, 0, 0, 0);
            run(&race, s, &ref);
            assert_int_equal(race.verdicts[VERDICT_OK], views_tried[v]);
            assert_int_equal(race.verdicts[VERDICT_ABSENT] + race.verdicts[0],
                             racers() - views_tried[v]);
            assert_false(sample_has_content(s, &ref, 40));
        }
}

static void
test_one_lease_is_one_view(void **state) {
    struct store *s = *state;
    struct race race;
    for (int round = 0; round < store_contract_factory->race_rounds; round++) {
        struct record r = sample_sealed(10, 0, 304);
        struct store_ref ref = sample_create(s, &r);
        fill(&race, CHANGE_OPEN, 1000, 0, SAMPLE_PROOF);
        run(&race, s, &ref);
        assert_int_equal(race.verdicts[VERDICT_OK], 1);
        assert_int_equal(race.verdicts[VERDICT_REPEAT], racers() - 1);
        assert_int_equal(race.claimed, 1);
    }
}

static void
test_parallel_guesses_get_ten(void **state) {
    struct store *s = *state;
    struct race race;
    for (int round = 0; round < store_contract_factory->race_rounds; round++) {
        struct record r = sample_sealed(10, 10, 304);
        struct store_ref ref = sample_create(s, &r);
        fill(&race, CHANGE_OPEN, 1000, 1, SAMPLE_WRONG);
        run(&race, s, &ref);
        assert_int_equal(race.verdicts[VERDICT_WRONG_PROOF], 10);
        assert_int_equal(race.verdicts[VERDICT_ABSENT], racers() - 10);
        struct record got = sample_load(s, &ref);
        assert_int_equal(got.phase, PHASE_LOCKED);
        assert_int_equal(got.attempts_left, 0);
        assert_int_equal(got.views_left, 10);
        assert_int_equal(got.content, CONTENT_NONE);
        record_clear(&got);
    }
}

/* Opens, confirms, a burn and sweeps of one record at once. */
static void
test_opens_confirms_burns_and_sweeps_stay_consistent(void **state) {
    struct store *s = *state;
    struct race race;
    for (int round = 0; round < store_contract_factory->race_rounds; round++) {
        struct record r = sample_sealed(3, 0, 304);
        struct store_ref ref = sample_create(s, &r);
        fill(&race, CHANGE_OPEN, 1000, 1, SAMPLE_PROOF);
        for (unsigned i = 0; i < (unsigned)racers(); i += 4) {
            race.changes[i].kind = CHANGE_CONFIRM;
            sample_hash(1001 + i, race.changes[i].hash);
            race.changes[i + 2].kind = CHANGE_LAPSE;
        }
        race.changes[racers() / 2].kind = CHANGE_BURN;
        sample_hash(SAMPLE_OWNER, race.changes[racers() / 2].hash);
        run(&race, s, &ref);
        struct record got = sample_load(s, &ref);
        assert_true(race.claimed <= 3);
        assert_int_equal(got.lease_count, race.claimed);
        assert_int_equal(got.views_left, 3 - race.claimed);
        /* The burn either ended it or came when nothing was left to burn. */
        assert_int_equal(got.content, CONTENT_NONE);
        assert_true(got.phase == PHASE_BURNT || got.views_left == 0);
        for (size_t i = 0; i < got.lease_count; i++)
            assert_int_not_equal(got.leases[i].end, LEASE_LIVE);
        record_clear(&got);
        assert_false(sample_has_content(s, &ref, 304));
    }
    store_contract_usage(s, (uint64_t)store_contract_factory->race_rounds *
                                (RECORD_ROW_COST + 3 * RECORD_VIEW_COST));
}

static void
test_a_part_sent_by_many_counts_once(void **state) {
    struct store *s = *state;
    struct race race;
    for (int round = 0; round < store_contract_factory->race_rounds; round++) {
        struct record r = sample_upload(1, 5);
        struct store_ref ref = sample_create(s, &r);
        fill(&race, CHANGE_PART, SAMPLE_OWNER, 0, 0);
        for (uint32_t i = 0; i < (uint32_t)racers(); i++)
            race.changes[i].part = i % 4;
        run(&race, s, &ref);
        assert_int_equal(race.verdicts[VERDICT_OK], racers());
        struct record got = sample_load(s, &ref);
        assert_int_equal(got.parts_stored, 4);
        record_clear(&got);
    }
}

struct create_race {
    struct store *store;
    struct store_ref ref;
    struct record record;
    struct buf content;
    pthread_barrier_t start;
    atomic_int created, refused;
};

static void *
creator(void *arg) {
    struct create_race *race = arg;
    (void)pthread_barrier_wait(&race->start);
    int created =
        race->store->ops->create(race->store, &race->ref, &race->record, &race->content, NULL);
    if (created == 1) atomic_fetch_add(&race->created, 1);
    if (created == 0) atomic_fetch_add(&race->refused, 1);
    return NULL;
}

static void
test_an_id_is_created_once(void **state) {
    struct store *s = *state;
    struct create_race race = {
        .store = s, .record = sample_sealed(1, 0, 304), .content = sample_content(304)};
    s->ops->ref(s, "IdThatManyWantAtOnce22", &race.ref);
    crowd_run(racers(), creator, &race, &race.start);
    assert_int_equal(race.created, 1);
    assert_int_equal(race.refused, racers() - 1);
    assert_true(sample_has_content(s, &race.ref, 304));
    buf_free(&race.content);
}

int
store_contract_run_races(int (*setup)(void **state), int (*teardown)(void **state)) {
    const struct CMUnitTest races[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_n_views_are_n_opens),
        CASE(test_n_views_are_n_classic_claims),
        CASE(test_one_lease_is_one_view),
        CASE(test_parallel_guesses_get_ten),
        CASE(test_opens_confirms_burns_and_sweeps_stay_consistent),
        CASE(test_a_part_sent_by_many_counts_once),
        CASE(test_an_id_is_created_once),
    };
    return cmocka_run_group_tests_name("races", races, NULL, NULL);
}
