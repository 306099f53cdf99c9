/* SPDX-License-Identifier: MIT */
/* A blob store with a deadline, over a memory store that works and over one that hangs. */
#include "store/blobs/deadline.h"

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
#include "memory_blobs.h"
#include "scratch.h"

enum {
    MS = 400,
    CALLERS = 24,
    LONG = 30 * 1000,
    PARTS = 6400, /* erased in some hundred calls, one second in all */
    SLICE_US = 5000,
    /* The queue becomes longer than the deadline.  A put takes a quarter of it: on a busy machine
     * it lasts longer than it should, and is not to be late for that. */
    BUSY_MS = 5 * MS,
    BUSY_PUT_MS = BUSY_MS / 4,
    BUSY_CALLERS = 96,
    BUSY_ROUNDS = 2,
};

#define NAME  "Name000000000000000001"
#define OTHER "Name000000000000000002"

static atomic_bool hangs;
static atomic_bool slow;         /* each erase lasts SLICE_US */
static atomic_uint put_ms;       /* that each put lasts */
static atomic_uint parts_erased; /* erased so far */

static const struct blobs_ops *memory_ops;

static int
hanging_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    while (atomic_load(&hangs))
        (void)usleep(1000);
    (void)usleep(1000 * atomic_load(&put_ms));
    return memory_ops->put(b, name, k, data, len);
}

/* The memory has no file: the bytes of the pipe are zeros. */
static int
hanging_get_piped(struct blobs *b, const char *name, uint32_t k, size_t len, struct piped *out) {
    (void)b, (void)name, (void)k;
    while (atomic_load(&hangs))
        (void)usleep(1000);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)len), 0);
    int err = piped_fill(out, fileno(file), len);
    (void)fclose(file);
    return err == 0 ? 1 : err;
}

static int
hanging_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    while (atomic_load(&hangs))
        (void)usleep(1000);
    if (atomic_load(&slow)) (void)usleep(SLICE_US);
    atomic_fetch_add(&parts_erased, count);
    return memory_ops->erase(b, name, first, count);
}

static int
hanging_ping(struct blobs *b) {
    while (atomic_load(&hangs))
        (void)usleep(1000);
    return memory_ops->ping(b);
}

static struct blobs *
open_well(void) {
    return blobs_deadline_new(memory_blobs_open(), LONG);
}

static void
finish(struct blobs *b) {
    b->ops->close(b);
}

/* Open a store whose put, erase and ping hang while ${hangs} is true, as it is at first. */
static struct blobs *
open_hanging_for(int ms) {
    static struct blobs_ops ops;
    struct blobs *b = memory_blobs_open();
    memory_ops = b->ops;
    ops = *memory_ops;
    ops.put = hanging_put;
    ops.get_piped = hanging_get_piped;
    ops.erase = hanging_erase;
    ops.ping = hanging_ping;
    b->ops = &ops;
    atomic_store(&hangs, true);
    atomic_store(&slow, false);
    atomic_store(&put_ms, 0);
    atomic_store(&parts_erased, 0);
    return blobs_deadline_new(b, ms);
}

static struct blobs *
open_hanging(void) {
    return open_hanging_for(MS);
}

static void
wait_until_healthy(struct blobs *b) {
    int64_t start = clock_monotonic_ms();
    atomic_store(&hangs, false);
    while (b->ops->ping(b) != 0)
        assert_true(clock_monotonic_ms() - start < LONG);
}

static bool
knows_none(void *ctx, const char *name) {
    (void)ctx;
    (void)name;
    return false;
}

static bool
knows_all(void *ctx, const char *name) {
    (void)ctx;
    (void)name;
    return true;
}

static void
test_a_call_that_hangs_is_abandoned(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    struct buf out = BUF_INIT(10);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_UNKNOWN_OUTCOME);
    assert_in_range(clock_monotonic_ms() - start, MS, LONG);
    /* No other call waits. */
    start = clock_monotonic_ms();
    assert_int_equal(b->ops->ping(b), ERR_STUCK);
    assert_true(b->ops->stuck(b));
    assert_int_equal(b->ops->put(b, NAME, 1, "y", 1), ERR_STORE);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), ERR_STORE);
    assert_int_equal(b->ops->erase(b, NAME, 0, 1), ERR_STORE);
    assert_int_equal(b->ops->tidy(b, knows_none, NULL), ERR_STORE);
    assert_true(clock_monotonic_ms() - start < MS);
    /* The disk works again: the put happens after all, and the next tidy finds it. */
    wait_until_healthy(b);
    assert_false(b->ops->stuck(b));
    assert_int_equal(b->ops->get(b, NAME, 0, &out), 1);
    assert_true(buf_equals(&out, "x", 1));
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 0);
    assert_int_equal(b->ops->tidy(b, knows_none, NULL), 0);
    assert_int_equal(b->ops->usage(b), 0);
    buf_free(&out);
    finish(b);
}

