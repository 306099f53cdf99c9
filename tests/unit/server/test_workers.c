/* SPDX-License-Identifier: MIT */
/*
 * Workers: everything that is taken is done, never more at once than allowed, and what does not fit
 * is refused at once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "server/http/workers.h"

enum { THREADS = 4, QUEUE = 8, SENDERS = 4, PIECES = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int running, most, done;

static void
wait_at_gate(struct work *work) {
    (void)work;
    pthread_mutex_lock(&lock);
    running++;
    if (running > most) most = running;
    pthread_cond_broadcast(&change);
    while (!gate_open)
        pthread_cond_wait(&change, &lock);
    running--;
    done++;
    pthread_mutex_unlock(&lock);
}

static void
work_is_bounded_and_none_is_lost(void **state) {
    struct work pieces[THREADS + QUEUE + 1] = {0};
    struct workers *w = workers_new(THREADS, QUEUE, wait_at_gate);
    (void)state;
    gate_open = false;
    running = most = done = 0;
    assert_non_null(w);
    assert_int_equal(workers_waiting_ms(w), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(workers_submit(w, &pieces[i]), 0);
    pthread_mutex_lock(&lock);
    while (running < THREADS) /* hangs here if a thread is missing */
        pthread_cond_wait(&change, &lock);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < QUEUE; i++)
        assert_int_equal(workers_submit(w, &pieces[THREADS + i]), 0);
    assert_int_equal(workers_submit(w, &pieces[THREADS + QUEUE]), ERR_BUSY);
    while (workers_waiting_ms(w) < 20) /* hangs here if that is not noticed */
        (void)usleep(1000);
    pthread_mutex_lock(&lock);
    gate_open = true;
    pthread_cond_broadcast(&change);
    pthread_mutex_unlock(&lock);
    workers_free(w); /* does what waits */
    assert_int_equal(done, THREADS + QUEUE);
    assert_int_equal(most, THREADS);
}

static atomic_int counted;

static void
count(struct work *work) {
    (void)work;
    atomic_fetch_add(&counted, 1);
}

struct sender {
    struct workers *workers;
    struct work *pieces;
    int taken;
};

static void *
send_all(void *arg) {
    struct sender *s = arg;
    for (int i = 0; i < PIECES; i++)
        if (workers_submit(s->workers, &s->pieces[i]) == 0) s->taken++;
    return NULL;
}

static void
what_many_threads_hand_in_is_done_once(void **state) {
    struct workers *w = workers_new(THREADS, QUEUE, count);
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    int taken = 0;
    (void)state;
    assert_non_null(w);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){w, calloc(PIECES, sizeof(struct work)), 0};
        assert_non_null(senders[i].pieces);
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        taken += senders[i].taken;
    }
    workers_free(w);
    assert_int_equal(atomic_load(&counted), taken);
    assert_true(taken > 0);
    for (int i = 0; i < SENDERS; i++)
        free(senders[i].pieces);
}

static void
none_can_be_freed(void **state) {
    (void)state;
    workers_free(NULL);
    workers_free(workers_new(1, 1, count));
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_bounded_and_none_is_lost),
        cmocka_unit_test(what_many_threads_hand_in_is_done_once),
        cmocka_unit_test(none_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
