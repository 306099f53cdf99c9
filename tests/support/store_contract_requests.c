/* SPDX-License-Identifier: MIT */
/* The contract of stores: requests, which count their answers, and answers, which open then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "crowd.h"
#include "request_samples.h"
#include "store_contract_cases.h"

#define T0  SAMPLE_T0
#define END (SAMPLE_T0 + SAMPLE_REQUEST_TTL)

enum { WRAP = 300 };

static void
test_a_request_counts_its_answers_in_order(void **state) {
    struct store *s = *state;
    struct record r = sample_request(2);
    struct store_ref request = sample_create(s, &r), refs[3];
    for (int i = 0; i < 3; i++) {
        struct record a = sample_answer(&request, 0);
        refs[i] = sample_create(s, &a);
    }

    assert_int_equal(sample_count(s, &request, &refs[1], T0 + 1), VERDICT_OK);
    assert_int_equal(sample_count(s, &request, &refs[1], T0 + 2), VERDICT_OK);
    assert_int_equal(sample_count(s, &request, &refs[0], T0 + 3), VERDICT_OK);
    assert_int_equal(sample_count(s, &request, &refs[2], T0 + 4), VERDICT_FULL);
    assert_int_equal(sample_count(s, &request, &refs[1], T0 + 5), VERDICT_OK);

    struct record got = sample_load(s, &request);
    assert_int_equal(got.kind, RECORD_REQUEST);
    assert_int_equal(got.views_left, 0);
    assert_int_equal(got.answer_count, 2);
    assert_true(record_has_answer(&got, &refs[0]) && record_has_answer(&got, &refs[1]));
    assert_int_equal(got.answers[0].at, T0 + 1);
    assert_int_equal(got.answers[1].at, T0 + 3);
    assert_memory_equal(got.answers[0].ref.bytes, refs[1].bytes, refs[1].len);
    record_clear(&got);
}

static void
test_a_request_takes_answers_until_it_ends(void **state) {
    struct store *s = *state;
    struct record r = sample_request(3);
    struct store_ref late = sample_create(s, &r), ended = sample_create(s, &r);
    struct record a = sample_answer(&late, 0), b = sample_answer(&ended, 0);
    struct store_ref first = sample_create(s, &a), second = sample_create(s, &a);
    struct store_ref burnt = sample_create(s, &b);

    assert_int_equal(sample_count(s, &ended, &burnt, END - 5), VERDICT_OK);
    assert_int_equal(sample_change(s, &ended, CHANGE_BURN, END - 4, SAMPLE_GATE, 0),
                     VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &ended, CHANGE_BURN, END - 3, SAMPLE_OWNER, 0), VERDICT_OK);
    assert_int_equal(sample_count(s, &ended, &burnt, END - 2), VERDICT_ABSENT);
    assert_int_equal(sample_count(s, &ended, &second, END - 2), VERDICT_ABSENT);

    /* Its description is gone, and its answers are to be burnt. */
    struct record got = sample_load(s, &ended);
    assert_int_equal(got.phase, PHASE_BURNT);
    assert_int_equal(got.content, CONTENT_DOOMED);
    record_clear(&got);
    assert_false(sample_has_content(s, &ended, r.size));

    /* An answer that was counted in time is so for ever. */
    assert_int_equal(sample_count(s, &late, &first, END - 1), VERDICT_OK);
    assert_int_equal(sample_count(s, &late, &second, END), VERDICT_ABSENT);
    assert_int_equal(sample_count(s, &late, &first, END), VERDICT_OK);
    assert_true(sample_has_content(s, &late, r.size));
}

static void
test_an_answer_opens_once_it_is_complete(void **state) {
    struct store *s = *state;
    static const uint32_t parts[] = {0, 2};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct record r = sample_request(1);
        struct store_ref request = sample_create(s, &r);
        struct record a = sample_answer(&request, parts[i]);
        struct store_ref ref = sample_create(s, &a);

        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0, 1, SAMPLE_PROOF),
                         VERDICT_UPLOADING);
        for (uint32_t k = 0; k < parts[i]; k++) {
            assert_int_equal(sample_complete(s, &ref, T0, WRAP, 'w'), VERDICT_INCOMPLETE);
            assert_int_equal(sample_part(s, &ref, T0, SAMPLE_OWNER, k), VERDICT_OK);
        }
        assert_int_equal(sample_complete(s, &ref, T0, 0, 0), VERDICT_CONFLICT);
        assert_int_equal(sample_answer_whole(s, &request, &ref, T0 + 1, 0), VERDICT_OK);
        assert_int_equal(sample_answer_whole(s, &request, &ref, T0 + 2, 0), VERDICT_OK);

        /* The first wrap stays. */
        assert_int_equal(sample_complete(s, &ref, T0 + 3, WRAP + 1, 'x'), VERDICT_OK);
        assert_true(sample_wrap_is(s, &ref, WRAP, 'w'));
        struct record got = sample_load(s, &ref);
        assert_int_equal(got.phase, PHASE_OPEN);
        assert_memory_equal(got.request.bytes, request.bytes, request.len);
        record_clear(&got);

        /* It is erased with the content. */
        assert_int_equal(sample_change(s, &ref, CHANGE_OPEN, T0 + 4, 1, SAMPLE_PROOF), VERDICT_OK);
        assert_true(sample_wrap_is(s, &ref, WRAP, 'w'));
        assert_int_equal(sample_change(s, &ref, CHANGE_CONFIRM, T0 + 5, 1, 0), VERDICT_OK);
        assert_false(sample_wrap_is(s, &ref, WRAP, 'w'));
    }
}

