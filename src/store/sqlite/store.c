/* SPDX-License-Identifier: MIT */
#include "store/sqlite/store.h"

#include "base/clock.h"
#include "base/err.h"
#include "http/storage_shares.h"
#include "store/sqlite/change.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/events.h"
#include "store/sqlite/health.h"
#include "store/sqlite/rows/record.h"

#define FILE_NAME "secrets.db"

enum {
    PING_MS = 2000,
    LOG_PAGES = 4096, /* 8 MiB; it grows to at most twice that during a checkpoint */
    REASON_MAX = 512,
    EVENTS_DAYS_MAX = 36500,
    DAY_SECONDS = 24 * 60 * 60,
    SURVEY_ROWS = 1000,   /* read at once; a longer read would keep the log from being truncated */
    POSTPONE_STEPS = 400, /* transactions for one list of records that are due */
};

struct sqlite_store {
    struct store base;
    struct sqlite_place place;
    struct sqlite_writer writer;
    struct sqlite_readers readers;
    struct sqlite_health *health;
    int dir;
    int lock;
    char vfs[64];
};

static struct sqlite_store *
sqlite_store_of(struct store *s) {
    return (struct sqlite_store *)s;
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct sqlite_db *
borrow_reader(struct store *s) {
    struct sqlite_store *store = sqlite_store_of(s);
    return sqlite_readers_take(&store->readers, store->writer.wait_ms);
}

static void
return_reader(struct store *s, struct sqlite_db *db) {
    sqlite_readers_give(&sqlite_store_of(s)->readers, db);
}

/* The load and the load_wrap of struct store_ops. */
static int
load_rows(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content,
          struct buf *wrap) {
    struct sqlite_row row;
    struct sqlite_db *db = borrow_reader(s);
    *out = (struct record){0};
    if (db == NULL) return ERR_STORE;

    int found = sqlite_rows_load(db, ref, out, &row, content, wrap);
    return_reader(s, db);
    return found;
}

static int
store_load(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content) {
    return load_rows(s, ref, out, content, NULL);
}

static int
store_load_wrap(struct store *s, const struct store_ref *ref, struct record *out,
                struct buf *wrap) {
    return load_rows(s, ref, out, NULL, wrap);
}

/* Copy the key of the row of SQL_DUE into ${out}.  Returns SQLITE_OK, or SQLITE_CORRUPT if it is
 * no key. */
static int
get_due_key(sqlite3_stmt *stmt, struct store_ref *out) {
    const void *key = sqlite3_column_blob(stmt, 0);
    if (key == NULL || sqlite3_column_bytes(stmt, 0) != TOKEN_HASH_LEN) return SQLITE_CORRUPT;
    memcpy(out->bytes, key, TOKEN_HASH_LEN);
    out->len = TOKEN_HASH_LEN;
    return SQLITE_OK;
}

/* As store_ops.due.  *${early} counts those that the index lists, but that are due only later. */
static int
list_due(struct sqlite_db *db, int64_t now, int skip, struct store_ref *out, int max, int *early) {
    sqlite3_stmt *stmt = db->stmt[SQL_DUE];
    int n = 0;
    *early = 0;

    int rc = sqlite3_bind_int64(stmt, 1, now);
    rc |= sqlite3_bind_int(stmt, 2, max);
    rc |= sqlite3_bind_int(stmt, 3, skip);
    while (rc == SQLITE_OK && n < max && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        bool due = sqlite3_column_int(stmt, 1) != 0;
        rc = due ? get_due_key(stmt, &out[n++]) : SQLITE_OK;
        if (!due) *early += 1;
    }

    sqlite_db_reset(db, SQL_DUE);
    return rc == SQLITE_OK || rc == SQLITE_DONE ? n : sqlite_db_error(rc);
}

static int
store_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    int64_t at = s->ops->now(s, now);
    int n = 0, early = 1;
    if (max > STORE_DUE_MAX) max = STORE_DUE_MAX;

    for (int i = 0; i < POSTPONE_STEPS && n < max && early > 0; i++) {
        struct sqlite_db *db = borrow_reader(s);
        if (db == NULL) return ERR_STORE;
        n = list_due(db, at, skip, out, max, &early);
        return_reader(s, db);
        if (n < 0 || early == 0) break;

        /* No more than these: others could be far behind. */
        int err = sqlite_change_postpone(&sqlite_store_of(s)->writer, at, early);
        if (err != 0) return n > 0 ? n : err;
    }
    return n;
}

