/* SPDX-License-Identifier: MIT */
#include "store/sqlite/change.h"

#include "base/err.h"
#include "store/sqlite/rows.h"

/* Jobs outlive the call that made them if that is given up: they own what they use. */
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
    struct record before; /* as read; owns nothing of its own */
    struct record after;
    int64_t id;
};

static int
run_create(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct create_job *job = (struct create_job *)base;
    int64_t id = 0;
    if (!tx->room) return ERR_FULL;
    int done = sqlite_rows_insert(tx->db, &job->ref, &job->record, &id);
    if (done != 1 || job->record.content != CONTENT_INLINE) return done;
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
    bool inside = r->content == CONTENT_INLINE;
    if (inside && (content == NULL || content->len != r->size)) return ERR_STORE;
    struct create_job *job = calloc(1, sizeof(*job));
    if (job == NULL) return ERR_NOMEM;
    struct sqlite_job *base = &job->base;
    *job = (struct create_job){.base = {.run = run_create, .drop = drop_create}, .ref = *ref};
    int done = record_copy(&job->record, r);
    if (done == 0 && inside) done = sqlite_rows_lay_out(&w->layout, content, &job->stored);
    if (done == 0) {
        job->base.weight = job->stored.len;
        (void)sqlite_writer_now(w, r->created_at);
        done = sqlite_writer_do(w, &base);
    }
    drop_create(base);
    return done;
}

/* Whether ${part} of record ${id} is not registered yet: 1 or 0, or a code. */
static int
part_is_new(struct sqlite_db *db, int64_t id, uint32_t part) {
    sqlite3_stmt *s = db->stmt[SQL_HAS_PART];
    int rc = sqlite3_bind_int64(s, 1, id);
    rc |= sqlite3_bind_int64(s, 2, part);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);
    sqlite_db_reset(db, SQL_HAS_PART);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return rc == SQLITE_DONE;
    return sqlite_db_error(rc);
}

static int
decide(struct sqlite_db *db, struct change_job *job) {
    int found = sqlite_rows_load(db, &job->ref, &job->after, &job->id, NULL);
    if (found != 1) return found;
    if (job->change.kind == CHANGE_PART) {
        int fresh = part_is_new(db, job->id, job->change.part);
        if (fresh < 0) return fresh;
        job->change.part_is_new = fresh == 1;
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
run_on(struct sqlite_db *db, enum sql sql, int64_t id) {
    int rc = sqlite3_bind_int64(db->stmt[sql], 1, id);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, sql);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

static int
write_parts(struct sqlite_db *db, const struct change_job *job) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_PART];
    /* Once the upload is over nobody asks which parts came. */
    if (job->before.phase == PHASE_UPLOADING && job->after.phase != PHASE_UPLOADING)
        return run_on(db, SQL_DROP_PARTS, job->id);
    if (job->after.parts_stored == job->before.parts_stored) return 0;
    int rc = sqlite3_bind_int64(s, 1, job->id);
    rc |= sqlite3_bind_int64(s, 2, job->change.part);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_INSERT_PART);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

/* Write down what decide() found, in the same transaction. */
static int
write_down(struct sqlite_tx *tx, const struct change_job *job) {
    const struct effect *e = &job->effect;
    int err = 0;
    if (e->drop_record)
        err = sqlite_rows_delete(tx->db, job->id, &job->before, e->claimed, job->change.now);
    else if (e->write)
        err = sqlite_rows_update(tx->db, job->id, &job->before, &job->after, e->claimed,
                                 job->change.now);
    if (err == 0 && e->write) err = write_leases(tx->db, job);
    if (err == 0 && e->write) err = write_parts(tx->db, job);
    if (err == 0 && e->drop_content) err = run_on(tx->db, SQL_DROP_CONTENT, job->id);
    if (err == 0 && (e->drop_content || e->drop_record) && job->before.content == CONTENT_INLINE)
        tx->bytes -= (int64_t)job->before.size;
    return err;
}

static int
run_change(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct change_job *job = (struct change_job *)base;
    record_clear(&job->after); /* of a run that was undone */
    job->change.now = sqlite_writer_now(tx->writer, job->change.now);
    int found = decide(tx->db, job);
    if (found != 1) return found;
    int err = write_down(tx, job);
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
    int done = sqlite_writer_do(w, &base);
    if (done == 1) {
        *effect = job->effect;
        if (after != NULL) {
            *after = job->after;
            job->after = (struct record){0};
        }
    }
    drop_change(base);
    return done == ERR_FULL ? ERR_STORE : done;
}
