/* SPDX-License-Identifier: MIT */
#include "store/sqlite/writer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/fs.h"
#include "store/sqlite/ballast.h"
#include "store/sqlite/futex.h"

enum {
    BATCH_JOBS = 512,               /* in one transaction */
    BATCH_WEIGHT = 4 * 1024 * 1024, /* bytes of content in one transaction, unless one has more */
    PAUSE_MS = 1000,                /* how long to wait for the readers to come home */
};

/* Bits of a job's state. */
enum {
    JOB_SLEEPS = 1, /* the caller waits for JOB_DONE */
    JOB_TAKEN = 2,  /* the writer is about to run it */
    JOB_DONE = 4,   /* it is the caller's again */
    JOB_LEFT = 8,   /* the caller waits no longer: it is the writer's to drop */
};

/* --- callers ---------------------------------------------------------------------------------- */

/* Whether the writer is at one piece of work for longer than ${ms} milliseconds. */
static bool
stuck(struct sqlite_writer *w, int ms) {
    int64_t since = atomic_load(&w->busy_ms);
    return since != 0 && clock_monotonic_ms() - since > ms;
}

static void
push(struct sqlite_writer *w, struct sqlite_job *job) {
    job->next = atomic_load(&w->inbox);
    while (!atomic_compare_exchange_weak(&w->inbox, &job->next, job))
        continue;
    if (atomic_exchange(&w->asleep, 0) == 1) sqlite_futex_wake(&w->asleep);
}

/* Sleep until ${job} is done, at most ${ms} milliseconds (-1: no bound).  Returns its state. */
static unsigned
wait_done(struct sqlite_job *job, int ms) {
    int64_t until = clock_monotonic_ms() + ms;
    unsigned state = atomic_fetch_or(&job->state, JOB_SLEEPS) | JOB_SLEEPS;
    while ((state & JOB_DONE) == 0) {
        int64_t left = ms < 0 ? -1 : until - clock_monotonic_ms();
        if (ms >= 0 && left <= 0) break;
        sqlite_futex_wait(&job->state, state, (int)left);
        state = atomic_load(&job->state);
    }
    return state;
}

static void
submit(struct sqlite_writer *w, struct sqlite_job *job) {
    job->result = ERR_STORE;
    atomic_init(&job->state, 0);
    push(w, job);
}

int
sqlite_writer_do(struct sqlite_writer *w, struct sqlite_job **job) {
    struct sqlite_job *j = *job;
    /* Those who come when the first are about to give up would only wait in vain. */
    if (stuck(w, w->wait_ms / 4 * 3)) return ERR_STORE;
    submit(w, j);
    unsigned state = wait_done(j, w->wait_ms);
    if ((state & JOB_DONE) == 0) state = atomic_fetch_or(&j->state, JOB_LEFT);
    if (state & JOB_DONE) return j->result;
    *job = NULL;
    return state & JOB_TAKEN ? ERR_UNKNOWN_OUTCOME : ERR_STORE;
}

int
sqlite_writer_scrub(struct sqlite_writer *w) {
    struct sqlite_job job = {.run = NULL};
    submit(w, &job);
    (void)wait_done(&job, -1);
    return job.result;
}

int64_t
sqlite_writer_now(struct sqlite_writer *w, int64_t clock) {
    return sqlite_conn_now(&w->conn, clock);
}

int
sqlite_writer_state(struct sqlite_writer *w, int ms) {
    if (stuck(w, ms)) return ERR_STUCK;
    return atomic_load(&w->conn.broken) ? ERR_STORE : 0;
}

/* --- the queue -------------------------------------------------------------------------------- */

/* Answer every job of ${batch}, with ${code} if that is not 0.  A job is gone once it knows. */
static void
answer(struct sqlite_job *batch, int code) {
    for (struct sqlite_job *job = batch, *next; job != NULL; job = next) {
        next = job->next;
        if (code != 0) job->result = code;
        unsigned state = atomic_fetch_or(&job->state, JOB_DONE);
        if (state & JOB_LEFT) job->drop(job);
        else if (state & JOB_SLEEPS) sqlite_futex_wake(&job->state);
    }
}

/* Take the jobs of ${batch}, but for those that nobody waits for: they never happen. */
static struct sqlite_job *
take(struct sqlite_job *batch) {
    struct sqlite_job **at = &batch;
    while (*at != NULL) {
        struct sqlite_job *job = *at;
        if (atomic_fetch_or(&job->state, JOB_TAKEN) & JOB_LEFT) {
            *at = job->next;
            job->drop(job);
        } else {
            at = &job->next;
        }
    }
    return batch;
}