/* None of both changes happens if one of them is refused. */
static void
test_a_refused_answer_changes_nothing(void **state) {
    struct store *s = *state;
    struct record r = sample_request(1);
    struct store_ref request = sample_create(s, &r);
    struct record a = sample_answer(&request, 2), b = sample_answer(&request, 0);
    struct store_ref missing = sample_create(s, &a), first = sample_create(s, &b);
    struct store_ref second = sample_create(s, &b);

    if (s->ops->change_both != NULL) {
        assert_int_equal(sample_answer_whole(s, &request, &missing, T0, 0), VERDICT_INCOMPLETE);
        struct record got = sample_load(s, &request);
        assert_int_equal(got.views_left, 1);
        assert_int_equal(got.answer_count, 0);
        record_clear(&got);
    }

    assert_int_equal(sample_answer_whole(s, &request, &first, T0, 0), VERDICT_OK);
    assert_int_equal(sample_answer_whole(s, &request, &second, T0, 0), VERDICT_FULL);
    struct record got = sample_load(s, &second);
    assert_int_equal(got.phase, PHASE_UPLOADING);
    assert_int_equal(got.wrap_len, 0);
    record_clear(&got);
    assert_int_equal(sample_change(s, &second, CHANGE_BURN, T0, SAMPLE_OWNER, 0), VERDICT_OK);
    assert_false(sample_has_content(s, &second, b.size));
}

static void
test_answers_of_an_ended_request_are_discarded(void **state) {
    struct store *s = *state;
    struct record r = sample_request(3);
    struct store_ref request = sample_create(s, &r);
    struct record a = sample_answer(&request, 0), secret = sample_sealed(1, 0, 304);
    struct store_ref unfinished = sample_create(s, &a), unopened = sample_create(s, &a);
    struct store_ref opened = sample_create(s, &a), other = sample_create(s, &secret);
    assert_int_equal(sample_answer_whole(s, &request, &unopened, T0, 0), VERDICT_OK);
    assert_int_equal(sample_answer_whole(s, &request, &opened, T0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &opened, CHANGE_OPEN, T0, 1, SAMPLE_PROOF), VERDICT_OK);

    assert_int_equal(sample_change(s, &unfinished, CHANGE_DISCARD, T0 + 1, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &unopened, CHANGE_DISCARD, T0 + 1, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &opened, CHANGE_DISCARD, T0 + 1, 0, 0), VERDICT_OK);
    assert_int_equal(sample_change(s, &other, CHANGE_DISCARD, T0 + 1, 0, 0), VERDICT_ABSENT);
    assert_false(sample_has_content(s, &unfinished, a.size));
    assert_false(sample_has_content(s, &unopened, a.size));
    assert_true(sample_has_content(s, &opened, a.size));
    assert_true(sample_has_content(s, &other, secret.size));
    assert_int_equal(sample_complete(s, &unfinished, T0 + 2, WRAP, 'w'), VERDICT_ABSENT);
    assert_int_equal(sample_change(s, &opened, CHANGE_FETCH, T0 + 2, 1, 0), VERDICT_OK);
}

/* A request is deleted when it and its last answer have expired. */
static void
test_a_request_is_deleted_after_its_last_answer(void **state) {
    struct store *s = *state;
    struct record r = sample_request(2);
    uint64_t before = s->ops->usage(s);
    struct store_ref request = sample_create(s, &r), empty = sample_create(s, &r);
    struct record a = sample_answer(&request, 0);
    struct store_ref ref = sample_create(s, &a);
    int64_t end = T0 + 500 + SAMPLE_ANSWER_TTL;
    assert_int_equal(sample_answer_whole(s, &request, &ref, T0 + 500, 0), VERDICT_OK);

    assert_int_equal(sample_change(s, &empty, CHANGE_LAPSE, END - 1, 0, 0), VERDICT_OK);
    assert_true(sample_exists(s, &empty));
    assert_int_equal(sample_change(s, &empty, CHANGE_LAPSE, END, 0, 0), VERDICT_OK);
    assert_false(sample_exists(s, &empty));
    assert_int_equal(sample_change(s, &request, CHANGE_LAPSE, end - 1, 0, 0), VERDICT_OK);
    assert_true(sample_has_content(s, &request, r.size));
    assert_int_equal(sample_change(s, &request, CHANGE_LAPSE, end, 0, 0), VERDICT_OK);
    assert_false(sample_exists(s, &request));
    assert_int_equal(sample_change(s, &ref, CHANGE_LAPSE, end, 0, 0), VERDICT_OK);
    store_contract_usage(s, before + RECORD_ROW_COST + RECORD_VIEW_COST);
}

