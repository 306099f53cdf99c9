/* SPDX-License-Identifier: MIT */
#include "store/sqlite/events.h"

#include "base/err.h"
#include "vault/happened.h"

enum { TRIM_ROWS = 1000, DAY_SECONDS = 24 * 60 * 60 };

/* --- writing ---------------------------------------------------------------------------------- */

static int
insert_event(struct sqlite_db *db, const struct audit_event *e) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_EVENT];
    int rc = sqlite3_bind_int64(s, 1, e->number);
    rc |= sqlite3_bind_int64(s, 2, e->at);
    rc |= sqlite3_bind_int(s, 3, (int)e->kind);
    rc |= sqlite3_bind_blob(s, 4, e->ref, sizeof(e->ref), SQLITE_STATIC);
    if (e->by[0] != '\0') rc |= sqlite3_bind_text(s, 5, e->by, -1, SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, 6, e->hash, sizeof(e->hash), SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_INSERT_EVENT);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

/* Add an event of ${kind} by ${by} after the last one of this transaction.  ${ref} may be NULL. */
static int
add_event(struct sqlite_tx *tx, enum audit_kind kind, const struct store_ref *ref, const char *by,
          int64_t at) {
    struct sqlite_chain *chain = &tx->chain;
    struct audit_event e = {.number = chain->number + 1, .kind = kind, .at = at};
    if (!tx->writer->conn.events) return 0;

    /* A record's key is the SHA-256 of its id. */
    if (ref != NULL) memcpy(e.ref, ref->bytes, sizeof(e.ref));
    (void)snprintf(e.by, sizeof(e.by), "%s", by);
    audit_seal(&e, chain->hash);
    int err = insert_event(tx->db, &e);
    if (err != 0) return err;

    chain->number = e.number;
    memcpy(chain->hash, e.hash, sizeof(chain->hash));
    return 0;
}

int
sqlite_events_created(struct sqlite_tx *tx, const struct store_ref *ref, const struct record *r,
                      int64_t at) {
    return add_event(tx, AUDIT_CREATED, ref, r->creator, at);
}

int
sqlite_events_changed(struct sqlite_tx *tx, const struct store_ref *ref,
                      const struct record *before, const struct record *after,
                      const struct effect *effect, int64_t at) {
    enum audit_kind kinds[HAPPENED_MAX];
    int err = 0;
    if (!tx->writer->conn.events) return 0;

    int n = happened(before, after, effect, at, kinds);
    for (int i = 0; i < n && err == 0; i++)
        err = add_event(tx, kinds[i], ref, "", at);
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
    return add_event(tx, job->kind, NULL, "", sqlite_writer_now(tx->writer, job->clock));
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

struct trim_job {
    struct sqlite_job base;
    int64_t days, max;
};

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

/* Delete up to TRIM_ROWS of the oldest events.  Returns 1 if there may be more to delete; 0; or a
 * code. */
static int
run_trim(struct sqlite_tx *tx, struct sqlite_job *base) {
    const struct trim_job *job = (const struct trim_job *)base;
    sqlite3_stmt *s = tx->db->stmt[SQL_DROP_EVENTS];
    int64_t oldest = 0, at = 0, last = tx->chain.number;
    int64_t before = sqlite_writer_now(tx->writer, 0) - job->days * DAY_SECONDS;

    /* The newest event stays.  Beyond the number, age does not matter. */
    int found = read_oldest(tx->db, &oldest, &at);
    if (found != 1 || oldest >= last) return found < 0 ? found : 0;
    int64_t end = oldest + TRIM_ROWS - 1;
    if (oldest <= last - job->max) {
        before = INT64_MAX;
        if (end > last - job->max) end = last - job->max;
    }
    if (at >= before) return 0;
    if (end >= last) end = last - 1;

    int rc = sqlite3_bind_int64(s, 1, end);
    rc |= sqlite3_bind_int64(s, 2, before);
    if (rc == SQLITE_OK) rc = sqlite_db_run(tx->db, SQL_DROP_EVENTS);
    return rc == SQLITE_OK ? 1 : sqlite_db_error(rc);
}

int
sqlite_events_trim(struct sqlite_writer *w, int64_t days, int64_t max) {
    int more = 1;
    if (atomic_load(&w->conn.last_event) == 0) return 0;

    while (more == 1) {
        struct trim_job *job = calloc(1, sizeof(*job));
        if (job == NULL) return ERR_NOMEM;
        *job = (struct trim_job){
            .base = {.run = run_trim, .drop = drop_event_job}, .days = days, .max = max};
        struct sqlite_job *base = &job->base;
        more = sqlite_writer_do(w, &base);
        if (base != NULL) drop_event_job(base);
    }
    return more;
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
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : sqlite_db_error(rc);
}
