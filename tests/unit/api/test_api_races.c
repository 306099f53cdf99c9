/* SPDX-License-Identifier: MIT */
/* Many threads through one API get exactly the views, attempts, tokens and uploads that exist. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"

enum { THREADS = 8, ROUNDS = 40, KEY = 5, WRONG = 6 };

/* What all threads do at once, each with its own requests and responses. */
struct race {
    struct api_fixture *fixture;
    void (*run)(struct api_fixture *mine, struct race *race, int thread);
    char id[23], owner[44];
    char *body;
    pthread_barrier_t start;
    atomic_int won, lost, other;
};

struct runner {
    struct race *race;
    struct api_fixture mine;
    int thread;
};

static void *
run(void *arg) {
    struct runner *r = arg;
    (void)pthread_barrier_wait(&r->race->start);
    r->race->run(&r->mine, r->race, r->thread);
    return NULL;
}

static void
race(struct race *race, void (*f)(struct api_fixture *mine, struct race *race, int thread)) {
    static struct runner runners[THREADS];
    pthread_t threads[THREADS];
    race->run = f;
    atomic_store(&race->won, 0);
    atomic_store(&race->lost, 0);
    atomic_store(&race->other, 0);
    assert_int_equal(pthread_barrier_init(&race->start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        runners[i] = (struct runner){.race = race, .mine = *race->fixture, .thread = i};
        http_response_init(&runners[i].mine.resp, 8 << 20);
        buf_init(&runners[i].mine.req.body, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        http_response_clear(&runners[i].mine.resp);
        buf_free(&runners[i].mine.req.body);
    }
    (void)pthread_barrier_destroy(&race->start);
}

static void
count(struct race *race, int status, int won, int lost) {
    atomic_fetch_add(status == won ? &race->won : status == lost ? &race->lost : &race->other, 1);
}

static void
open_twice(struct api_fixture *mine, struct race *race, int thread) {
    char lease = (char)('a' + thread);
    int first = api_fixture_open_secret(mine, race->id, KEY, lease);
    count(race, first, 200, 404);
    if (first == 200 && api_fixture_open_secret(mine, race->id, KEY, lease) != 200)
        atomic_fetch_add(&race->other, 1); /* the same lease is the same view */
}

static void
views_are_exact(void **state) {
    for (int i = 0; i < ROUNDS; i++) {
        struct race r = {.fixture = *state};
        int views = 1 + i % 3;
        struct api_fixture_secret what = {
            .views = views, .ttl = 3600, .size = 304, .inside = true, .key = KEY};
        api_fixture_create(r.fixture, what, r.id, r.owner);
        race(&r, open_twice);
        assert_int_equal(r.won, views);
        assert_int_equal(r.lost, THREADS - views);
        assert_int_equal(r.other, 0);
    }
}

static void
guess(struct api_fixture *mine, struct race *race, int thread) {
    for (int i = 0; i < 10; i++)
        count(race, api_fixture_open_secret(mine, race->id, WRONG, (char)('a' + thread)), 403, 404);
}

static void
attempts_are_exact(void **state) {
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct race r = {.fixture = *state};
        struct api_fixture_secret what = {
            .views = 1, .ttl = 3600, .attempts = 10, .size = 304, .inside = true, .key = KEY};
        api_fixture_create(r.fixture, what, r.id, r.owner);
        race(&r, guess);
        assert_int_equal(r.won, 10);
        assert_int_equal(r.lost, 10 * THREADS - 10);
    }
}

static void
ask_for_info(struct api_fixture *mine, struct race *race, int thread) {
    (void)thread;
    for (int i = 0; i < 10; i++)
        count(race, api_fixture_ask(mine, (struct ask){.target = "/api/v1/secrets/x"}), 404, 429);
}

static void
buckets_are_exact(void **state) {
    struct race r = {.fixture = *state};
    r.fixture->api.config.rate_open = 17;
    api_fixture_reopen(r.fixture);
    race(&r, ask_for_info);
    assert_int_equal(r.won, 17);
    assert_int_equal(r.lost, 10 * THREADS - 17);
}

static void
begin_upload(struct api_fixture *mine, struct race *race, int thread) {
    (void)thread;
    struct ask create = {.target = "/api/v1/secrets", .body = race->body};
    for (int i = 0; i < 3; i++)
        count(race, api_fixture_ask(mine, create), 201, 429);
}

static void
uploads_are_exact(void **state) {
    struct race r = {.fixture = *state};
    r.body = api_fixture_create_body(
        (struct api_fixture_secret){.views = 1, .ttl = 3600, .size = 100000});
    race(&r, begin_upload);
    assert_int_equal(r.won, 4);
    assert_int_equal(r.lost, 3 * THREADS - 4);
    free(r.body);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(views_are_exact),
        TEST(attempts_are_exact),
        TEST(buckets_are_exact),
        TEST(uploads_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