/* The memory belongs to the put: its caller may go on while the put still reads it. */
static void
test_what_a_put_takes_outlives_its_caller(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    struct buf out = BUF_INIT(10), data = BUF_INIT(10);
    assert_int_equal(buf_add_text(&data, "taken"), 0);
    assert_int_equal(b->ops->put_taking(b, NAME, 0, &data), ERR_UNKNOWN_OUTCOME);
    assert_int_equal(data.len, 0);
    assert_int_equal(buf_add_text(&data, "other"), 0);

    wait_until_healthy(b);
    assert_int_equal(b->ops->get(b, NAME, 0, &out), 1);
    assert_true(buf_equals(&out, "taken", 5));
    assert_int_equal(b->ops->put_taking(b, NAME, 0, &data), ERR_CONFLICT);
    assert_int_equal(data.len, 0);
    buf_free(&out);
    buf_free(&data);
    finish(b);
}

static int
open_descriptors(void) {
    return scratch_count_files("/proc/self/fd");
}

/* A pipe that is filled after its caller left is closed with the job. */
static void
test_a_pipe_that_comes_too_late_is_closed(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    struct piped out = {0};
    int before = open_descriptors();
    assert_int_equal(b->ops->get_piped(b, NAME, 0, PIPED_MIN, &out), ERR_STORE);
    assert_int_equal(out.len, 0);

    wait_until_healthy(b);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(b->ops->get_piped(b, NAME, 0, PIPED_MIN, &out), 1);
    assert_int_equal(out.len, PIPED_MIN);
    assert_int_equal(open_descriptors(), before + 1);
    piped_close(&out);
    finish(b);
}

static void
test_a_ping_is_answered_in_time(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    int64_t start = clock_monotonic_ms();
    assert_int_equal(b->ops->ping(b), ERR_STUCK);
    assert_in_range(clock_monotonic_ms() - start, MS, LONG);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), ERR_STORE);
    wait_until_healthy(b);
    assert_int_equal(b->ops->put(b, NAME, 0, "x", 1), 1);
    finish(b);
}

/* A call that lasts many deadlines but makes progress does not stall. */
static void
test_a_long_erase_runs_beside_other_calls(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    struct buf out = BUF_INIT(10);
    atomic_store(&hangs, false);
    atomic_store(&slow, true);
    assert_int_equal(b->ops->put(b, NAME, PARTS - 1, "x", 1), 1);
    assert_int_equal(b->ops->put(b, OTHER, 0, "y", 1), 1);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(b->ops->erase(b, NAME, 0, PARTS), ERR_BUSY);
    assert_in_range(clock_monotonic_ms() - start, MS, LONG);
    start = clock_monotonic_ms();
    unsigned before = atomic_load(&parts_erased);
    assert_in_range(before, 1, PARTS - 1);
    assert_int_equal(b->ops->erase(b, NAME, 0, PARTS), ERR_BUSY);
    assert_int_equal(b->ops->ping(b), 0);
    assert_int_equal(b->ops->put(b, OTHER, 1, "z", 1), 1);
    assert_int_equal(b->ops->get(b, OTHER, 0, &out), 1);
    assert_int_equal(b->ops->tidy(b, knows_all, NULL), 0);
    assert_int_equal(b->ops->usage(b), 3); /* not all of it is erased yet */
    while (atomic_load(&parts_erased) < PARTS) {
        assert_int_equal(b->ops->ping(b), 0);
        assert_true(clock_monotonic_ms() - start < LONG);
        (void)usleep(1000);
    }
    atomic_store(&slow, false);
    while (b->ops->erase(b, NAME, 0, PARTS) != 0)
        assert_true(clock_monotonic_ms() - start < LONG);
    assert_int_equal(b->ops->usage(b), 2);
    buf_free(&out);
    finish(b);
}

static void
test_an_erase_without_progress_stalls(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    assert_int_equal(b->ops->erase(b, NAME, 0, PARTS), ERR_STORE);
    assert_int_equal(b->ops->ping(b), ERR_STUCK);
    assert_int_equal(b->ops->put(b, OTHER, 0, "y", 1), ERR_STORE);
    wait_until_healthy(b);
    assert_int_equal(b->ops->put(b, OTHER, 0, "y", 1), 1);
    finish(b);
}