/* Move the inbox behind what waits, oldest first. */
static void
collect(struct sqlite_writer *w) {
    struct sqlite_job *newest = atomic_exchange(&w->inbox, NULL);
    struct sqlite_job *oldest = NULL;
    struct sqlite_job **end = &w->waiting;
    while (newest != NULL) {
        struct sqlite_job *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = oldest;
}

/* Cut off what goes into one transaction; a scrub goes alone. */
static struct sqlite_job *
next_batch(struct sqlite_writer *w) {
    struct sqlite_job *batch = w->waiting;
    struct sqlite_job *last = batch;
    size_t weight = batch->weight;
    for (int n = 1; batch->run != NULL && last->next != NULL && n < BATCH_JOBS; n++) {
        weight += last->next->weight;
        if (last->next->run == NULL || weight > BATCH_WEIGHT) break;
        last = last->next;
    }
    w->waiting = last->next;
    last->next = NULL;
    return batch;
}

/* --- one transaction -------------------------------------------------------------------------- */

/* Whether SQLite itself gave the transaction up, with all that other jobs did in it. */
static bool
given_up(struct sqlite_writer *w) {
    return sqlite3_get_autocommit(w->conn.db.handle) != 0;
}

/* Run ${job} among others: what it wrote is undone if it fails.  Returns SQLite's code if the
 * transaction is lost. */
static int
run_among(struct sqlite_tx *tx, struct sqlite_job *job) {
    int64_t bytes = tx->bytes;
    int rc = sqlite_db_run(tx->db, SQL_SAVEPOINT);
    if (rc != SQLITE_OK) return rc;
    job->result = job->run(tx, job);
    if (given_up(tx->writer)) return job->result == ERR_FULL ? SQLITE_FULL : SQLITE_ABORT;
    if (job->result < 0) {
        tx->bytes = bytes;
        rc = sqlite_db_run(tx->db, SQL_ROLLBACK_TO);
        if (rc != SQLITE_OK) return rc;
    }
    return sqlite_db_run(tx->db, SQL_RELEASE);
}

/* Run the only job there is: the transaction is its savepoint. */
static int
run_alone(struct sqlite_tx *tx, struct sqlite_job *job) {
    int64_t bytes = tx->bytes;
    job->result = job->run(tx, job);
    if (job->result >= 0) return SQLITE_OK;
    tx->bytes = bytes;
    sqlite_db_rollback(tx->db);
    return SQLITE_OK;
}

static int
run_jobs(struct sqlite_tx *tx, struct sqlite_job *batch) {
    int rc = SQLITE_OK;
    if (batch->next == NULL) return run_alone(tx, batch);
    for (struct sqlite_job *job = batch; job != NULL && rc == SQLITE_OK; job = job->next)
        rc = run_among(tx, job);
    return rc;
}

/* Write down time and bytes where they changed. */
static int
set_state(struct sqlite_tx *tx, int64_t high) {
    struct sqlite_writer *w = tx->writer;
    sqlite3_stmt *s = w->conn.db.stmt[SQL_SET_STATE];
    if (high == w->conn.stored_high && tx->bytes == w->conn.stored_bytes) return SQLITE_OK;
    int rc = sqlite3_bind_int64(s, 1, high);
    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(s, 2, tx->bytes);
    return rc == SQLITE_OK ? sqlite_db_run(&w->conn.db, SQL_SET_STATE) : rc;
}

/* Run ${batch} (NULL: write down the time alone) in one transaction.  Returns SQLite's code. */
static int
transact(struct sqlite_writer *w, struct sqlite_job *batch) {
    struct sqlite_tx tx = {.writer = w, .db = &w->conn.db, .bytes = w->conn.stored_bytes};
    tx.room = w->min_free == 0 || fs_free_space(w->dir) >= w->min_free;
    int rc = sqlite_db_run(&w->conn.db, SQL_BEGIN);
    if (rc == SQLITE_OK && batch != NULL) rc = run_jobs(&tx, batch);
    if (rc != SQLITE_OK || given_up(w)) return rc;
    int64_t high = atomic_load(&w->conn.high);
    rc = set_state(&tx, high);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&w->conn.db, SQL_COMMIT);
    if (rc == SQLITE_OK) sqlite_conn_committed(&w->conn, high, tx.bytes);
    return rc;
}

/* Keep room for changes, if there is plenty. */
static void
take_ballast(struct sqlite_writer *w) {
    if (w->ballast || w->min_free == 0 || fs_free_space(w->dir) < w->min_free) return;
    w->ballast = sqlite_ballast_take(w->dir);
}

/* The disk is full.  Returns whether there is room again. */
static bool
give_ballast(struct sqlite_writer *w) {
    if (!w->ballast) return false;
    sqlite_ballast_give(w->dir);
    w->ballast = false;
    w->checkpoint_at = SQLITE_BALLAST_LOG_PAGES;
    log_warn("store_full", LOG_NONE);
    return true;
}

