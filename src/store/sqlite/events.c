/* SPDX-License-Identifier: MIT */
#include "store/sqlite/events.h"

#include "base/err.h"
#include "http/storage_shares.h"
#include "vault/happened.h"

/* Each step of a trim is a transaction. */
enum { TRIM_STEPS = 100, TRIM_ROWS = 1000 };

/* --- writing ---------------------------------------------------------------------------------- */

/* Whether ${e}, made by ${by}, is beyond the share of the network of ${by}, which is charged. */
static bool
is_spare(struct sqlite_tx *tx, const struct audit_event *e, const struct actor *by) {
    const struct sqlite_retention *keep = &tx->writer->conn.keep;
    const struct storage_level level = {.used = (uint64_t)(tx->chain.count - tx->chain.spare),
                                        .quota = (uint64_t)keep->max};
    if (keep->shares == NULL) return false;
    bool operators = e->kind == AUDIT_STARTED || e->kind == AUDIT_STOPPED;
    if (by == NULL || !by->known) return !operators && e->kind != AUDIT_REMOVED;
    return storage_shares_take(keep->shares, by->network, 1, keep->seconds, level, e->at) != 0;
}

static int
insert_event(struct sqlite_db *db, const struct audit_event *e, bool spare) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_EVENT];
    int rc = sqlite3_bind_int64(s, 1, e->number);
    rc |= sqlite3_bind_int64(s, 2, e->at);
    rc |= sqlite3_bind_int(s, 3, (int)e->kind);
    rc |= sqlite3_bind_blob(s, 4, e->ref, sizeof(e->ref), SQLITE_STATIC);
    if (e->by[0] != '\0') rc |= sqlite3_bind_text(s, 5, e->by, -1, SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, 6, e->hash, sizeof(e->hash), SQLITE_STATIC);
    rc |= sqlite3_bind_int(s, 7, spare);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_INSERT_EVENT);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

/* Add ${e}, of which kind, time and name are set, after the last event of this transaction.  It is
 * about ${ref} and made by ${by}; both may be NULL. */
static int
add_event(struct sqlite_tx *tx, struct audit_event *e, const struct store_ref *ref,
          const struct actor *by) {
    struct sqlite_chain *chain = &tx->chain;
    if (!tx->writer->conn.events) return 0;

    /* A record's key is the SHA-256 of its id. */
    if (ref != NULL) memcpy(e->ref, ref->bytes, sizeof(e->ref));
    e->number = chain->number + 1;
    audit_seal(e, chain->hash);
    bool spare = is_spare(tx, e, by);
    int err = insert_event(tx->db, e, spare);
    if (err != 0) return err;

    chain->number = e->number;
    chain->count++;
    chain->spare += spare;
    memcpy(chain->hash, e->hash, sizeof(chain->hash));
    return 0;
}

int
sqlite_events_created(struct sqlite_tx *tx, const struct store_ref *ref, const struct record *r,
                      int64_t at) {
    struct audit_event e = {.kind = AUDIT_CREATED, .at = at};
    if (r->kind == RECORD_REQUEST) e.kind = AUDIT_ASKED;
    memcpy(e.by, r->creator.name, sizeof(e.by));
    return add_event(tx, &e, ref, &r->creator);
}

int
sqlite_events_changed(struct sqlite_tx *tx, const struct store_ref *ref,
                      const struct record *before, const struct record *after,
                      const struct effect *effect, const struct actor *by, int64_t at) {
    enum audit_kind kinds[HAPPENED_MAX];
    int err = 0;
    if (!tx->writer->conn.events) return 0;

    int n = happened(before, after, effect, at, kinds);
    for (int i = 0; i < n && err == 0; i++) {
        struct audit_event e = {.kind = kinds[i], .at = at};
        if (e.kind == AUDIT_OPENED) memcpy(e.by, by->name, sizeof(e.by));
        err = add_event(tx, &e, ref, by);
    }
    return err;
}

/* --- jobs of their own ------------------------------------------------------------------------ */

struct mark_job {
    struct sqlite_job base;
    enum audit_kind kind;
    int64_t clock;
};

static int
run_mark(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct mark_job *job = (struct mark_job *)base;
    struct audit_event e = {.kind = job->kind, .at = sqlite_writer_now(tx->writer, job->clock)};
    return add_event(tx, &e, NULL, NULL);
}

static void
drop_event_job(struct sqlite_job *job) {
    free(job);
}

int
sqlite_events_mark(struct sqlite_writer *w, enum audit_kind kind, int64_t clock) {
    struct mark_job *job = calloc(1, sizeof(*job));
    if (job == NULL) return ERR_NOMEM;
    *job = (struct mark_job){
        .base = {.run = run_mark, .drop = drop_event_job}, .kind = kind, .clock = clock};

    struct sqlite_job *base = &job->base;
    int err = sqlite_writer_do(w, &base);
    if (base != NULL) drop_event_job(base);
    return err;
}

/* Read the oldest event.  Returns 1, 0 if there is none, or a code. */
static int
read_oldest(struct sqlite_db *db, int64_t *number, int64_t *at) {
    sqlite3_stmt *s = db->stmt[SQL_OLDEST_EVENT];
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *number = sqlite3_column_int64(s, 0);
        *at = sqlite3_column_int64(s, 1);
    }

    sqlite_db_reset(db, SQL_OLDEST_EVENT);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return rc == SQLITE_ROW;
    return sqlite_db_error(rc);
}

/* Run ${sql}, which deletes events before ${end} as its second parameter ${limit} has it.  Returns
 * how many, or a code. */
