/* SPDX-License-Identifier: MIT */
/*
 * The copier copies the log while the writer goes on.  The log is bounded, what the copier could
 * not sync is copied again, and scrubs and stops wait for it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "hook_vfs.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "store_samples.h"

enum {
    LOG_PAGES = 256,
    FRAME = 2072,   /* bytes of a page in the log */
    CREATES = 400,  /* more than enough to fill the log */
    WAIT_MS = 2000, /* of a create */
    LONG = 20 * 1000,
    SIZE = 304,
};

/* The disk, where the copier can hang, its sync fail, and what was not synced be lost. */
static atomic_bool holds, sync_fails, loses;
static atomic_int waiting;
static int db_file = -1;
static uint8_t db_image[1024 * 1024]; /* the database before the copy */
static ssize_t db_len;

static char dir[SCRATCH_PATH_MAX];
static struct store *store;
static struct store_ref stored[2 * CREATES];
static int count, tried;

static bool
runs_on(const char *thread) {
    char name[16] = "";
    (void)pthread_getname_np(pthread_self(), name, sizeof(name));
    return strcmp(name, thread) == 0;
}

static int
disturb(void *ctx, enum hook_call call, enum hook_file file) {
    (void)ctx;
    if (file != HOOK_DB) return SQLITE_OK;

    if (call == HOOK_WRITE && runs_on("sqlite_copier")) {
        atomic_fetch_add(&waiting, 1);
        while (atomic_load(&holds))
            (void)usleep(1000);
        atomic_fetch_sub(&waiting, 1);
    }
    if (call == HOOK_SYNC && runs_on("sqlite_copier") && atomic_exchange(&sync_fails, false)) {
        atomic_store(&loses, true);
        return SQLITE_IOERR_FSYNC;
    }
    if (call == HOOK_OPEN && runs_on("sqlite_writer") && atomic_exchange(&loses, false))
        if (ftruncate(db_file, db_len) != 0 || pwrite(db_file, db_image, (size_t)db_len, 0) < 0)
            abort();
    return SQLITE_OK;
}

static void
open_store(void) {
    const struct sqlite_store_config config = {
        .dir = dir, .vfs = HOOK_VFS, .log_pages = LOG_PAGES, .wait_ms = WAIT_MS};
    assert_int_equal(sqlite_store_open(&config, &store), 0);
}

static int
setup(void **state) {
    static const struct hooks hooks = {.before = disturb};
    char path[SCRATCH_PATH_MAX + 20];
    (void)state;
    scratch_make_fast(dir);
    hook_vfs_set(&hooks);
    atomic_store(&holds, false);
    count = 0;
    open_store();

    /* Closing it earlier would release SQLite's locks. */
    (void)snprintf(path, sizeof(path), "%s/secrets.db", dir);
    db_file = open(path, O_RDWR | O_CLOEXEC);
    return db_file < 0;
}

static int
teardown(void **state) {
    (void)state;
    atomic_store(&holds, false);
    store->ops->close(store);
    (void)close(db_file);
    hook_vfs_set(NULL);
    scratch_remove(dir);
    return 0;
}

/* Create a secret, and note it if it is stored. */
static int
create(void) {
    struct record r = sample_sealed(1, 0, SIZE);
    struct buf content = sample_content(r.size);
    struct store_ref ref = {.len = TOKEN_HASH_LEN};
    sample_hash(1000 + (unsigned)tried++, ref.bytes);

    int created = store->ops->create(store, &ref, &r, &content, NULL);
    if (created == 1) stored[count++] = ref;
    buf_free(&content);
    return created;
}

