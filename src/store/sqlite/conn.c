/* SPDX-License-Identifier: MIT */
/*
 * A COMMIT that fails may already have written its frames to the log, including the commit mark,
 * and a crash would bring them back.  The fence is a small commit right after it.  It overwrites
 * the first of those frames.  Each frame's checksum continues the one before, so the other frames
 * become invalid.  Once the fence is durable, the failed commit certainly did not happen.
 */
#include "store/sqlite/conn.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/sqlite/events.h"

enum { REASON_MAX = 512 };

/* After each commit: note the size of the log.  The hook also replaces SQLite's own checkpoints. */
static int
note_wal_pages(void *ctx, sqlite3 *handle, const char *name, int pages) {
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
    if (!found) return ERR_STORE;
    int err = sqlite_events_head(&c->db, &c->chain);
    atomic_store(&c->last_event, c->chain.number);
    return err;
}

int
sqlite_conn_open(struct sqlite_conn *c, const struct sqlite_place *place, struct buf *reason) {
    c->place = place;
    int err = sqlite_db_open_writer(&c->db, place, reason);
    if (err != 0) return err;

    (void)sqlite3_wal_hook(c->db.handle, note_wal_pages, c);
    err = read_state(c);
    if (err == 0) return 0;

    (void)!buf_printf(reason, "%.200s is damaged", place->path);
    sqlite_db_close(&c->db);
    return err;
}

void
sqlite_conn_committed(struct sqlite_conn *c, int64_t high, int64_t bytes,
                      const struct sqlite_chain *chain) {
    c->failures = 0;
    c->stored_high = high;
    c->stored_bytes = bytes;
    c->chain = *chain;
    atomic_store(&c->bytes, (uint_fast64_t)bytes);
    atomic_store(&c->last_event, chain->number);
}

/* Returns whether the fence is durable. */
static bool
write_fence(struct sqlite_conn *c) {
    int rc = sqlite_db_run(&c->db, SQL_BEGIN);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&c->db, SQL_FENCE);
    if (rc == SQLITE_OK) rc = sqlite_db_run(&c->db, SQL_COMMIT);
    if (rc != SQLITE_OK) sqlite_db_rollback(&c->db);
    return rc == SQLITE_OK;
}

int
sqlite_conn_undo(struct sqlite_conn *c, int rc) {
    log_error("store.commit", LOG_NUMBER("code", rc));
    sqlite_db_rollback(&c->db);

    /* Only BEGIN IMMEDIATE waits for a lock, so nothing was written. */
    if ((rc & 0xff) == SQLITE_BUSY) return ERR_STORE;

    /* A full disk needs the fence, too: SQLite pads the log to a whole sector after the commit
     * mark, and it may be the padding that failed. */
    c->unsettled = !write_fence(c);
    if (c->unsettled) return ERR_UNKNOWN_OUTCOME;
    return (rc & 0xff) == SQLITE_FULL ? ERR_FULL : ERR_STORE;
}

bool
sqlite_conn_settle(struct sqlite_conn *c) {
    c->unsettled = c->unsettled && !write_fence(c);
    return !c->unsettled;
}

/* Open the file again.  Returns whether it can be written and is sound. */
static bool
reopen_conn(struct sqlite_conn *c) {
    struct buf reason = BUF_INIT(REASON_MAX);
    sqlite_db_close(&c->db);

    bool ok = sqlite_conn_open(c, c->place, &reason) == 0;
    ok = ok && sqlite_db_quick_check(&c->db) == 0 && write_fence(c);
    if (ok) c->unsettled = false; /* a commit that is in the file now has happened */

    log_info("store.reopen", LOG_NUMBER("ok", ok));
    buf_free(&reason);
    return ok;
}

void
sqlite_conn_stop(struct sqlite_conn *c) {
    c->retry_ms = clock_monotonic_ms() + SQLITE_CONN_RETRY_MS;
    atomic_store(&c->broken, true);
}

void
sqlite_conn_reopen(struct sqlite_conn *c, int rc) {
    /* A full disk, or a file that another program has locked, is not broken. */
    if ((rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_BUSY) return;

    c->failures++;
    if (c->failures > 1 || !reopen_conn(c)) sqlite_conn_stop(c);
}

bool
sqlite_conn_is_due(const struct sqlite_conn *c) {
    return clock_monotonic_ms() >= c->retry_ms;
}

void
sqlite_conn_retry(struct sqlite_conn *c) {
    if (!reopen_conn(c)) {
        sqlite_conn_stop(c);
        return;
    }
    c->failures = 0;
    atomic_store(&c->broken, false);
}
