/* SPDX-License-Identifier: MIT */
#include "store/sqlite/change.h"

#include "base/err.h"
#include "store/sqlite/events.h"
#include "store/sqlite/rows/leases.h"
#include "store/sqlite/rows/record.h"

/* A job can outlive the call that made it, so it owns all that it uses. */
struct create_job {
    struct sqlite_job base;
    struct store_ref ref;
    struct record record; /* without leases */
    struct buf stored;    /* the content as its row holds it */
    struct buf wrap;      /* the wrap likewise */
};

/* One record of a change. */
struct change_item {
    struct store_ref ref;
    struct change change;
    struct record before; /* as read; its pointers are not its own */
    struct store_change done;
    struct sqlite_row row;
};

struct change_job {
    struct sqlite_job base;
    bool together;   /* all changes or none: none, unless each gives VERDICT_OK */
    struct buf wrap; /* of the one change that has a wrap */

    /* Of a job that is one open. */
    bool reads_content;
    struct buf content; /* of the view that is given */

    int count;
    struct change_item items[];
};

/* --- create ----------------------------------------------------------------------------------- */

static int
run_create(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct create_job *job = (struct create_job *)base;
    int64_t id = 0;
    if (!tx->has_room) return ERR_FULL;

    int created = sqlite_rows_insert(tx->db, &job->ref, &job->record, &job->stored, &id);
    if (created != 1) return created;

    int err = 0;
    if (job->record.wrap_len > 0) err = sqlite_rows_insert_wrap(tx->db, id, &job->wrap);
    if (err == 0)
        err = sqlite_events_created(tx, &job->ref, &job->record,
                                    sqlite_writer_now(tx->writer, job->record.created_at));
    if (err != 0) return err;
    tx->bytes += (int64_t)record_cost(&job->record);
    return 1;
}

static void
drop_create(struct sqlite_job *base) {
    struct create_job *job = (struct create_job *)base;
    if (job == NULL) return;
    buf_free(&job->stored);
    buf_free(&job->wrap);
    record_clear(&job->record);
    explicit_bzero(job, sizeof(*job));
    free(job);
}

int
sqlite_change_new_create(struct sqlite_writer *w, const struct store_ref *ref,
                         const struct record *r, const struct buf *content, const struct buf *wrap,
                         struct sqlite_job **out) {
    bool is_inline = r->content == CONTENT_INLINE;
    if (is_inline && (content == NULL || content->len != r->size)) return ERR_STORE;
    if (r->wrap_len > 0 && (wrap == NULL || wrap->len != r->wrap_len)) return ERR_STORE;

    struct create_job *job = calloc(1, sizeof(*job));
    if (job == NULL) return ERR_NOMEM;
    *job = (struct create_job){.base = {.run = run_create, .drop = drop_create}, .ref = *ref};

    /* It can outlive what the caller has. */
    int err = record_copy(&job->record, r);
    if (err == 0 && is_inline)
        err = sqlite_rows_lay_out_content(&w->layout, r, content, &job->stored);
    if (err == 0 && r->wrap_len > 0) err = sqlite_rows_lay_out_wrap(&w->layout, wrap, &job->wrap);
    if (err != 0) {
        drop_create(&job->base);
        return err;
    }

    job->base.weight = job->stored.len + job->wrap.len;
    (void)sqlite_writer_now(w, r->created_at);
    *out = &job->base;
    return 0;
}

