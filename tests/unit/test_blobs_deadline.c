/* SPDX-License-Identifier: MIT */
/* A blob store that answers in time, over one that does what is asked of it, and one that hangs. */
#include "store/blobs_deadline.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "blobs_contract.h"
#include "store/blobs_memory.h"

enum { MS = 200, CROWD = 24, LONG = 10 * 1000 };

#define NAME "Name000000000000000001"

static atomic_bool hangs;

static const struct blobs_ops *memory_ops;

static int
hanging_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    while (atomic_load(&hangs))
        (void)usleep(1000);
    return memory_ops->put(b, name, k, data, len);
}

static struct blobs *
open_well(void) {
    return blobs_deadline_new(blobs_memory_open(), LONG);
}

static void
finish(struct blobs *b) {
    b->ops->close(b);
}

/* One whose put hangs while ${hangs} says so. */
static struct blobs *
open_hanging(void) {
    static struct blobs_ops ops;
    struct blobs *b = blobs_memory_open();
    memory_ops = b->ops;
    ops = *memory_ops;
    ops.put = hanging_put;
    b->ops = &ops;
    atomic_store(&hangs, true);
    return blobs_deadline_new(b, MS);
}

static void
wait_well(struct blobs *b) {
    int64_t start = clock_monotonic_ms();
    atomic_store(&hangs, false);
    while (b->ops->ping(b) != 0)
        assert_true(clock_monotonic_ms() - start < LONG);
}

static bool
nobody(void *ctx, const char *name) {
    (void)ctx;
    (void)name;
    return false;
}

static void
test_what_hangs_is_given_up(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    struct buf out = BUF_INIT(10);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(b->ops->ping(b), 0);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_UNKNOWN_OUTCOME);
    assert_in_range(clock_monotonic_ms() - start, MS, LONG);
    /* Nobody else waits, whatever he asks for. */
    start = clock_monotonic_ms();
    assert_int_equal(b->ops->ping(b), ERR_STUCK);
    assert_int_equal(b->ops->put(b, NAME, 1, "y", 1), ERR_STORE);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), ERR_STORE);
    assert_int_equal(b->ops->erase(b, NAME, 1), ERR_STORE);
    assert_int_equal(b->ops->tidy(b, nobody, NULL), ERR_STORE);
    assert_true(clock_monotonic_ms() - start < MS);
    /* It is over: the put comes through after all, and the next tidy sees it. */
    wait_well(b);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), 1);
    assert_true(buf_equals(&out, "x", 1));
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 0);
    assert_int_equal(b->ops->tidy(b, nobody, NULL), 0);
    assert_int_equal(b->ops->usage(b), 0);
    buf_free(&out);
    finish(b);
}

struct member {
    struct blobs *blobs;
    uint32_t k;
    int result;
    pthread_t thread;
};

static void *
member_main(void *arg) {
    struct member *m = arg;
    m->result = m->blobs->ops->put(m->blobs, NAME, m->k, "x", 1);
    return NULL;
}

/* More than there are threads: those that never began certainly did not happen. */
static void
test_a_crowd_is_answered_in_time(void **state) {
    (void)state;
    struct member all[CROWD];
    struct blobs *b = open_hanging();
    int64_t start = clock_monotonic_ms();
    uint64_t unknown = 0;
    for (int i = 0; i < CROWD; i++) {
        all[i] = (struct member){.blobs = b, .k = (uint32_t)i};
        assert_int_equal(pthread_create(&all[i].thread, NULL, member_main, &all[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        assert_true(all[i].result == ERR_UNKNOWN_OUTCOME || all[i].result == ERR_STORE);
        if (all[i].result == ERR_UNKNOWN_OUTCOME) unknown++;
    }
    assert_true(clock_monotonic_ms() - start < 10 * MS);
    assert_in_range(unknown, 1, CROWD - 1);
    wait_well(b);
    assert_int_equal(b->ops->usage(b), unknown);
    finish(b);
}

static void
test_an_end_while_something_hangs_waits_for_it(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_UNKNOWN_OUTCOME);
    atomic_store(&hangs, false);
    finish(b);
}

int
main(void) {
    static const struct blobs_factory factory = {
        .name = "blobs with a deadline",
        .open = open_well,
        .finish = finish,
        .local = true,
        .race_rounds = 10,
    };
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_hangs_is_given_up),
        cmocka_unit_test(test_a_crowd_is_answered_in_time),
        cmocka_unit_test(test_an_end_while_something_hangs_waits_for_it),
    };
    int failed = blobs_contract_run(&factory);
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    return failed + cmocka_run_group_tests_name("what hangs", tests, NULL, NULL);
}