static off_t
log_size(void) {
    char path[SCRATCH_PATH_MAX + 20];
    struct stat st;
    (void)snprintf(path, sizeof(path), "%s/secrets.db-wal", dir);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* Fill an empty log.  The copier begins, and hangs. */
static void
create_until_it_copies(void) {
    int64_t start = clock_monotonic_ms();
    atomic_store(&holds, true);
    while (log_size() < (off_t)LOG_PAGES * FRAME)
        assert_int_equal(create(), 1);
    while (atomic_load(&waiting) == 0) {
        assert_true(clock_monotonic_ms() - start < LONG);
        (void)usleep(1000);
    }
}

static void
create_until_it_works(void) {
    int64_t start = clock_monotonic_ms();
    while (create() != 1)
        assert_true(clock_monotonic_ms() - start < LONG);
}

static void
check_stored(void) {
    for (int i = 0; i < count; i++)
        assert_true(sample_has_content(store, &stored[i], SIZE));
}

static void
test_creates_go_on_during_a_copy(void **state) {
    (void)state;
    create_until_it_copies();
    for (int i = 0; i < 5; i++)
        assert_int_equal(create(), 1);
    assert_int_equal(atomic_load(&waiting), 1);
    check_stored();
    atomic_store(&holds, false);

    /* The log begins again, so it does not grow for ever. */
    for (int i = 0; i < CREATES / 4; i++)
        assert_int_equal(create(), 1);
    assert_in_range(log_size(), 1, 3 * LOG_PAGES * FRAME);
    check_stored();
}

/* The writer waits for a copier that is too slow. */
static void
test_a_copy_that_hangs_bounds_the_log(void **state) {
    (void)state;
    create_until_it_copies();
    int left = CREATES;
    while (create() == 1)
        assert_true(left-- > 0);
    assert_in_range(log_size(), LOG_PAGES * FRAME, 3 * LOG_PAGES * FRAME);

    atomic_store(&holds, false);
    create_until_it_works();
    check_stored();
}

/* What the copier copied is lost, as it can be after a sync that failed. */
static void
test_what_could_not_be_synced_is_copied_again(void **state) {
    (void)state;
    create_until_it_copies();
    db_len = pread(db_file, db_image, sizeof(db_image), 0);
    assert_in_range(db_len, 1, sizeof(db_image) - 1);
    assert_int_equal(create(), 1); /* SQLite syncs the database if the log did not grow */

    atomic_store(&sync_fails, true);
    atomic_store(&holds, false);
    while (create() == 1)
        assert_true(count < CREATES);
    assert_int_equal(store->ops->ping(store), ERR_STORE);
    assert_int_equal(create(), ERR_STORE);

    create_until_it_works();
    assert_false(atomic_load(&loses));
    assert_int_equal(store->ops->scrub(store), 0);
    check_stored();
    store->ops->close(store);
    open_store();
    check_stored();
}

static atomic_bool ended;

static void *
scrub_main(void *arg) {
    int *result = arg;
    *result = store->ops->scrub(store);
    atomic_store(&ended, true);
    return NULL;
}

static void *
close_main(void *arg) {
    (void)arg;
    store->ops->close(store);
    atomic_store(&ended, true);
    return NULL;
}

/* Run ${work} during a copy: it does not end before the copy does. */
static void
run_during_a_copy(void *(*work)(void *arg), void *arg) {
    pthread_t thread;
    create_until_it_copies();
    atomic_store(&ended, false);
    assert_int_equal(pthread_create(&thread, NULL, work, arg), 0);
    (void)usleep(50 * 1000);
    assert_false(atomic_load(&ended));
    atomic_store(&holds, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
test_a_scrub_and_a_stop_wait_for_the_copy(void **state) {
    (void)state;
    int result = ERR_STORE;
    run_during_a_copy(scrub_main, &result);
    assert_int_equal(result, 0);
    assert_int_equal(log_size(), 0);

    run_during_a_copy(close_main, NULL);
    open_store();
    check_stored();
}

int
main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_creates_go_on_during_a_copy),
        CASE(test_a_copy_that_hangs_bounds_the_log),
        CASE(test_what_could_not_be_synced_is_copied_again),
        CASE(test_a_scrub_and_a_stop_wait_for_the_copy),
    };
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
