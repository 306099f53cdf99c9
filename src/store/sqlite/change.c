/* SPDX-License-Identifier: MIT */
#include "store/sqlite/change.h"

#include "base/err.h"
#include "store/sqlite/rows.h"

/* A job can outlive the call that made it, so it owns all that it uses. */
struct create_job {
    struct sqlite_job base;
    struct store_ref ref;
    struct record record; /* without leases */
    struct buf stored;    /* the content as its row holds it */
};

struct change_job {
    struct sqlite_job base;
    struct store_ref ref;
    struct change change;
    struct effect effect;
    struct record before; /* as read; its pointers are not its own */
    struct record after;
    int64_t id;
};

/* --- create ----------------------------------------------------------------------------------- */

static int
run_create(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct create_job *job = (struct create_job *)base;
    int64_t id = 0;
    if (!tx->has_room) return ERR_FULL;

    int created = sqlite_rows_insert(tx->db, &job->ref, &job->record, &id);
    if (created != 1 || job->record.content != CONTENT_INLINE) return created;

    int err = sqlite_rows_insert_content(tx->db, id, &job->stored);
    if (err != 0) return err;
    tx->bytes += (int64_t)job->record.size;
    return 1;
}

static void
drop_create(struct sqlite_job *base) {
    struct create_job *job = (struct create_job *)base;
    if (job == NULL) return;
    buf_free(&job->stored);
    record_clear(&job->record);
    explicit_bzero(job, sizeof(*job));
    free(job);
}

int
sqlite_change_create(struct sqlite_writer *w, const struct store_ref *ref, const struct record *r,
                     const struct buf *content) {
    bool is_inline = r->content == CONTENT_INLINE;
    if (is_inline && (content == NULL || content->len != r->size)) return ERR_STORE;

    struct create_job *job = calloc(1, sizeof(*job));
    if (job == NULL) return ERR_NOMEM;
    struct sqlite_job *base = &job->base;
    *job = (struct create_job){.base = {.run = run_create, .drop = drop_create}, .ref = *ref};

    int result = record_copy(&job->record, r);
    if (result == 0 && is_inline) result = sqlite_rows_lay_out(&w->layout, content, &job->stored);
    if (result == 0) {
        job->base.weight = job->stored.len;
        (void)sqlite_writer_now(w, r->created_at);
        result = sqlite_writer_do(w, &base);
    }

    /* An abandoned job is NULL here. */
    drop_create(base);
    return result;
}

/* --- change ----------------------------------------------------------------------------------- */

/* Whether ${part} of record ${id} is not registered yet.  Returns 1, 0 or a code. */
static int
is_new_part(struct sqlite_db *db, int64_t id, uint32_t part) {
    sqlite3_stmt *s = db->stmt[SQL_HAS_PART];
    int rc = sqlite3_bind_int64(s, 1, id);
    rc |= sqlite3_bind_int64(s, 2, part);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);

    sqlite_db_reset(db, SQL_HAS_PART);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return rc == SQLITE_DONE;
    return sqlite_db_error(rc);
}

/* Read the record in this transaction and apply the policy to it.  Returns 1, 0 absent, or a
 * code. */
static int
decide_change(struct sqlite_db *db, struct change_job *job) {
    int found = sqlite_rows_load(db, &job->ref, &job->after, &job->id, NULL);
    if (found != 1) return found;

    if (job->change.kind == CHANGE_PART) {
        int is_new = is_new_part(db, job->id, job->change.part);
        if (is_new < 0) return is_new;
        job->change.part_is_new = is_new == 1;
    }

    job->before = job->after;
    job->before.leases = NULL;
    job->before.lease_count = 0;
    int err = policy_apply(&job->after, &job->change, &job->effect);
    return err < 0 ? err : 1;
}

static int
write_leases(struct sqlite_db *db, const struct change_job *job) {
    const struct record *r = &job->after;
    size_t first = 0;
    size_t end = r->lease_count;

    if (!job->effect.all_leases) {
        if (job->effect.lease < 0) return 0;
        first = (size_t)job->effect.lease;
        end = first + 1;
    }

    for (size_t n = first; n < end; n++) {
        int err = sqlite_rows_put_lease(db, job->id, n, &r->leases[n]);
        if (err != 0) return err;
    }
    return 0;
}

/* Run a statement whose one parameter is the record. */
static int
run_on_record(struct sqlite_db *db, enum sql sql, int64_t id) {
    int rc = sqlite3_bind_int64(db->stmt[sql], 1, id);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, sql);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

/* Register the part of the change, or forget all parts once the upload is over. */
static int
write_parts(struct sqlite_db *db, const struct change_job *job) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_PART];
    bool upload_ends = job->before.phase == PHASE_UPLOADING && job->after.phase != PHASE_UPLOADING;

    if (upload_ends) return run_on_record(db, SQL_DROP_PARTS, job->id);
    if (job->after.parts_stored == job->before.parts_stored) return 0;

    int rc = sqlite3_bind_int64(s, 1, job->id);
    rc |= sqlite3_bind_int64(s, 2, job->change.part);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_INSERT_PART);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

/* Write the record's row, or delete it, under the condition that it is still as it was read. */
static int
write_record(struct sqlite_db *db, const struct change_job *job) {
    const struct effect *e = &job->effect;
    int64_t now = job->change.now;

    if (e->drop_record) return sqlite_rows_delete(db, job->id, &job->before, e->claimed, now);
    if (!e->write) return 0;
    return sqlite_rows_update(db, job->id, &job->before, &job->after, e->claimed, now);
}

/* Write what decide_change() decided, in the same transaction. */
static int
write_change(struct sqlite_tx *tx, const struct change_job *job) {
    const struct effect *e = &job->effect;

    int err = write_record(tx->db, job);
    if (err == 0 && e->write) err = write_leases(tx->db, job);
    if (err == 0 && e->write) err = write_parts(tx->db, job);
    if (err == 0 && e->drop_content) err = run_on_record(tx->db, SQL_DROP_CONTENT, job->id);
    if (err != 0) return err;

    bool frees = e->drop_content || e->drop_record;
    if (frees && job->before.content == CONTENT_INLINE) tx->bytes -= (int64_t)job->before.size;
    return 0;
}

static int
run_change(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct change_job *job = (struct change_job *)base;
    record_clear(&job->after); /* of a run that was undone */
    job->change.now = sqlite_writer_now(tx->writer, job->change.now);

    int found = decide_change(tx->db, job);
    if (found != 1) return found;
    int err = write_change(tx, job);
    return err < 0 ? err : 1;
}

static void
drop_change(struct sqlite_job *base) {
    struct change_job *job = (struct change_job *)base;
    if (job == NULL) return;
    record_clear(&job->after);
    explicit_bzero(job, sizeof(*job));
    free(job);
}

int
sqlite_change_apply(struct sqlite_writer *w, const struct store_ref *ref, const struct change *c,
                    struct effect *effect, struct record *after) {
    struct change_job *job = calloc(1, sizeof(*job));
    *effect = (struct effect){0};
    if (after != NULL) *after = (struct record){0};
    if (job == NULL) return ERR_NOMEM;

    struct sqlite_job *base = &job->base;
    job->base.run = run_change;
    job->base.drop = drop_change;
    job->ref = *ref;
    job->change = *c;
    int result = sqlite_writer_do(w, &base);

    if (result == 1) {
        *effect = job->effect;
        if (after != NULL) {
            *after = job->after;
            job->after = (struct record){0};
        }
    }
    drop_change(base);

    /* Only a create may report a full disk (vault/store.h). */
    return result == ERR_FULL ? ERR_STORE : result;
}
