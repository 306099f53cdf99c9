/* SPDX-License-Identifier: MIT */
/*
 * 64 people answer one request at the same moment, and exactly as many answers as were asked for
 * are taken and can be opened.  SQLite does it in one step, DynamoDB and the store in memory in
 * two.  The control is a store that reads first and writes later (tests/support/racy.h): within 100
 * rounds the same test must find it wrong.
 *
 * RACE_ROUNDS: the number of rounds (2,000).  AWS_RACE_ROUNDS: of those on DynamoDB (3).
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws_standins.h"
#include "env_number.h"
#include "memory_store.h"
#include "racy.h"
#include "request_samples.h"
#include "scratch.h"
#include "store/dynamodb/store.h"
#include "store/sqlite/store.h"

enum { RACERS = 64, ROUNDS = 2000, AWS_ROUNDS = 3, RACY_ROUNDS = 100, AWS_RETRIES = 20 };

static const int asked[] = {1, 3, 10};

struct race {
    struct store *store;
    int retries; /* of a call that fails */
    struct store_ref request, answers[RACERS];
    pthread_barrier_t step; /* the begin of a round, that of its answers, and its end */
    atomic_bool over;
    atomic_int taken, refused, others;
};

struct racer {
    struct race *race;
    unsigned number;
    pthread_t thread;
};

/* Begin answer ${n} of round ${round}.  As in the server, each try has its own id: DynamoDB may
 * have stored part of a try that failed. */
static struct store_ref
begin_until_done(struct race *race, unsigned round, unsigned n) {
    struct record a = sample_answer(&race->request, 0);
    struct buf content = sample_content(a.size);
    struct store_ref ref = {0};
    char id[TOKEN_SEALED_ID_LEN + 1];
    int result = -1;

    for (unsigned i = 0; i <= (unsigned)race->retries && result < 0; i++) {
        (void)snprintf(id, sizeof(id), "R%08uAnswer%03uTr%02u", round, n, i);
        race->store->ops->ref(race->store, id, &ref);
        result = race->store->ops->create(race->store, &ref, &a, &content, NULL);
    }
    buf_free(&content);
    return ref;
}

static void
answer_once(struct race *race, const struct store_ref *ref) {
    enum verdict v =
        sample_answer_whole(race->store, &race->request, ref, SAMPLE_T0, race->retries);

    if (v == VERDICT_OK) atomic_fetch_add(&race->taken, 1);
    else if (v == VERDICT_FULL) atomic_fetch_add(&race->refused, 1);
    else atomic_fetch_add(&race->others, 1);
}

static void *
racer_main(void *arg) {
    struct racer *r = arg;
    struct race *race = r->race;
    for (unsigned round = 0;; round++) {
        (void)pthread_barrier_wait(&race->step);
        if (atomic_load(&race->over)) return NULL;
        race->answers[r->number] = begin_until_done(race, round, r->number);

        (void)pthread_barrier_wait(&race->step);
        answer_once(race, &race->answers[r->number]);
        (void)pthread_barrier_wait(&race->step);
    }
}

/* The answers that can be opened. */
static int
count_open(const struct race *race) {
    int open = 0;
    for (int i = 0; i < RACERS; i++) {
        struct record a = sample_load(race->store, &race->answers[i]);
        open += a.phase == PHASE_OPEN;
        record_clear(&a);
    }
    return open;
}

/* One round for ${n} answers.  Returns whether exactly so many were taken. */
static bool
run_round(struct race *race, int n) {
    struct record r = sample_request(n);
    race->request = sample_create(race->store, &r);
    atomic_store(&race->taken, 0);
    atomic_store(&race->refused, 0);
    atomic_store(&race->others, 0);
    for (int i = 0; i < 3; i++)
        (void)pthread_barrier_wait(&race->step);

    struct record got = sample_load(race->store, &race->request);
    bool exact = race->taken == n && race->refused == RACERS - n && got.views_left == 0 &&
                 got.answer_count == (size_t)n && count_open(race) == n;
    record_clear(&got);
    return exact;
}

/* Race at most ${max} rounds on ${s}, each call with ${retries}.  Returns how many were exact. */
static int
race_on(struct store *s, int max, int retries) {
    static struct race race;
    struct racer racers[RACERS];
    int exact = 0;
    race = (struct race){.store = s, .retries = retries};
    assert_int_equal(pthread_barrier_init(&race.step, NULL, RACERS + 1), 0);
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.race = &race, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
    }

    while (exact < max && run_round(&race, asked[(size_t)exact % ARRAY_LEN(asked)]))
        exact++;

    atomic_store(&race.over, true);
    (void)pthread_barrier_wait(&race.step);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    return exact;
}

static void
test_sqlite_takes_as_many_answers_as_asked(void **state) {
    char dir[SCRATCH_PATH_MAX];
    struct sqlite_store_config config = {.dir = dir};
    struct store *s = NULL;
    (void)state;
    scratch_make_fast(dir);
    assert_int_equal(sqlite_store_open(&config, &s), 0);
    assert_non_null(s->ops->change_both);
    int rounds = env_number("RACE_ROUNDS", 1, 10000000, ROUNDS);
    assert_int_equal(race_on(s, rounds, 0), rounds);
    print_message("%d rounds of %d answerers\n", rounds, RACERS);
    s->ops->close(s);
    scratch_remove(dir);
}

/* A store in memory looks through all its records, so each few rounds get a new one. */
static void
test_two_steps_take_as_many_answers_as_asked(void **state) {
    (void)state;
    int rounds = env_number("RACE_ROUNDS", 1, 10000000, ROUNDS), done = 0;
    while (done < rounds) {
        struct store *s = memory_store_open(1 << 20);
        int some = rounds - done < 3 ? rounds - done : 3;
        assert_non_null(s);
        assert_null(s->ops->change_both);
        assert_int_equal(race_on(s, some, 0), some);
        s->ops->close(s);
        done += some;
    }
}

static void
test_dynamodb_takes_as_many_answers_as_asked(void **state) {
    struct aws_standins *standins = aws_standins_start();
    struct dynamodb_store_config config = {.aws = aws_standins_config(standins)};
    struct buf reason = BUF_INIT(256);
    struct store *s = NULL;
    char table[64];
    (void)state;
    aws_standins_make(standins, "table", table);
    config.table = table;
    assert_int_equal(dynamodb_store_open(&config, &s, &reason), 0);
    assert_null(s->ops->change_both);

    int rounds = env_number("AWS_RACE_ROUNDS", 1, 10000000, AWS_ROUNDS);

    /* As a client does after a 503: a busy machine may keep the stand-in from answering in time. */
    assert_int_equal(race_on(s, rounds, AWS_RETRIES), rounds);
    s->ops->close(s);
    aws_standins_stop(standins);
}

static void
test_a_store_that_reads_first_is_found_out(void **state) {
    struct store *s = memory_store_open(1 << 20);
    (void)state;
    assert_non_null(s);
    racy_make(s);
    int exact = race_on(s, RACY_ROUNDS, 0);
    print_message("the racy store failed in round %d\n", exact + 1);
    assert_true(exact < RACY_ROUNDS);
    s->ops->close(s);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite_takes_as_many_answers_as_asked),
        cmocka_unit_test(test_two_steps_take_as_many_answers_as_asked),
        cmocka_unit_test(test_dynamodb_takes_as_many_answers_as_asked),
        cmocka_unit_test(test_a_store_that_reads_first_is_found_out),
    };
    return cmocka_run_group_tests_name("races of answers", tests, NULL, NULL);
}
