/* SPDX-License-Identifier: MIT */
/*
 * Jobs that share a transaction: one that fails after it has written undoes only its own writes,
 * and the commit of many jobs reaches the log in a few large writes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "hook_vfs.h"
#include "scratch.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/writer.h"

enum { JOBS = 40, FAILS_AT = 7 };

struct fixture {
    char dir[SCRATCH_PATH_MAX];
    int dir_fd, lock;
    struct sqlite_place place;
    struct sqlite_writer writer;
    struct sqlite_readers readers;
    sem_t held; /* posted once the writer is busy */
    sem_t go;   /* posted once all jobs wait */
};

/* A job of the test, and the thread that waits for it. */
struct test_job {
    struct sqlite_job base;
    struct fixture *fixture;
    int number;
    int runs;
    int result;
    pthread_t thread;
};

static int
insert_number(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct test_job *job = (struct test_job *)base;
    char sql[64];
    (void)snprintf(sql, sizeof(sql), "INSERT INTO numbers VALUES (%d)", job->number);
    if (sqlite3_exec(tx->db->handle, sql, NULL, NULL, NULL) != SQLITE_OK) return ERR_NOMEM;

    tx->bytes += 100;
    job->runs++;
    return job->number == FAILS_AT ? ERR_STORE : 1;
}

/* Keep the writer busy until all other jobs are in its inbox: they become one transaction. */
static int
hold_writer(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct test_job *job = (struct test_job *)base;
    const char *sql = "CREATE TABLE numbers (n INTEGER)";
    if (sqlite3_exec(tx->db->handle, sql, NULL, NULL, NULL) != SQLITE_OK) return ERR_NOMEM;
    (void)sem_post(&job->fixture->held);
    (void)sem_wait(&job->fixture->go);
    return 1;
}

static int
count_numbers(struct sqlite_tx *tx, struct sqlite_job *base) {
    (void)base;
    sqlite3_stmt *s = NULL;
    const char *sql = "SELECT count(*) FROM numbers";
    if (sqlite3_prepare_v2(tx->db->handle, sql, -1, &s, NULL) != SQLITE_OK) return ERR_NOMEM;
    int count = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0) : ERR_NOMEM;
    (void)sqlite3_finalize(s);
    return count;
}

static void
drop_nothing(struct sqlite_job *job) {
    (void)job;
}

static int
run_job(struct fixture *f, int (*run)(struct sqlite_tx *, struct sqlite_job *),
        struct test_job *job) {
    struct sqlite_job *base = &job->base;
    job->base = (struct sqlite_job){.run = run, .drop = drop_nothing};
    job->fixture = f;
    return sqlite_writer_do(&f->writer, &base);
}

static void *
insert_main(void *arg) {
    struct test_job *job = arg;
    job->result = run_job(job->fixture, insert_number, job);
    return NULL;
}

static void *
hold_main(void *arg) {
    struct test_job *job = arg;
    job->result = run_job(job->fixture, hold_writer, job);
    return NULL;
}

/* How many jobs wait in the inbox of ${w}. */
static int
inbox_length(struct sqlite_writer *w) {
    int n = 0;
    for (struct sqlite_job *job = atomic_load(&w->inbox); job != NULL; job = job->next)
        n++;
    return n;
}

static void
open_fixture(struct fixture *f, const char *vfs) {
    *f = (struct fixture){.place = {.vfs = vfs, .log_pages = 4096}};
    scratch_make_fast(f->dir);
    (void)snprintf(f->place.path, sizeof(f->place.path), "%s/test.db", f->dir);
    struct buf reason = BUF_INIT(512);

    assert_int_equal(sem_init(&f->held, 0, 0), 0);
    assert_int_equal(sem_init(&f->go, 0, 0), 0);
    assert_int_equal(sqlite_directory_open(f->dir, "test.db", &f->dir_fd, &f->lock, &reason), 0);
    assert_int_equal(sqlite_writer_open(&f->writer, &f->place, f->dir_fd, 0, 30000, &reason), 0);
    assert_int_equal(sqlite_readers_open(&f->readers, &f->place, 1, &reason), 0);
    assert_int_equal(sqlite_writer_start(&f->writer, &f->readers), 0);
    buf_free(&reason);
}

static void
close_fixture(struct fixture *f) {
    sqlite_writer_stop(&f->writer);
    sqlite_readers_close(&f->readers);
    sqlite_writer_close(&f->writer);
    (void)close(f->dir_fd);
    (void)close(f->lock);
    (void)sem_destroy(&f->held);
    (void)sem_destroy(&f->go);
    scratch_remove(f->dir);
}

