/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads: everything it takes is run once, never more at once than allowed, and what
 * does not fit is refused at once.  A job that outlives its deadline is abandoned and dropped
 * later.
 */
#include "base/jobs.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"

enum { THREADS = 4, QUEUE = 8, SENDERS = 4, EACH = 20000, MS = 200, LONG = 20 * 1000, STEPS = 5 };

static const struct jobs_config usual = {
    .name = "test", .threads_max = THREADS, .threads_kept = 2, .queue_max = QUEUE};
static const struct jobs_config single = {
    .name = "test", .threads_max = 1, .threads_kept = 1, .queue_max = QUEUE};

/* Jobs wait at a gate while they run. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int running, most, done;
static atomic_int counted, dropped;

static int
reset_gate(void **state) {
    (void)state;
    gate_open = false;
    running = most = done = 0;
    atomic_store(&counted, 0);
    atomic_store(&dropped, 0);
    return 0;
}

static bool
wait_at_gate(struct job *job) {
    (void)job;
    pthread_mutex_lock(&lock);
    running++;
    if (running > most) most = running;
    pthread_cond_broadcast(&change);
    while (!gate_open)
        pthread_cond_wait(&change, &lock);
    running--;
    done++;
    pthread_mutex_unlock(&lock);
    return true;
}

static void
wait_until_running(int count) {
    pthread_mutex_lock(&lock);
    while (running < count) /* hangs here if a thread is missing */
        pthread_cond_wait(&change, &lock);
    pthread_mutex_unlock(&lock);
}

static void
open_gate(void) {
    pthread_mutex_lock(&lock);
    gate_open = true;
    pthread_cond_broadcast(&change);
    pthread_mutex_unlock(&lock);
}

static bool
count(struct job *job) {
    (void)job;
    atomic_fetch_add(&counted, 1);
    return true;
}

static void
drop(struct job *job) {
    free(job);
    atomic_fetch_add(&dropped, 1);
}

static struct job *
new_job(bool (*run)(struct job *job)) {
    struct job *job = calloc(1, sizeof(*job));
    assert_non_null(job);
    job->run = run;
    job->drop = drop;
    return job;
}

static void
test_jobs_are_bounded_and_none_is_lost(void **state) {
    struct job all[THREADS + QUEUE + 1];
    struct jobs *jobs = jobs_new(&usual);
    (void)state;
    assert_non_null(jobs);
    assert_int_equal(jobs_waiting_ms(jobs), 0);
    for (int i = 0; i < THREADS + QUEUE + 1; i++)
        all[i] = (struct job){.run = wait_at_gate};

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(jobs_submit(jobs, &all[i]), 0);
    wait_until_running(THREADS);
    for (int i = 0; i < QUEUE; i++)
        assert_int_equal(jobs_submit(jobs, &all[THREADS + i]), 0);
    assert_int_equal(jobs_submit(jobs, &all[THREADS + QUEUE]), ERR_BUSY);

    struct jobs_load load = jobs_load(jobs);
    assert_int_equal(load.threads, THREADS);
    assert_int_equal(load.running, THREADS);
    assert_int_equal(load.waiting, QUEUE);
    while (jobs_waiting_ms(jobs) < 20) /* hangs here if that is not noticed */
        (void)usleep(1000);

    open_gate();
    jobs_free(jobs); /* runs what waits */
    assert_int_equal(done, THREADS + QUEUE);
    assert_int_equal(most, THREADS);
}

struct sender {
    struct jobs *jobs;
    struct job *all;
    int taken;
    pthread_t thread;
};

static void *
send_all(void *arg) {
    struct sender *s = arg;
    for (int i = 0; i < EACH; i++) {
        s->all[i].run = count;
        if (jobs_submit(s->jobs, &s->all[i]) == 0) s->taken++;
    }
    return NULL;
}

static void
test_what_many_threads_submit_runs_once(void **state) {
    struct jobs *jobs = jobs_new(&usual);
    struct sender senders[SENDERS];
    int taken = 0;
    (void)state;
    assert_non_null(jobs);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.jobs = jobs, .all = calloc(EACH, sizeof(struct job))};
        assert_non_null(senders[i].all);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        taken += senders[i].taken;
    }
    jobs_free(jobs);
    assert_int_equal(atomic_load(&counted), taken);
    assert_true(taken > 0);
    for (int i = 0; i < SENDERS; i++)
        free(senders[i].all);
}

static void *
do_all(void *arg) {
    struct sender *s = arg;
    for (int i = 0; i < 1000; i++) {
        struct job *job = &s->all[i];
        job->run = count;
        while (jobs_do(s->jobs, &job, -1) != 0)
            continue;
    }
    return NULL;
}

static void
test_callers_get_their_jobs_back(void **state) {
    struct jobs *jobs = jobs_new(&usual);
    struct sender senders[SENDERS];
    (void)state;
    assert_non_null(jobs);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.jobs = jobs, .all = calloc(EACH, sizeof(struct job))};
        assert_non_null(senders[i].all);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, do_all, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        free(senders[i].all);
    }
    assert_int_equal(atomic_load(&counted), SENDERS * 1000);
    jobs_free(jobs);
}

static bool
is_job(const struct job *job, const void *ctx) {
    return job == ctx;
}

