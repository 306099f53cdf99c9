/* SPDX-License-Identifier: MIT */
/*
 * A COMMIT that fails may already have put its frames into the log, with the mark that makes them
 * count, and a crash would bring them back.  The fence is a small commit right after: it overwrites
 * the first of those frames, and since each frame's checksum goes on from the one before, the rest
 * of them is void.  Once the fence is durable, what failed certainly did not happen.
 */
#include "store/sqlite_recover.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

/* How many pages the log has after each commit; also turns off SQLite's own checkpoints. */
static int
on_commit(void *ctx, sqlite3 *handle, const char *name, int pages) {
    struct sqlite_writer *w = ctx;
    (void)handle;
    (void)name;
    w->wal_pages = pages;
    return SQLITE_OK;
}

static int
read_state(struct sqlite_writer *w) {
    sqlite3_stmt *s = w->db.stmt[SQL_STATE];
    bool found = sqlite3_step(s) == SQLITE_ROW;
    if (found) {
        w->stored_high = sqlite3_column_int64(s, 0);
        w->stored_bytes = sqlite3_column_int64(s, 1);
        (void)sqlite_writer_now(w, w->stored_high);
        atomic_store(&w->bytes, (uint_fast64_t)w->stored_bytes);
    }
    sqlite_db_reset(&w->db, SQL_STATE);
    return found ? 0 : ERR_STORE;
}

int
sqlite_recover_open(struct sqlite_writer *w, char *error, size_t error_len) {
    int err = sqlite_db_open_writer(&w->db, w->place, error, error_len);
    if (err != 0) return err;
    (void)sqlite3_wal_hook(w->db.handle, on_commit, w);
    err = read_state(w);
    if (err == 0) return 0;
    (void)snprintf(error, error_len, "%s is damaged", w->place->path);
    sqlite_db_close(&w->db);
    return err;
}

static bool
fence(struct sqlite_writer *w) {
    int rc = sqlite_db_run(&w->db, SQL_BEGIN);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&w->db, SQL_FENCE);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&w->db, SQL_COMMIT);
    if (rc != SQLITE_OK) sqlite_db_rollback(&w->db);
    return rc == SQLITE_OK;
}

int
sqlite_recover_undo(struct sqlite_writer *w, int rc) {
    log_error("store_commit", LOG_NUMBER("code", rc));
    sqlite_db_rollback(&w->db);
    /* A full disk too: the log is filled up to a sector behind the mark, and that may fail alone.
     */
    w->unsettled = !fence(w);
    if (w->unsettled) return ERR_UNKNOWN_OUTCOME;
    return (rc & 0xff) == SQLITE_FULL ? ERR_FULL : ERR_STORE;
}

bool
sqlite_recover_settle(struct sqlite_writer *w) {
    w->unsettled = w->unsettled && !fence(w);
    return !w->unsettled;
}

/* Open the file anew.  Returns whether it can be written and is sound. */
static bool
reopen(struct sqlite_writer *w) {
    char error[512] = "";
    sqlite_db_close(&w->db);
    bool ok = sqlite_recover_open(w, error, sizeof(error)) == 0 &&
              sqlite_db_quick_check(&w->db) == 0 && fence(w);
    if (ok) w->unsettled = false; /* what came back has happened */
    log_info("store_reopen", LOG_NUMBER("ok", ok));
    return ok;
}

static void
stop_writing(struct sqlite_writer *w) {
    w->retry_ms = clock_monotonic_ms() + SQLITE_RECOVER_RETRY_MS;
    atomic_store(&w->broken, true);
}

void
sqlite_recover_reopen(struct sqlite_writer *w, int rc) {
    if ((rc & 0xff) == SQLITE_FULL) return; /* the disk is full, not broken */
    w->failures++;
    if (w->failures > 1 || !reopen(w)) stop_writing(w);
}

void
sqlite_recover_retry(struct sqlite_writer *w) {
    if (clock_monotonic_ms() < w->retry_ms) return;
    if (!reopen(w)) {
        stop_writing(w);
        return;
    }
    w->failures = 0;
    atomic_store(&w->broken, false);
}