static void
test_requests_outlive_a_restart(void **state) {
    struct store *s = *state;
    if (store_contract_factory->reopen == NULL) return;
    struct record r = sample_request(2);
    struct store_ref request = sample_create(s, &r);
    struct record a = sample_answer(&request, 0);
    struct store_ref first = sample_create(s, &a), second = sample_create(s, &a);
    assert_int_equal(sample_answer_whole(s, &request, &first, T0, 0), VERDICT_OK);
    uint64_t usage = s->ops->usage(s);

    *state = s = store_contract_factory->reopen(s);
    assert_non_null(s);
    assert_int_equal(s->ops->usage(s), usage);
    assert_int_equal(sample_count(s, &request, &first, T0 + 1), VERDICT_OK);
    assert_true(sample_wrap_is(s, &first, WRAP, 'w'));
    assert_int_equal(sample_answer_whole(s, &request, &second, T0 + 1, 0), VERDICT_OK);
    struct record got = sample_load(s, &request);
    assert_int_equal(got.answer_count, 2);
    assert_int_equal(got.answer_ttl, r.answer_ttl);
    assert_int_equal(got.answer_size, r.answer_size);
    record_clear(&got);
}

struct answer_race {
    struct store *store;
    struct store_ref request, answers[STORE_RACERS_MAX];
    pthread_barrier_t start;
    atomic_int next, verdicts[VERDICT_FULL + 1];
};

static void *
answerer(void *arg) {
    struct answer_race *race = arg;
    const struct store_ref *ref = &race->answers[atomic_fetch_add(&race->next, 1)];
    (void)pthread_barrier_wait(&race->start);
    enum verdict v = sample_answer_whole(race->store, &race->request, ref, T0, 0);
    atomic_fetch_add(&race->verdicts[v], 1);
    return NULL;
}

/* ${different} answers come to a request for ${n} at once, each of them equally often. */
static void
race_answers(struct store *s, int n, int different) {
    static struct answer_race race;
    const int racers = store_contract_factory->racers;
    struct record r = sample_request(n);
    race = (struct answer_race){.store = s, .request = sample_create(s, &r)};
    struct record a = sample_answer(&race.request, 0);
    for (int i = 0; i < racers; i++)
        race.answers[i] = i < different ? sample_create(s, &a) : race.answers[i % different];
    crowd_run(racers, answerer, &race, &race.start);

    int taken = n < different ? n : different;
    struct record got = sample_load(s, &race.request);
    assert_int_equal(got.answer_count, taken);
    assert_int_equal(got.views_left, n - taken);
    record_clear(&got);
    assert_int_equal(race.verdicts[VERDICT_OK] + race.verdicts[VERDICT_FULL], racers);
    assert_int_equal(race.verdicts[VERDICT_OK], taken * (racers / different));

    /* Exactly those that were counted can be opened. */
    int open = 0;
    for (int i = 0; i < different; i++) {
        struct record one = sample_load(s, &race.answers[i]);
        open += one.phase == PHASE_OPEN;
        record_clear(&one);
    }
    assert_int_equal(open, taken);
}

static void
test_of_many_answers_exactly_n_are_taken(void **state) {
    static const int asked[] = {1, 3, 10};
    for (int round = 0; round < store_contract_factory->race_rounds; round++)
        for (size_t i = 0; i < ARRAY_LEN(asked); i++)
            race_answers(*state, asked[i], store_contract_factory->racers);
}

static void
test_an_answer_sent_by_many_counts_once(void **state) {
    for (int round = 0; round < store_contract_factory->race_rounds; round++)
        race_answers(*state, 3, 2);
}

int
store_contract_run_requests(int (*setup)(void **state), int (*teardown)(void **state)) {
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_a_request_counts_its_answers_in_order),
        CASE(test_a_request_takes_answers_until_it_ends),
        CASE(test_an_answer_opens_once_it_is_complete),
        CASE(test_a_refused_answer_changes_nothing),
        CASE(test_answers_of_an_ended_request_are_discarded),
        CASE(test_a_request_is_deleted_after_its_last_answer),
        CASE(test_requests_outlive_a_restart),
        CASE(test_of_many_answers_exactly_n_are_taken),
        CASE(test_an_answer_sent_by_many_counts_once),
    };
    return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
