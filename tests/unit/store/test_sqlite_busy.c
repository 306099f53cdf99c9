/* SPDX-License-Identifier: MIT */
/*
 * A store that is busy is not broken.  What another connection has locked for a moment is waited
 * for, and no lock of that kind makes the store open its file again.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "store_samples.h"

enum { LOCKED_MS = 300, LONG = 20 * 1000, READERS = 6, WRITERS = 2, CREATES = 4000 };

static char dir[SCRATCH_PATH_MAX];
static struct store *store;

static int
setup(void **state) {
    (void)state;
    struct sqlite_store_config config = {.dir = dir, .sync_normal = true};
    scratch_make_fast(dir);
    return sqlite_store_open(&config, &store);
}

static int
teardown(void **state) {
    (void)state;
    store->ops->close(store);
    scratch_remove(dir);
    return 0;
}

static int
try_create(unsigned n) {
    struct record r = sample_sealed(1, 0, 304);
    struct buf content = sample_content(r.size);
    struct store_ref ref = {.len = TOKEN_HASH_LEN};
    sample_hash(n, ref.bytes);
    int created = store->ops->create(store, &ref, &r, &content, NULL);
    buf_free(&content);
    return created;
}

/* Lock the store's file as another program would that writes to it. */
static sqlite3 *
lock_file(void) {
    char path[SCRATCH_PATH_MAX + 20];
    sqlite3 *other = NULL;
    (void)snprintf(path, sizeof(path), "%s/secrets.db", dir);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return other;
}

static void *
unlock_later(void *other) {
    (void)usleep(LOCKED_MS * 1000);
    (void)sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    return NULL;
}

static void
test_a_lock_is_waited_for(void **state) {
    (void)state;
    pthread_t thread;
    sqlite3 *other = lock_file();
    int64_t start = clock_monotonic_ms();
    assert_int_equal(pthread_create(&thread, NULL, unlock_later, other), 0);
    assert_int_equal(try_create(1), 1);
    assert_in_range(clock_monotonic_ms() - start, LOCKED_MS / 2, LONG);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* Two transactions in a row find the lock.  Nothing happened, and no time is lost afterwards. */
static void
test_a_lock_that_stays_breaks_nothing(void **state) {
    (void)state;
    sqlite3 *other = lock_file();
    assert_int_equal(try_create(1), ERR_STORE);
    assert_int_equal(try_create(2), ERR_STORE);
    assert_int_equal(store->ops->ping(store), 0);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(try_create(1), 1);
    assert_int_equal(try_create(2), 1);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static atomic_bool over;
static atomic_int reads_failed, creates_failed;

static void *
read_until_over(void *arg) {
    const struct store_ref *ref = arg;
    while (!atomic_load(&over)) {
        struct record r;
        if (store->ops->load(store, ref, &r, NULL) != 1) atomic_fetch_add(&reads_failed, 1);
        record_clear(&r);
    }
    return NULL;
}

static void *
create_many(void *arg) {
    const unsigned *first = arg;
    for (unsigned n = 0; n < CREATES; n++)
        if (try_create(*first + n) != 1) atomic_fetch_add(&creates_failed, 1);
    return NULL;
}

/* Reads that meet a commit lock the file for a moment (test_a_lock_is_waited_for says so). */
static void
test_readers_and_writers_do_not_fail_each_other(void **state) {
    (void)state;
    struct record r = sample_sealed(1, 0, 304);
    struct store_ref ref = sample_create(store, &r);
    pthread_t readers[READERS], writers[WRITERS];
    unsigned first[WRITERS];

    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_until_over, &ref), 0);
    for (unsigned i = 0; i < WRITERS; i++) {
        first[i] = (i + 1) * 1000000;
        assert_int_equal(pthread_create(&writers[i], NULL, create_many, &first[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);

    assert_int_equal(atomic_load(&creates_failed), 0);
    assert_int_equal(atomic_load(&reads_failed), 0);
}

int
main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_a_lock_is_waited_for),
        CASE(test_a_lock_that_stays_breaks_nothing),
        CASE(test_readers_and_writers_do_not_fail_each_other),
    };
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    return cmocka_run_group_tests_name("busy", tests, NULL, NULL);
}
