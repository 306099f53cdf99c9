/* SPDX-License-Identifier: MIT */
/*
 * A COMMIT that fails may already have put its frames into the log, with the mark that makes them
 * count, and a crash would bring them back.  The fence is a small commit right after: it overwrites
 * the first of those frames, and since each frame's checksum goes on from the one before, the rest
 * of them is void.  Once the fence is durable, what failed certainly did not happen.
 */
#include "store/sqlite/conn.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

/* How many pages the log has after each commit; also turns off SQLite's own checkpoints. */
static int
on_commit(void *ctx, sqlite3 *handle, const char *name, int pages) {
    struct sqlite_conn *c = ctx;
    (void)handle;
    (void)name;
    c->wal_pages = pages;
    return SQLITE_OK;
}

int64_t
sqlite_conn_now(struct sqlite_conn *c, int64_t clock) {
    int_fast64_t high = atomic_load(&c->high);
    while (high < clock && !atomic_compare_exchange_weak(&c->high, &high, clock))
        continue;
    return high < clock ? clock : high;
}

static int
read_state(struct sqlite_conn *c) {
    sqlite3_stmt *s = c->db.stmt[SQL_STATE];
    bool found = sqlite3_step(s) == SQLITE_ROW;
    if (found) {
        c->stored_high = sqlite3_column_int64(s, 0);
        c->stored_bytes = sqlite3_column_int64(s, 1);
        (void)sqlite_conn_now(c, c->stored_high);
        atomic_store(&c->bytes, (uint_fast64_t)c->stored_bytes);
    }
    sqlite_db_reset(&c->db, SQL_STATE);
    return found ? 0 : ERR_STORE;
}

static int
open_file(struct sqlite_conn *c, char *error, size_t error_len) {
    int err = sqlite_db_open_writer(&c->db, c->place, error, error_len);
    if (err != 0) return err;
    (void)sqlite3_wal_hook(c->db.handle, on_commit, c);
    err = read_state(c);
    if (err == 0) return 0;
    (void)snprintf(error, error_len, "%s is damaged", c->place->path);
    sqlite_db_close(&c->db);
    return err;
}

int
sqlite_conn_open(struct sqlite_conn *c, const struct sqlite_place *place, char *error,
                 size_t error_len) {
    c->place = place;
    return open_file(c, error, error_len);
}

void
sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes) {
    c->failures = 0;
    c->stored_high = high;
    c->stored_bytes = bytes;
    atomic_store(&c->bytes, (uint_fast64_t)bytes);
}

static bool
fence(struct sqlite_conn *c) {
    int rc = sqlite_db_run(&c->db, SQL_BEGIN);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&c->db, SQL_FENCE);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&c->db, SQL_COMMIT);
    if (rc != SQLITE_OK) sqlite_db_rollback(&c->db);
    return rc == SQLITE_OK;
}

int
sqlite_conn_undo(struct sqlite_conn *c, int rc) {
    log_error("store_commit", LOG_NUMBER("code", rc));
    sqlite_db_rollback(&c->db);

    /* Only BEGIN IMMEDIATE waits for a lock, so nothing was written. */
    if ((rc & 0xff) == SQLITE_BUSY) return ERR_STORE;

    /* A full disk too: the log is filled up to a sector behind the mark, and that may
     * fail alone. */
    c->unsettled = !fence(c);
    if (c->unsettled) return ERR_UNKNOWN_OUTCOME;
    return (rc & 0xff) == SQLITE_FULL ? ERR_FULL : ERR_STORE;
}

bool
sqlite_conn_settle(struct sqlite_conn *c) {
    c->unsettled = c->unsettled && !fence(c);
    return !c->unsettled;
}

/* Open the file anew.  Returns whether it can be written and is sound. */
static bool
reopen(struct sqlite_conn *c) {
    char error[512] = "";
    sqlite_db_close(&c->db);
    bool ok =
        open_file(c, error, sizeof(error)) == 0 && sqlite_db_quick_check(&c->db) == 0 && fence(c);
    if (ok) c->unsettled = false; /* what came back has happened */
    log_info("store_reopen", LOG_NUMBER("ok", ok));
    return ok;
}

static void
stop_writing(struct sqlite_conn *c) {
    c->retry_ms = clock_monotonic_ms() + SQLITE_CONN_RETRY_MS;
    atomic_store(&c->broken, true);
}

void
sqlite_conn_reopen(struct sqlite_conn *c, int rc) {
    /* A full disk, or a file that another program has locked, is not broken. */
    if ((rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_BUSY) return;
    c->failures++;
    if (c->failures > 1 || !reopen(c)) stop_writing(c);
}

void
sqlite_conn_retry(struct sqlite_conn *c) {
    if (clock_monotonic_ms() < c->retry_ms) return;
    if (!reopen(c)) {
        stop_writing(c);
        return;
    }
    c->failures = 0;
    atomic_store(&c->broken, false);
}