static int
store_knows_blob(struct store *s, const char *blob) {
    struct sqlite_db *db = borrow_reader(s);
    if (db == NULL) return ERR_STORE;

    sqlite3_stmt *stmt = db->stmt[SQL_KNOWS_BLOB];
    int rc = sqlite3_bind_text(stmt, 1, blob, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    sqlite_db_reset(db, SQL_KNOWS_BLOB);
    return_reader(s, db);

    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return rc == SQLITE_ROW;
    return ERR_STORE;
}

static int
store_survey(struct store *s, int64_t now, int64_t until_ms, struct survey *out) {
    int64_t after = 0;
    int n = SURVEY_ROWS;

    while (n == SURVEY_ROWS) {
        if (clock_monotonic_ms() >= until_ms) return 0;
        struct sqlite_db *db = borrow_reader(s);
        if (db == NULL) return ERR_STORE;
        n = sqlite_rows_survey(db, now, SURVEY_ROWS, &after, out);
        return_reader(s, db);
    }
    return n < 0 ? n : 1;
}

static int
store_events(struct store *s, int64_t after, struct audit_event *out, int max) {
    struct sqlite_db *db = borrow_reader(s);
    if (db == NULL) return ERR_STORE;
    int n = sqlite_events_read(db, after, out, max);
    return_reader(s, db);
    return n;
}

static int64_t
store_last_event(struct store *s) {
    return atomic_load(&sqlite_store_of(s)->writer.conn.last_event);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int64_t
store_now(struct store *s, int64_t clock) {
    return sqlite_writer_now(&sqlite_store_of(s)->writer, clock);
}

static void
store_ref(struct store *s, const char *id, struct store_ref *out) {
    (void)s;
    token_hash(id, strlen(id), out->bytes);
    out->len = TOKEN_HASH_LEN;
}

static int
store_create(struct store *s, const struct store_ref *ref, const struct record *r,
             const struct buf *content, const struct buf *wrap) {
    struct sqlite_writer *w = &sqlite_store_of(s)->writer;
    struct sqlite_job *job;
    int result = sqlite_change_new_create(w, ref, r, content, wrap, &job);
    if (result != 0) return result;

    result = sqlite_writer_do(w, &job);
    return sqlite_change_created(job, result);
}

static int
store_change(struct store *s, const struct store_ref *ref, const struct change *c,
             struct effect *effect, struct record *after) {
    return sqlite_change_apply(&sqlite_store_of(s)->writer, ref, c, effect, after);
}

static int
store_change_all(struct store *s, const struct store_ref *refs, int n, const struct change *c,
                 struct store_change *out) {
    return sqlite_change_apply_all(&sqlite_store_of(s)->writer, refs, n, c, out);
}

static int
store_change_both(struct store *s, const struct store_ref refs[static 2],
                  const struct change c[static 2], struct store_change out[static 2]) {
    return sqlite_change_apply_both(&sqlite_store_of(s)->writer, refs, c, out);
}

/* --- writing, and nobody waits ---------------------------------------------------------------- */

static void
tell_done(struct sqlite_job *job) {
    struct store_later *l = job->ctx;
    l->done(l);
}

/* Hand ${job} to the writer for ${l}.  Returns 0; or ERR_STORE, and ${job} is dropped. */
static int
submit_later(struct store *s, struct sqlite_job *job, struct store_later *l) {
    l->job = job;
    job->ctx = l;
    job->done = tell_done;
    int err = sqlite_writer_submit(&sqlite_store_of(s)->writer, job);
    if (err != 0) job->drop(job);
    return err;
}

static int
store_create_later(struct store *s, const struct store_ref *ref, const struct record *r,
                   const struct buf *content, const struct buf *wrap, struct store_later *l) {
    struct sqlite_job *job;
    int err = sqlite_change_new_create(&sqlite_store_of(s)->writer, ref, r, content, wrap, &job);
    return err == 0 ? submit_later(s, job, l) : err;
}

static int
store_open_later(struct store *s, const struct store_ref *ref, const struct change *c,
                 size_t content_max, struct store_later *l) {
    struct sqlite_job *job;
    int err = sqlite_change_new_open(ref, c, content_max, &job);
    return err == 0 ? submit_later(s, job, l) : err;
}

/* Take the job of ${l}, NULL if it was abandoned, and what the writer returned for it. */
static struct sqlite_job *
take_job(struct store_later *l, int *result) {
    struct sqlite_job *job = l->job;
    *result = l->outcome;
    if (job != NULL) *result = job->result;
    l->job = NULL;
    return job;
}

static int
store_created(struct store *s, struct store_later *l) {
    int result;
    struct sqlite_job *job = take_job(l, &result);
    (void)s;
    return sqlite_change_created(job, result);
}

static int
store_opened(struct store *s, struct store_later *l, struct effect *effect, struct record *after,
             struct buf *content) {
    int result;
    struct sqlite_job *job = take_job(l, &result);
    (void)s;
    return sqlite_change_opened(job, result, effect, after, content);
}

static bool
store_abandon(struct store *s, struct store_later *l) {
    int err = sqlite_writer_abandon(l->job);
    (void)s;
    if (err == 0) return false;
    l->job = NULL;
    l->outcome = err;
    return true;
}

/* --- erasing ---------------------------------------------------------------------------------- */

/* Events that are dropped are erased by the same scrub. */
static int
store_scrub(struct store *s) {
    struct sqlite_store *store = sqlite_store_of(s);
    int trimmed = sqlite_events_trim(&store->writer);
    int err = sqlite_writer_scrub(&store->writer);
    return err != 0 ? err : trimmed;
}

static uint64_t
store_usage(struct store *s) {
    return atomic_load(&sqlite_store_of(s)->writer.conn.bytes);
}

/* --- health, open and close ------------------------------------------------------------------- */

/* The writer is idle or makes progress, and the file can be read in time. */
static int
store_ping(struct store *s) {
    struct sqlite_store *store = sqlite_store_of(s);
    int ms = PING_MS;
    if (ms > store->writer.wait_ms) ms = store->writer.wait_ms;

    int err = sqlite_writer_state(&store->writer, ms);
    return err != 0 ? err : sqlite_health_check(store->health, ms);
}

static bool
store_stuck(struct store *s) {
    return store_ping(s) == ERR_STUCK;
}

/* Write that the writing of events begins or ends.  A full disk is no reason not to open. */
static void
mark_events(struct sqlite_store *store, enum audit_kind kind) {
    (void)!sqlite_events_mark(&store->writer, kind, clock_now(&clock_system));
}

/* The order is a promise: readers outlive the threads that use them, and the writing connection
 * is closed last, so that SQLite can delete the log. */
static void
store_close(struct store *s) {
    struct sqlite_store *store = sqlite_store_of(s);
    if (store == NULL) return;

    /* A store that could not be opened has written nothing. */
    if (store->writer.running && store->writer.conn.events) mark_events(store, AUDIT_STOPPED);
    sqlite_health_free(store->health);
    sqlite_writer_stop(&store->writer);
    sqlite_readers_close(&store->readers);
    sqlite_writer_close(&store->writer);

    sqlite_directory_close(store->dir, store->lock);
    storage_shares_free(store->writer.conn.keep.shares);
    free(store);
}

static const struct store_ops sqlite_ops = {
    .now = store_now,
    .ref = store_ref,
    .create = store_create,
    .load = store_load,
    .load_wrap = store_load_wrap,
    .change = store_change,
    .create_later = store_create_later,
    .open_later = store_open_later,
    .created = store_created,
    .opened = store_opened,
    .abandon = store_abandon,
    .change_all = store_change_all,
    .change_both = store_change_both,
    .due = store_due,
    .knows_blob = store_knows_blob,
    .survey = store_survey,
    .events = store_events,
    .last_event = store_last_event,
    .scrub = store_scrub,
    .usage = store_usage,
    .ping = store_ping,
    .stuck = store_stuck,
    .close = store_close,
};

/* Fill store->place from ${config}.  Returns 0, or ERR_CONFIG with a line added to ${reason}. */
static int
set_place(struct sqlite_store *store, const struct sqlite_store_config *config,
          struct buf *reason) {
    struct sqlite_place *place = &store->place;
    int len = snprintf(place->path, sizeof(place->path), "%s/" FILE_NAME, config->dir);
    if (len < 0 || (size_t)len >= sizeof(place->path)) {
        (void)!buf_add_text(reason, "the path of the store is too long");
        return ERR_CONFIG;
    }

    place->sync_normal = config->sync_normal;
    place->log_pages = config->log_pages > 0 ? config->log_pages : LOG_PAGES;
    if (config->vfs != NULL) {
        (void)snprintf(store->vfs, sizeof(store->vfs), "%s", config->vfs);
        place->vfs = store->vfs;
    }
    return 0;
}

/* Set how events are kept.  Returns 0 or ERR_NOMEM. */
static int
set_retention(struct sqlite_retention *keep, const struct sqlite_store_config *config) {
    int64_t days = config->events_days > 0 ? config->events_days : EVENTS_DAYS_MAX;
    *keep = (struct sqlite_retention){.seconds = days * DAY_SECONDS, .max = config->events_max};
    if (keep->max == 0) return 0;
    keep->shares = storage_shares_new();
    return keep->shares != NULL ? 0 : ERR_NOMEM;
}

/* The order is a promise: nothing is read or written before this process holds the lock. */
static int
open_files(struct sqlite_store *store, const struct sqlite_store_config *config,
           struct buf *reason) {
    struct sqlite_place *place = &store->place;
    struct sqlite_writer *w = &store->writer;
    int readers = config->readers > 0 ? config->readers : SQLITE_STORE_READERS;
    int wait_ms = config->wait_ms > 0 ? config->wait_ms : SQLITE_STORE_WAIT_MS;
    if (readers > SQLITE_STORE_READERS_MAX) {
        (void)!buf_printf(reason, "more than %d readers", SQLITE_STORE_READERS_MAX);
        return ERR_CONFIG;
    }

    /* The lock, then the writer, which makes the tables, then the readers. */
    int err = sqlite_directory_open(config->dir, FILE_NAME, &store->dir, &store->lock, reason);
    if (err == 0) err = sqlite_writer_open(w, place, store->dir, config->min_free, wait_ms, reason);
    if (err == 0) err = sqlite_readers_open(&store->readers, place, readers, reason);

    /* The threads. */
    w->conn.events = config->events;
    if (err == 0) err = set_retention(&w->conn.keep, config);
    if (err == 0) err = sqlite_writer_start(w, &store->readers);

    if (err == 0 && config->events) mark_events(store, AUDIT_STARTED);
    if (err == 0) store->health = sqlite_health_new(&store->readers);
    return err == 0 && store->health == NULL ? ERR_NOMEM : err;
}

int
sqlite_store_open(const struct sqlite_store_config *config, struct store **out) {
    struct buf unwanted = BUF_INIT(REASON_MAX);
    struct buf *reason = config->reason != NULL ? config->reason : &unwanted;
    struct sqlite_store *store = calloc(1, sizeof(*store));
    *out = NULL;
    if (store == NULL) return ERR_NOMEM;

    store->base = (struct store){
        .ops = &sqlite_ops, .inline_max = SQLITE_STORE_INLINE_MAX, .look_first = true};
    store->dir = store->lock = -1;
    int err = set_place(store, config, reason);
    if (err == 0) err = open_files(store, config, reason);

    if (err == 0) *out = &store->base;
    else store_close(&store->base);
    buf_free(&unwanted);
    return err;
}
