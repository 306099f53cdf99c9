/* SPDX-License-Identifier: MIT */
#include "store/sqlite/writer.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/fs.h"
#include "store/sqlite/directory.h"

enum {
    BATCH_JOBS = 512,               /* in one transaction */
    BATCH_WEIGHT = 4 * 1024 * 1024, /* bytes of content in one transaction; one job may have more */
};

/* Bits of a job's state. */
enum {
    WRITE_SLEEPS = 1,    /* the caller sleeps until WRITE_DONE */
    WRITE_TAKEN = 2,     /* the thread is about to run it */
    WRITE_DONE = 4,      /* it is the caller's again */
    WRITE_ABANDONED = 8, /* the caller has left: the thread drops it */
};

/* --- callers ---------------------------------------------------------------------------------- */

/* Whether the work under way has lasted longer than ${ms} milliseconds. */
static bool
writer_stalls(struct sqlite_writer *w, int ms) {
    int64_t since = atomic_load(&w->busy_ms);
    return since != 0 && clock_monotonic_ms() - since > ms;
}

static void
submit_job(struct sqlite_writer *w, struct sqlite_job *job) {
    job->result = ERR_STORE;
    atomic_init(&job->state, 0);

    job->next = atomic_load(&w->inbox);
    while (!atomic_compare_exchange_weak(&w->inbox, &job->next, job))
        continue;
    if (atomic_exchange(&w->asleep, 0) == 1) thread_wake(&w->asleep);
}

/* Sleep until ${job} is done, at most ${ms} milliseconds (-1: no limit).  Returns its state. */
static unsigned
wait_until_done(struct sqlite_job *job, int ms) {
    int64_t until = clock_monotonic_ms() + ms;
    int64_t left = ms;

    unsigned state = atomic_fetch_or(&job->state, WRITE_SLEEPS) | WRITE_SLEEPS;
    while ((state & WRITE_DONE) == 0 && (ms < 0 || left > 0)) {
        thread_sleep(&job->state, state, (int)left);
        state = atomic_load(&job->state);
        if (ms >= 0) left = until - clock_monotonic_ms();
    }
    return state;
}

int
sqlite_writer_submit(struct sqlite_writer *w, struct sqlite_job *job) {
    /* A caller that comes when the first are about to give up would wait for nothing. */
    if (writer_stalls(w, w->wait_ms / 4 * 3)) return ERR_STORE;
    submit_job(w, job);
    return 0;
}

int
sqlite_writer_abandon(struct sqlite_job *job) {
    unsigned state = atomic_fetch_or(&job->state, WRITE_ABANDONED);
    if (state & WRITE_DONE) return 0;

    /* The thread drops a job that it finds abandoned when it takes it. */
    return state & WRITE_TAKEN ? ERR_UNKNOWN_OUTCOME : ERR_STORE;
}

int
sqlite_writer_do(struct sqlite_writer *w, struct sqlite_job **job) {
    struct sqlite_job *j = *job;
    int err = sqlite_writer_submit(w, j);
    if (err != 0) return err;

    unsigned state = wait_until_done(j, w->wait_ms);
    if ((state & WRITE_DONE) == 0) err = sqlite_writer_abandon(j);
    if (err == 0) return j->result;
    *job = NULL;
    return err;
}

int
sqlite_writer_scrub(struct sqlite_writer *w) {
    struct sqlite_job job = {.run = NULL};
    submit_job(w, &job);
    (void)wait_until_done(&job, -1);
    return job.result;
}

int64_t
sqlite_writer_now(struct sqlite_writer *w, int64_t clock) {
    return sqlite_conn_now(&w->conn, clock);
}

int
sqlite_writer_state(struct sqlite_writer *w, int ms) {
    if (writer_stalls(w, ms)) return ERR_STUCK;
    return atomic_load(&w->conn.broken) ? ERR_STORE : 0;
}

/* --- the thread's side of the queue ----------------------------------------------------------- */

