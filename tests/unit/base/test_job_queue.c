/* SPDX-License-Identifier: MIT */
/*
 * The turns of jobs: no network and no client waits behind the queue of another, and none uses all
 * threads.
 */
#include "base/job_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/jobs.h"

enum { THREADS = 16, MANY = 100 };

static struct job_queue queue;
static struct job jobs[3 * MANY];
static unsigned used;

static int
begin(void **state) {
    (void)state;
    job_queue_init(&queue, THREADS);
    memset(jobs, 0, sizeof(jobs));
    used = 0;
    return 0;
}

/* Add ${count} jobs of client ${client} of network ${network} (0: of no client).  Returns the
 * first. */
static struct job *
add(uint8_t network, uint8_t client, unsigned count) {
    const struct party who = {.client = {network, client}, .network = {network}};
    struct job *first = &jobs[used];
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(job_queue_add(&queue, &jobs[used++], network == 0 ? NULL : &who), 0);
    return first;
}

static void
run_one(struct job *expected) {
    struct job *job = job_queue_take(&queue);
    assert_ptr_equal(job, expected);
    job_queue_done(&queue, job->party);
}

/* Take all that may run.  Returns how many that were. */
static unsigned
take_all(struct job **taken) {
    unsigned count = 0;
    for (struct job *job; (job = job_queue_take(&queue)) != NULL;)
        taken[count++] = job;
    return count;
}

static void
run_rest(void) {
    for (struct job *job; (job = job_queue_take(&queue)) != NULL;)
        job_queue_done(&queue, job->party);
    assert_int_equal(queue.waiting, 0);
    assert_int_equal(queue.running, 0);
    for (int i = 0; i < JOB_QUEUE_BUCKETS; i++)
        assert_null(queue.buckets[i]);
}

static void
test_jobs_of_one_client_run_in_order(void **state) {
    (void)state;
    struct job *first = add(1, 1, 3);
    for (int i = 0; i < 3; i++)
        run_one(first + i);
    assert_null(job_queue_take(&queue));
    run_rest();
}

static void
test_networks_take_turns_and_so_do_their_clients(void **state) {
    (void)state;
    struct job *a = add(1, 1, MANY);
    struct job *b = add(1, 2, MANY);
    struct job *other = add(2, 1, 2);
    struct job *nobody = add(0, 0, 1);

    run_one(a);
    run_one(other);
    run_one(nobody);
    run_one(b);
    run_one(other + 1);
    run_one(a + 1);
    run_one(b + 1);

    /* One that comes later waits for one job of each network. */
    other = add(3, 1, 1);
    run_one(a + 2);
    run_one(other);
    run_rest();
}

static void
test_none_uses_all_threads(void **state) {
    struct job *taken[THREADS + 1];
    (void)state;

    (void)add(1, 1, MANY);
    unsigned alone = take_all(taken);
    assert_int_equal(alone, 9); /* three quarters of the 12 of its network */
    assert_false(job_queue_ready(&queue));

    struct job *same = add(1, 2, 1);
    assert_ptr_equal(job_queue_take(&queue), same);
    struct job *other = add(2, 1, 1);
    assert_ptr_equal(job_queue_take(&queue), other);

    /* Each end lets a job of the same client run. */
    for (unsigned i = 0; i < alone; i++) {
        job_queue_done(&queue, taken[i]->party);
        taken[i] = job_queue_take(&queue);
        assert_non_null(taken[i]);
        assert_null(job_queue_take(&queue));
    }

    for (unsigned i = 0; i < alone; i++)
        job_queue_done(&queue, taken[i]->party);
    job_queue_done(&queue, same->party);
    job_queue_done(&queue, other->party);
    run_rest();
}

static void
test_all_threads_are_used_by_many_and_by_jobs_of_no_client(void **state) {
    struct job *taken[THREADS + 1];
    (void)state;
    for (uint8_t network = 1; network <= 2 * THREADS; network++)
        (void)add(network, 1, 3);
    assert_int_equal(take_all(taken), THREADS);
    for (int i = 0; i < THREADS; i++)
        job_queue_done(&queue, taken[i]->party);
    run_rest();

    (void)add(0, 0, MANY);
    assert_int_equal(take_all(taken), THREADS);
    for (int i = 0; i < THREADS; i++)
        job_queue_done(&queue, taken[i]->party);
    run_rest();
}

static void
test_jobs_can_be_removed_and_run_again(void **state) {
    (void)state;
    struct job *first = add(1, 1, 3);
    struct job *other = add(2, 1, 1);
    job_queue_remove(&queue, first + 2);
    job_queue_remove(&queue, first);
    job_queue_remove(&queue, other);

    /* A job of several steps keeps its client. */
    assert_ptr_equal(job_queue_take(&queue), first + 1);
    struct job_party *party = first[1].party;
    assert_int_equal(job_queue_client(&queue, party)->network[0], 1);
    job_queue_again(&queue, first + 1);
    job_queue_done(&queue, party);
    run_one(first + 1);

    struct job *nobody = add(0, 0, 1);
    assert_null(job_queue_client(&queue, nobody->party));
    run_rest();
}

int
main(void) {
#define CASE(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        CASE(test_jobs_of_one_client_run_in_order),
        CASE(test_networks_take_turns_and_so_do_their_clients),
        CASE(test_none_uses_all_threads),
        CASE(test_all_threads_are_used_by_many_and_by_jobs_of_no_client),
        CASE(test_jobs_can_be_removed_and_run_again),
    };
    return cmocka_run_group_tests_name("job_queue", tests, NULL, NULL);
}