/* Insert the numbers from ${first} on in one transaction. */
static void
insert_together(struct fixture *f, int first, struct test_job jobs[static JOBS]) {
    struct test_job hold = {.fixture = f};
    assert_int_equal(pthread_create(&hold.thread, NULL, hold_main, &hold), 0);
    (void)sem_wait(&f->held);

    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct test_job){.fixture = f, .number = first + i};
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, insert_main, &jobs[i]), 0);
    }
    while (inbox_length(&f->writer) < JOBS)
        (void)usleep(1000);

    (void)sem_post(&f->go);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
    assert_int_equal(pthread_join(hold.thread, NULL), 0);
    assert_int_equal(hold.result, 1);
}

static void
test_a_failed_job_undoes_only_its_own_writes(void **state) {
    (void)state;
    struct fixture f;
    struct test_job jobs[JOBS];
    struct test_job count = {0};

    open_fixture(&f, NULL);
    insert_together(&f, 0, jobs);

    for (int i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].result, i == FAILS_AT ? ERR_STORE : 1);
    assert_int_equal(run_job(&f, count_numbers, &count), JOBS - 1);
    assert_int_equal(atomic_load(&f.writer.conn.bytes), 100 * (JOBS - 1));
    close_fixture(&f);
}

static void
test_jobs_that_succeed_run_once(void **state) {
    (void)state;
    struct fixture f;
    struct test_job jobs[JOBS];

    open_fixture(&f, NULL);
    insert_together(&f, 100, jobs);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].result, 1);
        assert_int_equal(jobs[i].runs, 1);
    }
    close_fixture(&f);
}

/* Count the writes to the log. */
static void
count_write(void *ctx, enum hook_call call, enum hook_file file, const void *data, size_t len,
            int64_t offset) {
    atomic_int *writes = ctx;
    (void)data;
    (void)len;
    (void)offset;
    if (call == HOOK_WRITE && file == HOOK_WAL) atomic_fetch_add(writes, 1);
}

static void
test_a_commit_is_one_write(void **state) {
    (void)state;
    struct fixture f;
    struct test_job jobs[JOBS];
    atomic_int writes = 0;
    struct hooks hooks = {.after = count_write, .ctx = &writes};

    hook_vfs_set(&hooks);
    open_fixture(&f, HOOK_VFS);
    int before = atomic_load(&writes);
    insert_together(&f, 200, jobs);

    /* The commit of the table, and that of the numbers. */
    assert_int_equal(atomic_load(&writes) - before, 2);
    close_fixture(&f);
    hook_vfs_set(NULL);
}

/* A reader is opened when it is first needed, and one that cannot be opened is lent later. */
static void
test_readers_are_opened_when_needed(void **state) {
    struct fixture f;
    struct sqlite_readers pool;
    struct buf reason = BUF_INIT(512);
    char path[sizeof(f.place.path)];
    (void)state;
    open_fixture(&f, NULL);
    (void)snprintf(path, sizeof(path), "%s", f.place.path);
    assert_int_equal(sqlite_readers_open(&pool, &f.place, 3, &reason), 0);

    struct sqlite_db *first = sqlite_readers_take(&pool, 1000);
    assert_ptr_equal(first, &pool.db[0]);
    assert_true(pool.db[1].handle == NULL && pool.db[2].handle == NULL);

    (void)snprintf(f.place.path, sizeof(f.place.path), "%s/absent.db", f.dir);
    assert_null(sqlite_readers_take(&pool, 1000));
    (void)snprintf(f.place.path, sizeof(f.place.path), "%s", path);
    struct sqlite_db *second = sqlite_readers_take(&pool, 1000);
    assert_true(second != NULL && second->handle != NULL);

    /* Another thread cannot open the third one, and gives it back last. */
    struct sqlite_db *third = &pool.db[pool.free[--pool.free_count]];
    assert_null(third->handle);
    sqlite_readers_give(&pool, second);
    sqlite_readers_give(&pool, first);
    sqlite_readers_give(&pool, third);
    assert_ptr_equal(sqlite_readers_take(&pool, 1000), first);
    assert_ptr_equal(sqlite_readers_take(&pool, 1000), second);
    assert_null(third->handle);
    sqlite_readers_give(&pool, first);
    sqlite_readers_give(&pool, second);
    assert_true(sqlite_readers_pause(&pool, 1000));
    sqlite_readers_close(&pool);
    buf_free(&reason);
    close_fixture(&f);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_failed_job_undoes_only_its_own_writes),
        cmocka_unit_test(test_jobs_that_succeed_run_once),
        cmocka_unit_test(test_a_commit_is_one_write),
        cmocka_unit_test(test_readers_are_opened_when_needed),
    };
    return cmocka_run_group_tests_name("sqlite_writer", tests, NULL, NULL);
}