/* The same for an erase that made progress at first. */
static void
test_an_erase_that_stalls_later_is_noticed(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    atomic_store(&hangs, false);
    atomic_store(&slow, true);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(b->ops->erase(b, NAME, 0, 4 * PARTS), ERR_BUSY);
    assert_int_equal(b->ops->ping(b), 0);
    atomic_store(&hangs, true);
    while (!b->ops->stuck(b))
        assert_true(clock_monotonic_ms() - start < LONG);
    wait_until_healthy(b);
    finish(b);
}

static void
test_an_end_does_not_wait_for_a_long_erase(void **state) {
    (void)state;
    struct blobs *b = open_hanging();
    atomic_store(&hangs, false);
    atomic_store(&slow, true);
    assert_int_equal(b->ops->erase(b, NAME, 0, 100 * PARTS), ERR_BUSY); /* more than a minute */
    int64_t start = clock_monotonic_ms();
    finish(b);
    assert_true(clock_monotonic_ms() - start < LONG);
}

struct caller {
    struct blobs *blobs;
    uint32_t k;
    int result;
    pthread_t thread;
};

static void *
caller_main(void *arg) {
    struct caller *m = arg;
    m->result = m->blobs->ops->put(m->blobs, NAME, m->k, "x", 1);
    return NULL;
}

/* More calls than threads: those that never began certainly did not happen. */
static void
test_many_callers_are_answered_in_time(void **state) {
    (void)state;
    struct caller all[CALLERS];
    struct blobs *b = open_hanging();
    int64_t start = clock_monotonic_ms();
    uint64_t unknown = 0;
    for (int i = 0; i < CALLERS; i++) {
        all[i] = (struct caller){.blobs = b, .k = (uint32_t)i};
        assert_int_equal(pthread_create(&all[i].thread, NULL, caller_main, &all[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        assert_true(all[i].result == ERR_UNKNOWN_OUTCOME || all[i].result == ERR_STORE);
        if (all[i].result == ERR_UNKNOWN_OUTCOME) unknown++;
    }
    assert_true(clock_monotonic_ms() - start < 10 * MS);
    assert_in_range(unknown, 1, CALLERS - 1);
    wait_until_healthy(b);
    assert_int_equal(b->ops->usage(b), unknown);
    finish(b);
}

struct busy_caller {
    struct blobs *blobs;
    unsigned number;
    int refused_at_once;
    pthread_t thread;
};

static void *
put_on_a_slow_disk(void *arg) {
    struct busy_caller *c = arg;
    for (unsigned n = 0; n < BUSY_ROUNDS; n++) {
        int64_t start = clock_monotonic_ms();
        int result = c->blobs->ops->put(c->blobs, NAME, c->number * BUSY_ROUNDS + n, "x", 1);
        if (result < 0 && clock_monotonic_ms() - start < BUSY_MS / 2) c->refused_at_once++;
    }
    return NULL;
}

/* Of more calls than the disk can do in time some are abandoned soon after they began.  The disk is
 * slow, but it works: no other call is refused because of them, and no health check fails. */
static void
test_a_slow_disk_does_not_stall(void **state) {
    (void)state;
    struct busy_caller all[BUSY_CALLERS];
    struct blobs *b = open_hanging_for(BUSY_MS);
    atomic_store(&hangs, false);
    atomic_store(&put_ms, BUSY_PUT_MS);
    for (unsigned i = 0; i < BUSY_CALLERS; i++) {
        all[i] = (struct busy_caller){.blobs = b, .number = i};
        assert_int_equal(pthread_create(&all[i].thread, NULL, put_on_a_slow_disk, &all[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        assert_false(b->ops->stuck(b));
        (void)usleep(BUSY_PUT_MS / 2 * 1000);
    }

    int refused = 0;
    for (int i = 0; i < BUSY_CALLERS; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        refused += all[i].refused_at_once;
    }
    assert_int_equal(refused, 0);
    atomic_store(&put_ms, 0);
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
        cmocka_unit_test(test_a_call_that_hangs_is_abandoned),
        cmocka_unit_test(test_what_a_put_takes_outlives_its_caller),
        cmocka_unit_test(test_a_pipe_that_comes_too_late_is_closed),
        cmocka_unit_test(test_a_ping_is_answered_in_time),
        cmocka_unit_test(test_a_long_erase_runs_beside_other_calls),
        cmocka_unit_test(test_an_erase_without_progress_stalls),
        cmocka_unit_test(test_an_erase_that_stalls_later_is_noticed),
        cmocka_unit_test(test_an_end_does_not_wait_for_a_long_erase),
        cmocka_unit_test(test_many_callers_are_answered_in_time),
        cmocka_unit_test(test_a_slow_disk_does_not_stall),
        cmocka_unit_test(test_an_end_while_something_hangs_waits_for_it),
    };
    int failed = blobs_contract_run(&factory);
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    return failed + cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