/* Give every job of ${batch} back to its caller, with ${code} as its result if that is not 0. */
static void
finish_batch(struct sqlite_job *batch, int code) {
    for (struct sqlite_job *job = batch, *next; job != NULL; job = next) {
        next = job->next; /* the job is gone once its caller sees that it is done */
        void (*done)(struct sqlite_job * job) = job->done;
        if (code != 0) job->result = code;

        unsigned state = atomic_fetch_or(&job->state, WRITE_DONE);
        if (state & WRITE_ABANDONED) job->drop(job);
        else if (state & WRITE_SLEEPS) thread_wake(&job->state);
        else if (done != NULL) done(job);
    }
}

/* Mark the jobs of ${batch} as taken and drop those that were abandoned: they never happen. */
static struct sqlite_job *
take_batch(struct sqlite_job *batch) {
    struct sqlite_job **at = &batch;
    while (*at != NULL) {
        struct sqlite_job *job = *at;
        if (atomic_fetch_or(&job->state, WRITE_TAKEN) & WRITE_ABANDONED) {
            *at = job->next;
            job->drop(job);
        } else {
            at = &job->next;
        }
    }
    return batch;
}

/* Move the inbox to the end of w->waiting, oldest first. */
static void
collect_inbox(struct sqlite_writer *w) {
    struct sqlite_job *newest = atomic_exchange(&w->inbox, NULL);
    struct sqlite_job *oldest = NULL;
    struct sqlite_job **end = &w->waiting;

    /* Reverse the list. */
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

/* Cut off from w->waiting what goes into one transaction.  A scrub goes by itself. */
static struct sqlite_job *
cut_batch(struct sqlite_writer *w) {
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

/* Whether SQLite itself rolled the transaction back, with the writes of all its jobs. */
static bool
tx_is_lost(struct sqlite_writer *w) {
    return sqlite3_get_autocommit(w->conn.db.handle) != 0;
}

/*
 * Run ${job} in a savepoint, so that a job that fails undoes only its own writes.
 * Returns SQLITE_OK, or SQLite's code if the transaction is lost.
 */
static int
run_in_savepoint(struct sqlite_tx *tx, struct sqlite_job *job) {
    struct sqlite_tx before = *tx;
    int rc = sqlite_db_run(tx->db, SQL_SAVEPOINT);
    if (rc != SQLITE_OK) return rc;

    job->result = job->run(tx, job);
    if (tx_is_lost(tx->writer)) return job->result == ERR_FULL ? SQLITE_FULL : SQLITE_ABORT;

    if (job->result < 0) {
        *tx = before;
        rc = sqlite_db_run(tx->db, SQL_ROLLBACK_TO);
        if (rc != SQLITE_OK) return rc;
    }
    return sqlite_db_run(tx->db, SQL_RELEASE);
}

/* Run the only job of a batch.  The transaction is its savepoint. */
static int
run_single(struct sqlite_tx *tx, struct sqlite_job *job) {
    struct sqlite_tx before = *tx;
    job->result = job->run(tx, job);
    if (job->result >= 0) return SQLITE_OK;
    *tx = before;
    sqlite_db_rollback(tx->db);
    return SQLITE_OK;
}

/*
 * Run the jobs of ${batch} without savepoints, which cost a fifth of the time.  Returns SQLite's
 * code.  *${spoilt} tells that a job failed after it had written: its writes must be undone.
 */
static int
run_without_savepoints(struct sqlite_tx *tx, struct sqlite_job *batch, bool *spoilt) {
    sqlite3 *handle = tx->db->handle;
    *spoilt = false;

    for (struct sqlite_job *job = batch; job != NULL; job = job->next) {
        int changes = sqlite3_total_changes(handle);
        job->result = job->run(tx, job);
        if (tx_is_lost(tx->writer)) return job->result == ERR_FULL ? SQLITE_FULL : SQLITE_ABORT;
        if (job->result < 0 && sqlite3_total_changes(handle) != changes) {
            *spoilt = true;
            return SQLITE_OK;
        }
    }
    return SQLITE_OK;
}

/* Begin the transaction again: all that it has written is undone. */
static int
restart_transaction(struct sqlite_tx *tx) {
    tx->bytes = tx->writer->conn.stored_bytes;
    tx->chain = tx->writer->conn.chain;
    sqlite_db_rollback(tx->db);
    return sqlite_db_run(tx->db, SQL_BEGIN);
}

static int
run_jobs(struct sqlite_tx *tx, struct sqlite_job *batch) {
    bool spoilt = false;
    if (batch->next == NULL) return run_single(tx, batch);

    int rc = run_without_savepoints(tx, batch, &spoilt);
    if (rc != SQLITE_OK || !spoilt) return rc;

    rc = restart_transaction(tx);
    for (struct sqlite_job *job = batch; job != NULL && rc == SQLITE_OK; job = job->next)
        rc = run_in_savepoint(tx, job);
    return rc;
}

/* Write the time and the number of bytes if they changed. */
static int
write_state(struct sqlite_tx *tx, int64_t high) {
    struct sqlite_writer *w = tx->writer;
    sqlite3_stmt *s = w->conn.db.stmt[SQL_SET_STATE];
    if (high == w->conn.stored_high && tx->bytes == w->conn.stored_bytes) return SQLITE_OK;

    int rc = sqlite3_bind_int64(s, 1, high);
    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(s, 2, tx->bytes);
    return rc == SQLITE_OK ? sqlite_db_run(&w->conn.db, SQL_SET_STATE) : rc;
}

/*
 * Run ${batch} in one transaction; NULL writes only the time.  The order is a promise: no caller is
 * woken before COMMIT has returned.  Returns SQLite's code.
 */
static int
run_transaction(struct sqlite_writer *w, struct sqlite_job *batch) {
    struct sqlite_tx tx = {
        .writer = w, .db = &w->conn.db, .bytes = w->conn.stored_bytes, .chain = w->conn.chain};
    tx.has_room = w->min_free == 0 || fs_free_space(w->dir) >= w->min_free;

    int rc = sqlite_db_run(&w->conn.db, SQL_BEGIN);
    if (rc == SQLITE_OK && batch != NULL) rc = run_jobs(&tx, batch);
    if (rc != SQLITE_OK || tx_is_lost(w)) return rc;

    int64_t high = atomic_load(&w->conn.high);
    rc = write_state(&tx, high);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&w->conn.db, SQL_COMMIT);
    if (rc == SQLITE_OK) sqlite_conn_committed(&w->conn, high, tx.bytes, &tx.chain);
    return rc;
}

/* Make the ballast file if the disk has plenty of room. */
static void
make_ballast(struct sqlite_writer *w) {
    if (w->has_ballast || w->min_free == 0 || fs_free_space(w->dir) < w->min_free) return;
    w->has_ballast = sqlite_directory_make_ballast(w->dir);
}

/* The disk is full: delete the ballast file.  Returns whether there was one. */
static bool
give_up_ballast(struct sqlite_writer *w) {
    if (!w->has_ballast) return false;
    sqlite_directory_drop_ballast(w->dir);
    w->has_ballast = false;
    sqlite_checkpoint_shorten(&w->checkpoint, SQLITE_DIRECTORY_LOG_PAGES);
    log_warn("store.full", LOG_NONE);
    return true;
}

/*
 * Run ${batch} and wake its callers.  On a full disk the ballast goes first, since undoing writes
 * to the disk, too; then the batch runs once more.  Returns whether the transaction was committed.
 */
static bool
run_batch(struct sqlite_writer *w, struct sqlite_job *batch) {
    bool again = true;
    int rc = SQLITE_OK;
    int code = 0;

    /* Only a full disk leaves the fence unsettled and the store not broken (sqlite_conn_reopen). */
    if (!sqlite_conn_settle(&w->conn)) {
        finish_batch(batch, ERR_FULL);
        return false;
    }

    while (again) {
        rc = run_transaction(w, batch);
        again = (rc & 0xff) == SQLITE_FULL && give_up_ballast(w);
        code = rc == SQLITE_OK ? 0 : sqlite_conn_undo(&w->conn, rc);
        again = again && code == ERR_FULL;
    }

    /* The callers need not wait while the file is opened again. */
    finish_batch(batch, code);
    if (rc != SQLITE_OK) {
        sqlite_checkpoint_wait(&w->checkpoint);
        sqlite_conn_reopen(&w->conn, rc);
    }
    return rc == SQLITE_OK;
}

/* Write the time if it is later than the file has it.  Returns whether the file has it then. */
static bool
save_time(struct sqlite_writer *w) {
    return atomic_load(&w->conn.high) == w->conn.stored_high || run_batch(w, NULL);
}

/* --- checkpoints ------------------------------------------------------------------------------ */

/* Whether the log must stay small, since there is no ballast. */
static bool
disk_is_tight(const struct sqlite_writer *w) {
    return w->min_free > 0 && !w->has_ballast;
}

static void
run_scrub(struct sqlite_writer *w, struct sqlite_job *job) {
    make_ballast(w);
    job->result = ERR_STORE;
    if (save_time(w))
        job->result =
            sqlite_checkpoint_run(&w->checkpoint, SQLITE_CHECKPOINT_TRUNCATE, disk_is_tight(w));
    finish_batch(job, 0);
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Sleep until there is work, or a broken store may be tried again. */
static void
wait_for_work(struct sqlite_writer *w) {
    int ms = atomic_load(&w->conn.broken) ? SQLITE_CONN_RETRY_MS : -1;

    atomic_store(&w->busy_ms, 0);
    atomic_store(&w->asleep, 1);
    if (atomic_load(&w->inbox) == NULL && !atomic_load(&w->stopping))
        thread_sleep(&w->asleep, 1, ms);
    atomic_store(&w->asleep, 0);
    atomic_store(&w->busy_ms, clock_monotonic_ms());
}

static void
handle_batch(struct sqlite_writer *w) {
    struct sqlite_job *batch = take_batch(cut_batch(w));
    if (batch == NULL) return;

    if (atomic_load(&w->conn.broken)) finish_batch(batch, ERR_STORE);
    else if (batch->run == NULL) run_scrub(w, batch);
    else (void)run_batch(w, batch);

    /* The next work begins: a caller's deadline is for one batch or one checkpoint. */
    atomic_store(&w->busy_ms, clock_monotonic_ms());
    if (!atomic_load(&w->conn.broken)) sqlite_checkpoint_advance(&w->checkpoint, disk_is_tight(w));
}

/* Stop writing if the copier has failed.  If the store is broken, open the file again in time. */
static void
check_store(struct sqlite_writer *w) {
    bool broken = atomic_load(&w->conn.broken);
    if (!broken && sqlite_checkpoint_failed(&w->checkpoint)) sqlite_conn_stop(&w->conn);
    if (!broken || !sqlite_conn_is_due(&w->conn)) return;

    if (sqlite_checkpoint_release(&w->checkpoint)) sqlite_conn_retry(&w->conn);
    else sqlite_conn_stop(&w->conn);
}

static void *
writer_thread(void *arg) {
    struct sqlite_writer *w = arg;
    (void)pthread_setname_np(pthread_self(), "sqlite_writer");

    for (;;) {
        collect_inbox(w);
        check_store(w);

        if (w->waiting != NULL) {
            handle_batch(w);
        } else if (atomic_load(&w->stopping)) {
            break;
        } else {
            wait_for_work(w);
        }
    }

    if (!atomic_load(&w->conn.broken)) (void)save_time(w);
    return NULL;
}

int
sqlite_writer_open(struct sqlite_writer *w, const struct sqlite_place *place, int dir,
                   uint64_t min_free, int wait_ms, struct buf *reason) {
    *w = (struct sqlite_writer){.dir = dir, .min_free = min_free, .wait_ms = wait_ms};
    int err = sqlite_conn_open(&w->conn, place, reason);
    w->layout = w->conn.db.layout;
    if (err == 0) make_ballast(w);
    return err;
}

int
sqlite_writer_start(struct sqlite_writer *w, struct sqlite_readers *readers) {
    sqlite_checkpoint_init(&w->checkpoint, &w->conn, readers);
    int err = thread_start(&w->thread, 0, writer_thread, w);
    w->running = err == 0;
    return err;
}

void
sqlite_writer_stop(struct sqlite_writer *w) {
    if (!w->running) return;
    atomic_store(&w->stopping, true);
    atomic_store(&w->asleep, 0);
    thread_wake(&w->asleep);
    (void)pthread_join(w->thread, NULL);
    sqlite_checkpoint_stop(&w->checkpoint);
    w->running = false;
}

void
sqlite_writer_close(struct sqlite_writer *w) {
    sqlite_db_close(&w->conn.db);
}