static void
test_a_job_that_hangs_is_abandoned(void **state) {
    struct jobs *jobs = jobs_new(&single);
    (void)state;
    assert_non_null(jobs);
    struct job *first = new_job(wait_at_gate);
    struct job *second = new_job(count);
    const struct job *known = first;
    int64_t start = clock_monotonic_ms();

    assert_false(jobs_abandoned(jobs, NULL, NULL));
    assert_int_equal(jobs_do(jobs, &first, MS), ERR_STUCK);
    assert_null(first);
    assert_in_range(clock_monotonic_ms() - start, MS, LONG);
    assert_true(jobs_abandoned(jobs, NULL, NULL));
    assert_true(jobs_abandoned(jobs, is_job, known));
    assert_false(jobs_abandoned(jobs, is_job, second));

    /* What never began has not happened, and stays its caller's. */
    assert_int_equal(jobs_do(jobs, &second, MS), ERR_BUSY);
    assert_non_null(second);
    assert_int_equal(atomic_load(&counted), 0);

    open_gate();
    while (jobs_abandoned(jobs, NULL, NULL))
        (void)usleep(1000);
    assert_int_equal(jobs_do(jobs, &second, LONG), 0);
    assert_int_equal(atomic_load(&counted), 1);
    jobs_free(jobs);
    assert_int_equal(done, 1);
    assert_int_equal(atomic_load(&dropped), 1);
    free(second);
}

static void
test_the_end_waits_for_an_abandoned_job(void **state) {
    struct jobs *jobs = jobs_new(&single);
    (void)state;
    assert_non_null(jobs);
    struct job *job = new_job(wait_at_gate);
    assert_int_equal(jobs_do(jobs, &job, MS), ERR_STUCK);
    open_gate();
    jobs_free(jobs);
    assert_int_equal(atomic_load(&dropped), 1);
}

/* A job of several steps, each of which says when it ran. */
struct stepped {
    struct job base;
    int left;
    int order[STEPS];
};

static bool
run_step(struct job *base) {
    struct stepped *job = (struct stepped *)base;
    job->order[--job->left] = atomic_fetch_add(&counted, 1);
    return job->left == 0;
}

static void *
do_stepped(void *arg) {
    struct sender *s = arg;
    assert_int_equal(jobs_do(s->jobs, &s->all, -1), 0);
    return NULL;
}

/* Neither of two long jobs keeps the other waiting until it is complete. */
static void
test_steps_leave_room_for_others(void **state) {
    struct jobs *jobs = jobs_new(&single);
    struct job gate = {.run = wait_at_gate};
    struct stepped all[2];
    struct sender senders[2];
    (void)state;
    assert_non_null(jobs);
    assert_int_equal(jobs_submit(jobs, &gate), 0);
    wait_until_running(1); /* a gate that still waits would count below */
    for (int i = 0; i < 2; i++) {
        all[i] = (struct stepped){.base.run = run_step, .left = STEPS};
        senders[i] = (struct sender){.jobs = jobs, .all = &all[i].base};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, do_stepped, &senders[i]), 0);
    }
    while (jobs_load(jobs).waiting < 2)
        (void)usleep(1000);

    open_gate();
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
    jobs_free(jobs);
    assert_int_equal(atomic_load(&counted), 2 * STEPS);
    for (int step = 1; step < STEPS; step++)
        assert_int_equal(all[0].order[step - 1] - all[0].order[step], 2);
}

/* A job that a client's job waits for, in another pool, is that client's too. */
struct nested {
    struct job base;
    struct jobs *inner;
};

static bool
run_nested(struct job *base) {
    struct nested *nested = (struct nested *)base;
    struct job inner = {.run = wait_at_gate}, *job = &inner;
    assert_int_equal(jobs_do(nested->inner, &job, -1), 0);
    return true;
}

static void
test_a_client_never_has_all_threads_of_two_pools(void **state) {
    struct jobs_config shared = {
        .name = "test", .threads_max = QUEUE, .threads_kept = 2, .queue_max = QUEUE};
    shared.shared = true;
    struct jobs *outer = jobs_new(&shared);
    shared.threads_max = THREADS;
    struct jobs *inner = jobs_new(&shared);
    struct nested all[QUEUE], other = {.base.run = run_nested, .inner = inner};
    const struct party hostile = {.client = {1}, .network = {1}}, another = {.client = {2}};
    (void)state;
    assert_non_null(outer);
    assert_non_null(inner);

    for (int i = 0; i < QUEUE; i++) {
        all[i] = (struct nested){.base.run = run_nested, .inner = inner};
        assert_int_equal(jobs_submit_for(outer, &all[i].base, &hostile), 0);
    }
    /* 5 of 8 threads, and there 3 of 4 (job_queue.h); hangs here if it is fewer. */
    wait_until_running(3);
    while (jobs_load(inner).waiting < 2)
        (void)usleep(1000);
    assert_int_equal(jobs_load(outer).running, 5);
    assert_int_equal(jobs_load(inner).running, 3);

    /* So one of another client runs at once. */
    assert_int_equal(jobs_submit_for(outer, &other.base, &another), 0);
    wait_until_running(4);
    open_gate();
    jobs_free(outer);
    jobs_free(inner);
    assert_int_equal(done, QUEUE + 1);
}

static void
test_none_can_be_freed(void **state) {
    (void)state;
    jobs_free(NULL);
    jobs_free(jobs_new(&usual));
}

int
main(void) {
#define CASE(name) cmocka_unit_test_setup(name, reset_gate)
    const struct CMUnitTest tests[] = {
        CASE(test_jobs_are_bounded_and_none_is_lost),
        CASE(test_what_many_threads_submit_runs_once),
        CASE(test_callers_get_their_jobs_back),
        CASE(test_a_job_that_hangs_is_abandoned),
        CASE(test_the_end_waits_for_an_abandoned_job),
        CASE(test_steps_leave_room_for_others),
        CASE(test_a_client_never_has_all_threads_of_two_pools),
        CASE(test_none_can_be_freed),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