int
sqlite_change_created(struct sqlite_job *job, int result) {
    drop_create(job);
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

/*
 * Read the record in this transaction, with its inline content if ${content} is not NULL, and apply
 * its change.  Returns 0 with item->done.found, or a code.
 */
static int
decide_change(struct sqlite_tx *tx, struct change_item *item, struct buf *content) {
    struct sqlite_db *db = tx->db;
    struct change *c = &item->change;
    struct record *after = &item->done.after;
    record_clear(after); /* of a run that was undone */
    item->done = (struct store_change){0};
    c->now = sqlite_writer_now(tx->writer, c->now);

    int found = sqlite_rows_load(db, &item->ref, after, &item->row, content, NULL);
    if (found != 1) return found;
    item->done.found = 1;

    if (c->kind == CHANGE_PART) {
        int is_new = is_new_part(db, item->row.id, c->part);
        if (is_new < 0) return is_new;
        c->part_is_new = is_new == 1;
    }

    item->before = *after;
    item->before.leases = NULL;
    item->before.lease_count = 0;
    item->before.answers = NULL;
    item->before.answer_count = 0;
    return policy_apply(after, c, &item->done.effect);
}

/* Write the leases that changed, except the first, which was written with the record. */
static int
write_leases(struct sqlite_db *db, const struct change_item *item) {
    const struct record *r = &item->done.after;
    const struct effect *e = &item->done.effect;
    size_t first = 1;
    size_t end = r->lease_count;

    if (!e->all_leases) {
        if (e->lease < 1) return 0;
        first = (size_t)e->lease;
        end = first + 1;
    }

    for (size_t n = first; n < end; n++) {
        int err = sqlite_leases_put(db, item->row.id, n, &r->leases[n]);
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
write_parts(struct sqlite_db *db, const struct change_item *item) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_PART];
    const struct record *before = &item->before;
    const struct record *after = &item->done.after;
    bool upload_ends = before->phase == PHASE_UPLOADING && after->phase != PHASE_UPLOADING;

    if (upload_ends) return run_on_record(db, SQL_DROP_PARTS, item->row.id);
    if (after->parts_stored == before->parts_stored) return 0;

    int rc = sqlite3_bind_int64(s, 1, item->row.id);
    rc |= sqlite3_bind_int64(s, 2, item->change.part);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_INSERT_PART);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

/* Write the record's row, or delete it, under the condition that it is still as it was read. */
static int
write_record(struct sqlite_db *db, const struct change_item *item) {
    const struct record *before = &item->before;
    const struct effect *e = &item->done.effect;
    int64_t now = item->change.now;
    bool claimed = e->claimed || e->answered;

    if (e->drop_record) return sqlite_rows_delete(db, item->row.id, before, claimed, now);
    if (!e->write) return 0;
    return sqlite_rows_update(db, item->row.id, before, &item->done.after, claimed, now);
}

/* Store the wrap that completes an answer. */
static int
insert_wrap(struct sqlite_tx *tx, const struct change_item *item) {
    struct buf stored;
    int err = sqlite_rows_lay_out_wrap(&tx->db->layout, item->change.wrap, &stored);
    if (err == 0) err = sqlite_rows_insert_wrap(tx->db, item->row.id, &stored);
    buf_free(&stored);
    return err;
}

/* Write what decide_change() decided, in the same transaction. */
static int
write_change(struct sqlite_tx *tx, const struct change_item *item) {
    const struct effect *e = &item->done.effect;
    const struct record *after = &item->done.after;
    if (item->done.found != 1) return 0;

    /* The record first, on the condition that it is as it was read. */
    int err = write_record(tx->db, item);
    if (err == 0 && e->write) err = write_leases(tx->db, item);
    if (err == 0 && e->write) err = write_parts(tx->db, item);
    if (err == 0 && e->answered) err = sqlite_rows_put_answer(tx->db, item->row.id, after);
    if (err == 0 && e->put_wrap) err = insert_wrap(tx, item);
    if (err == 0 && e->drop_content && !item->row.has_content)
        err = run_on_record(tx->db, SQL_DROP_CONTENT, item->row.id);
    if (err == 0 && e->drop_content && item->before.wrap_len > 0)
        err = run_on_record(tx->db, SQL_DROP_WRAP, item->row.id);
    if (err == 0)
        err = sqlite_events_changed(tx, &item->ref, &item->before, after, e, &item->change.by,
                                    item->change.now);
    if (err != 0) return err;

    tx->bytes -= (int64_t)record_cost(&item->before);
    if (!e->drop_record) tx->bytes += (int64_t)record_cost(after);
    return 0;
}

/* Whether the changes of ${job}, which are decided, are to be written. */
static bool
is_to_write(const struct change_job *job) {
    for (int i = 0; job->together && i < job->count; i++) {
        const struct store_change *d = &job->items[i].done;
        if (d->found != 1 || d->effect.verdict != VERDICT_OK) return false;
    }
    return true;
}

/* Forget what the changes of ${job} would have done, but not their verdicts. */
static void
cancel_changes(struct change_job *job) {
    for (int i = 0; i < job->count; i++) {
        struct store_change *d = &job->items[i].done;
        d->effect = (struct effect){.verdict = d->effect.verdict, .lease = -1};
    }
}

/* Change the records, which are different ones.  Returns 1, or a code, and then none is changed. */
static int
run_change(struct sqlite_tx *tx, struct sqlite_job *base) {
    struct change_job *job = (struct change_job *)base;
    struct buf *content = NULL;
    int err = 0;
    if (job->reads_content) content = &job->content;
    buf_reset(&job->content); /* of a run that was undone */
    for (int i = 0; i < job->count && err == 0; i++)
        err = decide_change(tx, &job->items[i], content);

    if (err == 0 && !is_to_write(job)) {
        cancel_changes(job);
        return 1;
    }
    for (int i = 0; i < job->count && err == 0; i++)
        err = write_change(tx, &job->items[i]);
    return err < 0 ? err : 1;
}

static void
drop_change(struct sqlite_job *base) {
    struct change_job *job = (struct change_job *)base;
    if (job == NULL) return;
    int count = job->count;
    for (int i = 0; i < count; i++)
        record_clear(&job->items[i].done.after);
    buf_free(&job->wrap);
    buf_free(&job->content);
    explicit_bzero(job, sizeof(*job) + (size_t)count * sizeof(job->items[0]));
    free(job);
}

/* Give ${job} a copy of the wrap of its item ${item}, which the caller may free before the job
 * runs. */
static int
copy_wrap(struct change_job *job, struct change_item *item) {
    const struct buf *wrap = item->change.wrap;
    if (wrap == NULL) return 0;
    buf_init(&job->wrap, wrap->len);
    item->change.wrap = &job->wrap;
    return buf_add(&job->wrap, wrap->data, wrap->len);
}

/* Make a job of ${n} changes: ${c} of every record, or ${each} has its own, all of them or none. */
static struct change_job *
make_change_job(const struct store_ref *refs, int n, const struct change *c, bool each) {
    struct change_job *job = calloc(1, sizeof(*job) + (size_t)n * sizeof(job->items[0]));
    int err = 0;
    if (job == NULL) return NULL;

    job->base = (struct sqlite_job){.run = run_change, .drop = drop_change};
    job->together = each;
    job->count = n;
    for (int i = 0; i < n && err == 0; i++) {
        job->items[i].ref = refs[i];
        job->items[i].change = each ? c[i] : *c;
        err = copy_wrap(job, &job->items[i]);
    }

    if (err == 0) return job;
    drop_change(&job->base);
    return NULL;
}

/* Whether ${d} gives a view. */
static bool
gives_view(const struct store_change *d) {
    enum verdict verdict = d->effect.verdict;
    return d->found == 1 && (verdict == VERDICT_OK || verdict == VERDICT_REPEAT);
}

/*
 * The writer returned ${result} for ${base}, a job of ${n} changes, or NULL if it was abandoned.
 * Take its outcome into ${out} and drop it.  If it is an open that gives a view, its content
 * becomes that of ${content}.  Returns as change_all.
 */
static int
end_changes(struct sqlite_job *base, int result, int n, struct store_change *out,
            struct buf *content) {
    struct change_job *job = (struct change_job *)base;
    memset(out, 0, (size_t)n * sizeof(*out));

    /* The records are the caller's from now on. */
    for (int i = 0; result == 1 && i < n; i++) {
        out[i] = job->items[i].done;
        job->items[i].done.after = (struct record){0};
    }
    if (result == 1 && content != NULL && gives_view(out)) buf_move(content, &job->content);
    drop_change(base);

    /* Only a create may report a full disk (vault/store.h). */
    if (result == ERR_FULL) return ERR_STORE;
    return result == 1 ? 0 : result;
}

/* Run ${job}, NULL if memory is short.  Returns as change_all with ${out} filled. */
static int
do_changes(struct sqlite_writer *w, struct change_job *job, int n, struct store_change *out) {
    struct sqlite_job *base = NULL;
    int result = ERR_NOMEM;
    if (job != NULL) {
        base = &job->base;
        result = sqlite_writer_do(w, &base);
    }
    return end_changes(base, result, n, out, NULL);
}

int
sqlite_change_apply_all(struct sqlite_writer *w, const struct store_ref *refs, int n,
                        const struct change *c, struct store_change *out) {
    return do_changes(w, make_change_job(refs, n, c, false), n, out);
}

int
sqlite_change_apply_both(struct sqlite_writer *w, const struct store_ref refs[static 2],
                         const struct change c[static 2], struct store_change out[static 2]) {
    return do_changes(w, make_change_job(refs, 2, c, true), 2, out);
}

int
sqlite_change_apply(struct sqlite_writer *w, const struct store_ref *ref, const struct change *c,
                    struct effect *effect, struct record *after) {
    struct store_change out;
    int err = sqlite_change_apply_all(w, ref, 1, c, &out);
    *effect = out.effect;
    if (after != NULL) *after = out.after;
    else record_clear(&out.after);
    return err != 0 ? err : out.found;
}

int
sqlite_change_new_open(const struct store_ref *ref, const struct change *c, size_t content_max,
                       struct sqlite_job **out) {
    struct change_job *job = make_change_job(ref, 1, c, false);
    if (job == NULL) return ERR_NOMEM;
    job->reads_content = true;
    buf_init(&job->content, content_max);
    *out = &job->base;
    return 0;
}

int
sqlite_change_opened(struct sqlite_job *job, int result, struct effect *effect,
                     struct record *after, struct buf *content) {
    struct store_change out;
    int err = end_changes(job, result, 1, &out, content);
    *effect = out.effect;
    *after = out.after;
    return err != 0 ? err : out.found;
}

/* --- postpone --------------------------------------------------------------------------------- */

struct postpone_job {
    struct sqlite_job base;
    int64_t now;
    int max;
};

static int
run_postpone(struct sqlite_tx *tx, struct sqlite_job *base) {
    const struct postpone_job *job = (const struct postpone_job *)base;
    sqlite3_stmt *s = tx->db->stmt[SQL_POSTPONE];
    int rc = sqlite3_bind_int64(s, 1, job->now);
    rc |= sqlite3_bind_int(s, 2, job->max);
    if (rc == SQLITE_OK) rc = sqlite_db_run(tx->db, SQL_POSTPONE);
    return rc == SQLITE_OK ? 0 : sqlite_db_error(rc);
}

static void
drop_postpone(struct sqlite_job *base) {
    free(base);
}

int
sqlite_change_postpone(struct sqlite_writer *w, int64_t now, int max) {
    struct postpone_job *job = calloc(1, sizeof(*job));
    if (job == NULL) return ERR_NOMEM;
    *job = (struct postpone_job){
        .base = {.run = run_postpone, .drop = drop_postpone}, .now = now, .max = max};

    struct sqlite_job *base = &job->base;
    int err = sqlite_writer_do(w, &base);
    if (base != NULL) drop_postpone(base);
    return err == ERR_FULL ? ERR_STORE : err;
}