/* Returns whether the transaction went well. */
static bool
run_batch(struct sqlite_writer *w, struct sqlite_job *batch) {
    bool again = true;
    int rc = SQLITE_OK;
    int code = 0;
    if (!sqlite_conn_settle(&w->conn)) {
        answer(batch, ERR_FULL);
        return false;
    }
    while (again) {
        rc = transact(w, batch);
        /* First there has to be room: undoing writes too. */
        again = (rc & 0xff) == SQLITE_FULL && give_ballast(w);
        code = rc == SQLITE_OK ? 0 : sqlite_conn_undo(&w->conn, rc);
        again = again && code == ERR_FULL;
    }
    answer(batch, code);
    if (rc != SQLITE_OK) sqlite_conn_reopen(&w->conn, rc);
    return rc == SQLITE_OK;
}

/* Write down the time if it went on. */
static bool
save_time(struct sqlite_writer *w) {
    return atomic_load(&w->conn.high) == w->conn.stored_high || run_batch(w, NULL);
}

/* --- checkpoints ------------------------------------------------------------------------------ */

static int
checkpoint(struct sqlite_writer *w, int mode) {
    /* SQLite does not wait for a reader that hangs: the pause has waited long enough. */
    (void)sqlite_readers_pause(w->readers, PAUSE_MS);
    (void)sqlite3_busy_timeout(w->conn.db.handle, 0);
    int rc = sqlite3_wal_checkpoint_v2(w->conn.db.handle, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_timeout(w->conn.db.handle, SQLITE_DB_BUSY_MS);
    sqlite_readers_resume(w->readers);
    if (rc == SQLITE_OK) w->conn.wal_pages = 0;
    bool tight = w->min_free > 0 && !w->ballast;
    w->checkpoint_at =
        w->conn.wal_pages + (tight ? SQLITE_BALLAST_LOG_PAGES : w->conn.place->log_pages);
    if (rc != SQLITE_OK) log_warn("store_checkpoint", LOG_NUMBER("code", rc));
    return rc == SQLITE_OK ? 0 : ERR_STORE;
}

static void
run_scrub(struct sqlite_writer *w, struct sqlite_job *job) {
    take_ballast(w);
    job->result = save_time(w) ? checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE) : ERR_STORE;
    answer(job, 0);
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Sleep until there is work, or a broken store may be tried again. */
static void
await(struct sqlite_writer *w) {
    atomic_store(&w->busy_ms, 0);
    atomic_store(&w->asleep, 1);
    if (atomic_load(&w->inbox) == NULL && !atomic_load(&w->stopping))
        sqlite_futex_wait(&w->asleep, 1, atomic_load(&w->conn.broken) ? SQLITE_CONN_RETRY_MS : -1);
    atomic_store(&w->asleep, 0);
    atomic_store(&w->busy_ms, clock_monotonic_ms());
}

static void
work(struct sqlite_writer *w) {
    struct sqlite_job *batch = take(next_batch(w));
    if (batch == NULL) return;
    if (atomic_load(&w->conn.broken)) answer(batch, ERR_STORE);
    else if (batch->run == NULL) run_scrub(w, batch);
    else (void)run_batch(w, batch);
    atomic_store(&w->busy_ms, clock_monotonic_ms());
    if (!atomic_load(&w->conn.broken) && w->conn.wal_pages >= w->checkpoint_at)
        (void)checkpoint(w, SQLITE_CHECKPOINT_RESTART);
}

static void *
writer_main(void *arg) {
    struct sqlite_writer *w = arg;
    (void)pthread_setname_np(pthread_self(), "sqlite_writer");
    for (;;) {
        collect(w);
        if (atomic_load(&w->conn.broken)) sqlite_conn_retry(&w->conn);
        if (w->waiting != NULL) {
            work(w);
        } else if (atomic_load(&w->stopping)) {
            break;
        } else {
            await(w);
        }
    }
    if (!atomic_load(&w->conn.broken)) (void)save_time(w);
    return NULL;
}

int
sqlite_writer_open(struct sqlite_writer *w, const struct sqlite_place *place, int dir,
                   uint64_t min_free, int wait_ms, char *error, size_t error_len) {
    *w = (struct sqlite_writer){.dir = dir, .min_free = min_free, .wait_ms = wait_ms};
    w->checkpoint_at = place->log_pages;
    int err = sqlite_conn_open(&w->conn, place, error, error_len);
    w->layout = w->conn.db.layout;
    if (err == 0) take_ballast(w);
    return err;
}

int
sqlite_writer_start(struct sqlite_writer *w, struct sqlite_readers *readers) {
    w->readers = readers;
    int err = thread_start(&w->thread, 0, writer_main, w);
    w->running = err == 0;
    return err;
}

void
sqlite_writer_stop(struct sqlite_writer *w) {
    if (!w->running) return;
    atomic_store(&w->stopping, true);
    atomic_store(&w->asleep, 0);
    sqlite_futex_wake(&w->asleep);
    (void)pthread_join(w->thread, NULL);
    w->running = false;
}

void
sqlite_writer_close(struct sqlite_writer *w) {
    sqlite_db_close(&w->conn.db);
}