static int
drop_events(struct sqlite_tx *tx, enum sql sql, int64_t end, int64_t limit) {
    sqlite3_stmt *s = tx->db->stmt[sql];
    int n = 0;

    int rc = sqlite3_bind_int64(s, 1, end);
    rc |= sqlite3_bind_int64(s, 2, limit);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        tx->chain.count--;
        tx->chain.spare -= sqlite3_column_int(s, 0);
        n++;
        rc = SQLITE_OK;
    }

    sqlite_db_reset(tx->db, sql);
    return rc == SQLITE_DONE ? n : sqlite_db_error(rc);
}

/* Delete up to TRIM_ROWS events.  Returns 1 or more if there may be more to delete; 0; or a
 * code. */
static int
run_trim(struct sqlite_tx *tx, struct sqlite_job *base) {
    const struct sqlite_retention *keep = &tx->writer->conn.keep;
    int64_t oldest = 0, at = 0, newest = tx->chain.number, rows = TRIM_ROWS;
    int64_t before = sqlite_writer_now(tx->writer, 0) - keep->seconds;
    (void)base;

    /* The newest event stays. */
    int found = read_oldest(tx->db, &oldest, &at);
    if (found != 1 || oldest >= newest) return found < 0 ? found : 0;
    int64_t last = newest - oldest < rows ? newest - 1 : oldest + rows - 1;
    if (at < before) return drop_events(tx, SQL_DROP_EVENTS, last, before);

    int64_t excess = keep->max > 0 ? tx->chain.count - keep->max : 0;
    if (excess <= 0) return 0;
    if (excess < rows) rows = excess;
    if (tx->chain.spare > 0) {
        int dropped = drop_events(tx, SQL_DROP_SPARE, newest, rows);
        if (dropped != 0) return dropped;
    }

    /* Without spare ones the oldest go. */
    last = newest - oldest < rows ? newest - 1 : oldest + rows - 1;
    return drop_events(tx, SQL_DROP_EVENTS, last, INT64_MAX);
}

int
sqlite_events_trim(struct sqlite_writer *w) {
    int more = 1;
    if (atomic_load(&w->conn.last_event) == 0) return 0;

    for (int i = 0; i < TRIM_STEPS && more > 0; i++) {
        struct sqlite_job *job = calloc(1, sizeof(*job));
        if (job == NULL) return ERR_NOMEM;
        *job = (struct sqlite_job){.run = run_trim, .drop = drop_event_job};
        more = sqlite_writer_do(w, &job);
        if (job != NULL) drop_event_job(job);
    }
    return more < 0 ? more : 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Read the row of SQL_EVENTS into ${e}.  Returns whether it is an event. */
static bool
get_event(sqlite3_stmt *s, struct audit_event *e) {
    const void *ref = sqlite3_column_blob(s, 3), *hash = sqlite3_column_blob(s, 5);
    const char *by = (const char *)sqlite3_column_text(s, 4);
    size_t by_len = (size_t)sqlite3_column_bytes(s, 4);
    bool whole = ref != NULL && hash != NULL && by_len <= AUDIT_BY_MAX &&
                 sqlite3_column_bytes(s, 3) == AUDIT_REF_LEN &&
                 sqlite3_column_bytes(s, 5) == AUDIT_HASH_LEN;
    if (!whole) return false;

    *e = (struct audit_event){.number = sqlite3_column_int64(s, 0),
                              .at = sqlite3_column_int64(s, 1),
                              .kind = (enum audit_kind)sqlite3_column_int(s, 2)};
    memcpy(e->ref, ref, sizeof(e->ref));
    memcpy(e->hash, hash, sizeof(e->hash));
    if (by != NULL) memcpy(e->by, by, by_len);
    return audit_name(e->kind) != NULL;
}

int
sqlite_events_read(struct sqlite_db *db, int64_t after, struct audit_event *out, int max) {
    sqlite3_stmt *s = db->stmt[SQL_EVENTS];
    int n = 0;

    int rc = sqlite3_bind_int64(s, 1, after);
    rc |= sqlite3_bind_int(s, 2, max);
    while (rc == SQLITE_OK && n < max && (rc = sqlite3_step(s)) == SQLITE_ROW)
        rc = get_event(s, &out[n++]) ? SQLITE_OK : SQLITE_CORRUPT;

    sqlite_db_reset(db, SQL_EVENTS);
    return rc == SQLITE_OK || rc == SQLITE_DONE ? n : sqlite_db_error(rc);
}

/* Read how many events ${db} has into ${out}. */
static int
count_events(struct sqlite_db *db, struct sqlite_chain *out) {
    sqlite3_stmt *s = db->stmt[SQL_COUNT_EVENTS];
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        out->count = sqlite3_column_int64(s, 0);
        out->spare = sqlite3_column_int64(s, 1);
    }
    sqlite_db_reset(db, SQL_COUNT_EVENTS);
    return rc == SQLITE_ROW ? 0 : sqlite_db_error(rc);
}

int
sqlite_events_head(struct sqlite_db *db, struct sqlite_chain *out) {
    sqlite3_stmt *s = db->stmt[SQL_LAST_EVENT];
    int rc = sqlite3_step(s);
    *out = (struct sqlite_chain){0};

    if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 1) == AUDIT_HASH_LEN) {
        out->number = sqlite3_column_int64(s, 0);
        memcpy(out->hash, sqlite3_column_blob(s, 1), sizeof(out->hash));
    } else if (rc == SQLITE_ROW) rc = SQLITE_CORRUPT;

    sqlite_db_reset(db, SQL_LAST_EVENT);
    if (rc == SQLITE_ROW) return count_events(db, out);
    return rc == SQLITE_DONE ? 0 : sqlite_db_error(rc);
}
