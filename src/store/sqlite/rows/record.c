/* SPDX-License-Identifier: MIT */
/*
 * Content and wraps begin after filler: zero bytes that fill the part of its row that lies in a
 * leaf of the tree.  So the content itself lies only in overflow pages, and zeros follow it up to
 * the end of the last one.  SQLite overwrites an overflow page as soon as it is freed.  Leaves are
 * different: rows move from leaf to leaf when the tree is balanced, and secure_delete does not
 * reach the copies that stay there.
 *
 * Short content of a sealed secret is the last column of the record's row.  The other columns are
 * most of the filler then.  The length of these columns does not matter: SQLite keeps in the leaf
 * what does not fill whole overflow pages, as long as that is layout.filler bytes or more.  With
 * larger pages it can be less, and then all content goes into the table content.
 */
#include "store/sqlite/rows/record.h"

#include "base/err.h"
#include "store/sqlite/rows/internal.h"
#include "store/sqlite/rows/leases.h"

/* The largest size that a store writes, in bytes. */
#define SIZE_MAX_STORED (UINT64_C(1) << 53)

/* Filler before content in the record's row, and the least length of the other columns of a sealed
 * secret: 36 types and two lengths, four keys, and a lease. */
enum { ROW_FILLER = 32, ROW_COLUMNS_MIN = 223 };

/* Read column ${col}, which has exactly ${len} bytes or is NULL, into ${out}.  Returns whether
 * it is so. */
static bool
get_bytes(sqlite3_stmt *s, int col, void *out, size_t len) {
    const void *data = sqlite3_column_blob(s, col);
    if (data == NULL) return sqlite3_column_type(s, col) == SQLITE_NULL;
    if ((size_t)sqlite3_column_bytes(s, col) != len) return false;
    memcpy(out, data, len);
    return true;
}

/* Read the text of column ${col}, where NULL stands for "", into ${out} of ${size} bytes.
 * Returns whether it fits. */
static bool
get_text(sqlite3_stmt *s, int col, char *out, size_t size) {
    const unsigned char *text = sqlite3_column_text(s, col);
    if (text == NULL) return sqlite3_column_type(s, col) == SQLITE_NULL;
    size_t len = (size_t)sqlite3_column_bytes(s, col);
    if (len >= size) return false;
    memcpy(out, text, len);
    return true;
}

static bool
get_classic(sqlite3_stmt *s, struct classic_record *classic) {
    int nonce = sqlite3_column_bytes(s, COL_NONCE);
    if (nonce != CLASSIC_NONCE_LEN && nonce != CLASSIC_NONCE2_LEN) return false;
    classic->nonce_len = (size_t)nonce;

    return get_bytes(s, COL_SALT, classic->salt, sizeof(classic->salt)) &&
           get_bytes(s, COL_HEADER, classic->header, sizeof(classic->header)) &&
           get_bytes(s, COL_NONCE, classic->nonce, classic->nonce_len) &&
           get_bytes(s, COL_TAG, classic->tag, sizeof(classic->tag));
}

/* What only answers, or only requests have.  Both are rows of the kind of sealed records. */
static bool
get_asked(sqlite3_stmt *s, struct record *r) {
    int64_t ttl = sqlite3_column_int64(s, COL_ANSWER_TTL);
    int64_t size = sqlite3_column_int64(s, COL_ANSWER_SIZE);
    if (sqlite3_column_type(s, COL_REQUEST) != SQLITE_NULL) r->request.len = TOKEN_HASH_LEN;
    if (sqlite3_column_type(s, COL_ANSWER_TTL) != SQLITE_NULL) r->kind = RECORD_REQUEST;

    r->answer_ttl = ttl;
    r->answer_size = (uint64_t)size;
    return get_bytes(s, COL_REQUEST, r->request.bytes, TOKEN_HASH_LEN) && sqlite_row_is_time(ttl) &&
           size >= 0;
}

static bool
get_sealed(sqlite3_stmt *s, struct record *r) {
    r->passphrase = sqlite3_column_int(s, COL_PASSPHRASE) != 0;
    r->attempts = sqlite3_column_int(s, COL_ATTEMPTS);
    r->attempts_left = sqlite3_column_int(s, COL_ATTEMPTS_LEFT);
    r->part_size = (uint32_t)sqlite3_column_int64(s, COL_PART_SIZE);
    r->parts_stored = (uint32_t)sqlite3_column_int64(s, COL_PARTS_STORED);
    r->part_at = sqlite3_column_int64(s, COL_PART_AT);
    r->burnt_by = (enum record_burnt_by)sqlite3_column_int(s, COL_BURNT_BY);
    r->has_gate = sqlite3_column_type(s, COL_GATE_VERIFIER) != SQLITE_NULL;
    r->wrap_len = (uint32_t)sqlite3_column_int64(s, COL_WRAP_LEN);

    return get_asked(s, r) && get_bytes(s, COL_VERIFIER, r->verifier, sizeof(r->verifier)) &&
           get_bytes(s, COL_GATE_VERIFIER, r->gate_verifier, sizeof(r->gate_verifier)) &&
           get_bytes(s, COL_OWNER, r->owner_hash, sizeof(r->owner_hash)) &&
           get_bytes(s, COL_HEADER, r->header, sizeof(r->header));
}

/*
 * Whether the numbers of ${r} are such as a store writes.  A damaged or hostile file may have
 * others, and the rules rely on these.
 */
static bool
is_plausible(const struct record *r) {
    bool kinds = r->kind >= RECORD_CLASSIC_TEXT && r->kind <= RECORD_REQUEST &&
                 r->phase >= PHASE_UPLOADING && r->phase <= PHASE_BURNT &&
                 r->content >= CONTENT_NONE && r->content <= CONTENT_DOOMED &&
                 r->burnt_by >= BURNT_BY_OPENER && r->burnt_by <= BURNT_BY_OPERATOR;
    bool times = sqlite_row_is_time(r->created_at) && sqlite_row_is_time(r->expires_at) &&
                 sqlite_row_is_time(r->ended_at) && sqlite_row_is_time(r->part_at);

    bool views = r->views >= 1 && r->views <= RECORD_VIEWS_MAX && r->views_left >= 0 &&
                 r->views_left <= r->views;
    bool attempts = r->attempts >= 0 && r->attempts <= RECORD_ATTEMPTS_MAX &&
                    r->attempts_left >= 0 && r->attempts_left <= r->attempts;
    bool lengths = r->size <= SIZE_MAX_STORED && r->wrap_len <= RECORD_WRAP_MAX;
    return kinds && times && views && attempts && lengths;
}

static bool
get_record_row(sqlite3_stmt *s, struct record *r) {
    r->kind = (enum record_kind)sqlite3_column_int(s, COL_KIND);
    r->phase = (enum record_phase)sqlite3_column_int(s, COL_PHASE);
    r->content = (enum record_content)sqlite3_column_int(s, COL_CONTENT);
    r->rev = (uint64_t)sqlite3_column_int64(s, COL_REV);
    r->created_at = sqlite3_column_int64(s, COL_CREATED_AT);
    r->expires_at = sqlite3_column_int64(s, COL_EXPIRES_AT);
    r->views = sqlite3_column_int(s, COL_VIEWS);
    r->views_left = sqlite3_column_int(s, COL_VIEWS_LEFT);
    r->size = (uint64_t)sqlite3_column_int64(s, COL_SIZE);
    r->ended_at = sqlite3_column_int64(s, COL_ENDED_AT);

    /* What a kind of record does not have is NULL. */
    if (!get_text(s, COL_BLOB, r->blob, sizeof(r->blob))) return false;
    if (r->kind > RECORD_SEALED) return false;
    if (r->kind == RECORD_SEALED) return get_sealed(s, r);
    return get_classic(s, &r->classic) &&
           get_text(s, COL_FILE_NAME, r->file_name, sizeof(r->file_name));
}

static int
get_answer_row(sqlite3_stmt *s, struct record *r) {
    struct record_answer answer = {.ref = {.len = TOKEN_HASH_LEN},
                                   .at = sqlite3_column_int64(s, 1)};
    if (r->answer_count == RECORD_ANSWERS_MAX || !sqlite_row_is_time(answer.at) ||
        !get_bytes(s, 0, answer.ref.bytes, TOKEN_HASH_LEN))
        return ERR_STORE;
    return record_add_answer(r, &answer);
}

/* Add to ${r} the answers of record ${id}. */
static int
load_answers(struct sqlite_db *db, int64_t id, struct record *r) {
    int rc = sqlite3_bind_int64(db->stmt[SQL_ANSWERS], 1, id);
    return sqlite_row_each(db, SQL_ANSWERS, rc, get_answer_row, r);
}

/* Append the ${size} bytes after the filler of ${filler} bytes in column ${col} of the row of
 * ${sql} to ${out}. */
static int
get_laid_out(struct sqlite_db *db, enum sql sql, int col, size_t filler, size_t size,
             struct buf *out) {
    sqlite3_stmt *s = db->stmt[sql];
    const uint8_t *stored = sqlite3_column_blob(s, col);
    size_t len = (size_t)sqlite3_column_bytes(s, col);

    if (stored == NULL) return sqlite_db_error(sqlite3_errcode(db->handle));
    if (len < filler || len - filler < size) return ERR_STORE;
    return buf_add(out, stored + filler, size);
}

/* Append the ${size} bytes that ${sql}, SQL_CONTENT or SQL_WRAP, finds for record ${id}. */
static int
load_bytes_row(struct sqlite_db *db, enum sql sql, int64_t id, size_t size, struct buf *out) {
    sqlite3_stmt *s = db->stmt[sql];
    if (size > out->max - out->len) return ERR_TOO_LARGE; /* before its pages are read */
    int rc = sqlite3_bind_int64(s, 1, id);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);

    int err = 0;
    if (rc == SQLITE_ROW) err = get_laid_out(db, sql, 0, db->layout.filler, size, out);
    else err = sqlite_db_error(rc);
    sqlite_db_reset(db, sql);
    return err;
}

/* Append the inline content of the record ${r}, whose row ${row} SQL_LOAD has found, to ${out}. */
static int
load_content(struct sqlite_db *db, const struct sqlite_row *row, const struct record *r,
             struct buf *out) {
    size_t size = (size_t)r->size;
    if (!row->has_content) return load_bytes_row(db, SQL_CONTENT, row->id, size, out);
    if (size > out->max - out->len) return ERR_TOO_LARGE;
    return get_laid_out(db, SQL_LOAD, COL_BYTES, ROW_FILLER, size, out);
}

/* Read the row of ${ref}, which SQL_LOAD keeps, with what it has of the content if ${content}.
 * Returns 1, 0 absent, or a code. */
static int
load_record_row(struct sqlite_db *db, const struct store_ref *ref, bool content, struct record *out,
                struct sqlite_row *row) {
    sqlite3_stmt *s = db->stmt[SQL_LOAD];
    int rc = sqlite3_bind_blob(s, 1, ref->bytes, (int)ref->len, SQLITE_STATIC);
    rc |= sqlite3_bind_int(s, 2, content);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);

    if (rc == SQLITE_DONE) return 0;
    if (rc != SQLITE_ROW) return sqlite_db_error(rc);
    row->id = sqlite3_column_int64(s, COL_ID);
    row->has_content = sqlite3_column_type(s, COL_BYTES) != SQLITE_NULL;
    return get_record_row(s, out) && is_plausible(out) ? 1 : ERR_STORE;
}

/*
 * SQL_LOAD keeps its row, and with it the connection's snapshot of the file, until the other
 * statements have run.  So record, leases and content are of the same moment.
 */
int
sqlite_rows_load(struct sqlite_db *db, const struct store_ref *ref, struct record *out,
                 struct sqlite_row *row, struct buf *content, struct buf *wrap) {
    *out = (struct record){0};
    int found = load_record_row(db, ref, content != NULL, out, row);

    /* What a claim or an answer has added. */
    if (found == 1 && out->kind == RECORD_SEALED) {
        int err = sqlite_leases_load(db, row->id, out);
        if (err != 0) found = err;
    }
    if (found == 1 && out->kind == RECORD_REQUEST && out->views_left != out->views) {
        int err = load_answers(db, row->id, out);
        if (err != 0) found = err;
    }

    /* What was asked for. */
    if (found == 1 && content != NULL && out->content == CONTENT_INLINE) {
        int err = load_content(db, row, out, content);
        if (err != 0) found = err;
    }
    if (found == 1 && wrap != NULL && record_has_wrap(out)) {
        int err = load_bytes_row(db, SQL_WRAP, row->id, out->wrap_len, wrap);
        if (err != 0) found = err;
    }

    sqlite_db_reset(db, SQL_LOAD);
    if (found != 1) record_clear(out);
    return found;
}

int
sqlite_rows_survey(struct sqlite_db *db, int64_t now, int max, int64_t *after, struct survey *out) {
    sqlite3_stmt *s = db->stmt[SQL_SURVEY];
    int rc = sqlite3_bind_int64(s, 1, *after);
    rc |= sqlite3_bind_int(s, 2, max);
    int n = 0, err = 0;

    while (rc == SQLITE_OK && err == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct record r = {0};
        *after = sqlite3_column_int64(s, COL_ID);
        if (get_record_row(s, &r) && is_plausible(&r)) survey_count(out, &r, now);
        else err = ERR_STORE;
        record_clear(&r);
        n++;
        rc = SQLITE_OK;
    }

    sqlite_db_reset(db, SQL_SURVEY);
    if (err != 0) return err;
    return rc == SQLITE_DONE ? n : sqlite_db_error(rc);
}

/* Bind ${text} to parameter ${at}, or NULL for "". */
static int
put_text(sqlite3_stmt *s, int at, const char *text) {
    if (text[0] == '\0') return sqlite3_bind_null(s, at);
    return sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

static int
put_classic(sqlite3_stmt *s, const struct classic_record *classic) {
    int rc = sqlite3_bind_blob(s, COL_SALT, classic->salt, sizeof(classic->salt), SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, COL_HEADER, classic->header, sizeof(classic->header), SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, COL_NONCE, classic->nonce, (int)classic->nonce_len, SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, COL_TAG, classic->tag, sizeof(classic->tag), SQLITE_STATIC);
    return rc;
}

static int
put_sealed(sqlite3_stmt *s, const struct record *r) {
    int rc = sqlite3_bind_blob(s, COL_VERIFIER, r->verifier, sizeof(r->verifier), SQLITE_STATIC);
    if (r->has_gate)
        rc |= sqlite3_bind_blob(s, COL_GATE_VERIFIER, r->gate_verifier, sizeof(r->gate_verifier),
                                SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, COL_OWNER, r->owner_hash, sizeof(r->owner_hash), SQLITE_STATIC);
    rc |= sqlite3_bind_blob(s, COL_HEADER, r->header, sizeof(r->header), SQLITE_STATIC);
    return rc;
}

/* Bind what only answers, or only requests have.  The rest stays NULL. */
static int
put_asked(sqlite3_stmt *s, const struct record *r) {
    int rc = SQLITE_OK;
    if (record_is_answer(r))
        rc |=
            sqlite3_bind_blob(s, COL_REQUEST, r->request.bytes, (int)r->request.len, SQLITE_STATIC);
    if (r->kind != RECORD_REQUEST) return rc;
    rc |= sqlite3_bind_int64(s, COL_ANSWER_TTL, r->answer_ttl);
    rc |= sqlite3_bind_int64(s, COL_ANSWER_SIZE, (int64_t)r->answer_size);
    return rc;
}

static int
put_record_row(sqlite3_stmt *s, const struct store_ref *ref, const struct record *r) {
    int rc = sqlite3_bind_int64(s, COL_REV, (int64_t)r->rev);
    rc |= sqlite3_bind_int(s, COL_KIND, record_is_classic(r) ? (int)r->kind : RECORD_SEALED);
    rc |= sqlite3_bind_int(s, COL_PHASE, (int)r->phase);
    rc |= sqlite3_bind_int(s, COL_CONTENT, (int)r->content);
    rc |= sqlite3_bind_int64(s, COL_CREATED_AT, r->created_at);
    rc |= sqlite3_bind_int64(s, COL_EXPIRES_AT, r->expires_at);
    rc |= sqlite3_bind_int(s, COL_VIEWS, r->views);
    rc |= sqlite3_bind_int(s, COL_VIEWS_LEFT, r->views_left);
    rc |= sqlite3_bind_int64(s, COL_SIZE, (int64_t)r->size);
    rc |= put_text(s, COL_BLOB, r->blob);
    rc |= put_text(s, COL_FILE_NAME, r->file_name);

    /* Keys and salts: what is not bound is NULL. */
    if (record_is_classic(r)) rc |= put_classic(s, &r->classic);
    else rc |= put_sealed(s, r) | put_asked(s, r);

    rc |= sqlite3_bind_int(s, COL_PASSPHRASE, r->passphrase);
    rc |= sqlite3_bind_int(s, COL_ATTEMPTS, r->attempts);
    rc |= sqlite3_bind_int(s, COL_ATTEMPTS_LEFT, r->attempts_left);
    rc |= sqlite3_bind_int64(s, COL_PART_SIZE, r->part_size);
    rc |= sqlite3_bind_int64(s, COL_PARTS_STORED, r->parts_stored);
    rc |= sqlite3_bind_int64(s, COL_PART_AT, r->part_at);
    rc |= sqlite3_bind_int64(s, COL_ENDED_AT, r->ended_at);
    rc |= sqlite3_bind_int(s, COL_BURNT_BY, (int)r->burnt_by);
    rc |= sqlite3_bind_int64(s, COL_WRAP_LEN, r->wrap_len);

    /* What only the row has. */
    rc |= sqlite3_bind_blob(s, COL_KEY, ref->bytes, (int)ref->len, SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, COL_SWEEP_AT, policy_sweep_at(r));
    return rc;
}

/* Run a statement, bound with the result ${rc}, that must change exactly one row. */
static int
run_on_one_row(struct sqlite_db *db, enum sql sql, int rc) {
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, sql);
    if (rc != SQLITE_OK) return sqlite_db_error(rc);
    return sqlite3_changes(db->handle) == 1 ? 0 : ERR_STORE;
}

/* Insert ${stored} for record ${id} with ${sql}. */
static int
insert_bytes(struct sqlite_db *db, enum sql sql, int64_t id, const struct buf *stored) {
    sqlite3_stmt *s = db->stmt[sql];
    int rc = sqlite3_bind_int64(s, 1, id);
    rc |= sqlite3_bind_blob64(s, 2, stored->data, stored->len, SQLITE_STATIC);
    return run_on_one_row(db, sql, rc);
}

/* Whether the content of the new record ${r} goes into its row. */
static bool
row_takes_content(const struct sqlite_layout *layout, const struct record *r) {
    if (layout->filler > ROW_COLUMNS_MIN + ROW_FILLER) return false;
    return r->kind == RECORD_SEALED && r->content == CONTENT_INLINE && r->size <= layout->overflow;
}

int
sqlite_rows_insert(struct sqlite_db *db, const struct store_ref *ref, const struct record *r,
                   const struct buf *stored, int64_t *id) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_RECORD];
    bool in_row = row_takes_content(&db->layout, r);
    uint8_t lease[SQLITE_LEASES_PACKED];
    sqlite_leases_pack(NULL, lease);

    int rc = put_record_row(s, ref, r);
    if (r->kind == RECORD_SEALED)
        rc |= sqlite3_bind_blob(s, COL_LEASE, lease, sizeof(lease), SQLITE_STATIC);
    if (in_row) rc |= sqlite3_bind_blob64(s, COL_BYTES, stored->data, stored->len, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_INSERT_RECORD);
    if (rc != SQLITE_OK) return sqlite_db_error(rc);

    *id = sqlite3_last_insert_rowid(db->handle);
    if (sqlite3_changes(db->handle) != 1) return 0;
    if (in_row || r->content != CONTENT_INLINE) return 1;
    int err = insert_bytes(db, SQL_INSERT_CONTENT, *id, stored);
    return err != 0 ? err : 1;
}

/* Bind all columns that a change may write, except views_left: SQL_CHANGE itself subtracts the
 * view that a claim takes. */
static int
put_changed(sqlite3_stmt *s, const struct record *after) {
    int rc = sqlite3_bind_int(s, CHG_PHASE, (int)after->phase);
    rc |= sqlite3_bind_int(s, CHG_CONTENT, (int)after->content);
    rc |= put_text(s, CHG_BLOB, after->blob);
    rc |= sqlite3_bind_int(s, CHG_ATTEMPTS_LEFT, after->attempts_left);
    rc |= sqlite3_bind_int64(s, CHG_PARTS_STORED, after->parts_stored);
    rc |= sqlite3_bind_int64(s, CHG_PART_AT, after->part_at);
    rc |= sqlite3_bind_int64(s, CHG_ENDED_AT, after->ended_at);
    rc |= sqlite3_bind_int(s, CHG_BURNT_BY, (int)after->burnt_by);
    rc |= sqlite3_bind_int64(s, CHG_NEXT_AT, policy_sweep_at(after));
    rc |= sqlite3_bind_int64(s, CHG_WRAP_LEN, after->wrap_len);
    return rc;
}

int
sqlite_rows_update(struct sqlite_db *db, int64_t id, const struct record *before,
                   const struct record *after, bool claimed, int64_t now) {
    sqlite3_stmt *s = db->stmt[SQL_CHANGE];
    uint8_t lease[SQLITE_LEASES_PACKED];
    int rc = sqlite3_bind_int64(s, CHG_RECORD, id);
    rc |= sqlite3_bind_int64(s, CHG_REV, (int64_t)before->rev);
    rc |= sqlite3_bind_int64(s, CHG_NOW, now);
    rc |= sqlite3_bind_int(s, CHG_CLAIMED, claimed);
    rc |= put_changed(s, after);

    if (after->lease_count > 0) {
        sqlite_leases_pack(&after->leases[0], lease);
        rc |= sqlite3_bind_blob(s, CHG_LEASE, lease, sizeof(lease), SQLITE_STATIC);
    }
    return run_on_one_row(db, SQL_CHANGE, rc);
}

int
sqlite_rows_delete(struct sqlite_db *db, int64_t id, const struct record *before, bool claimed,
                   int64_t now) {
    sqlite3_stmt *s = db->stmt[SQL_DROP_RECORD];
    int rc = sqlite3_bind_int64(s, CHG_RECORD, id);
    rc |= sqlite3_bind_int64(s, CHG_REV, (int64_t)before->rev);
    rc |= sqlite3_bind_int64(s, CHG_NOW, now);
    rc |= sqlite3_bind_int(s, CHG_CLAIMED, claimed);
    return run_on_one_row(db, SQL_DROP_RECORD, rc);
}

int
sqlite_rows_put_answer(struct sqlite_db *db, int64_t id, const struct record *r) {
    sqlite3_stmt *s = db->stmt[SQL_INSERT_ANSWER];
    const struct record_answer *answer = &r->answers[r->answer_count - 1];
    int rc = sqlite3_bind_int64(s, 1, id);
    rc |= sqlite3_bind_int64(s, 2, (int64_t)r->answer_count - 1);
    rc |= sqlite3_bind_blob(s, 3, answer->ref.bytes, (int)answer->ref.len, SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, 4, answer->at);
    return run_on_one_row(db, SQL_INSERT_ANSWER, rc);
}

/* Put ${content} after ${filler} bytes, and with zeros after it, into ${stored}. */
static int
lay_out(const struct sqlite_layout *layout, size_t filler, const struct buf *content,
        struct buf *stored) {
    size_t pages = (content->len + layout->overflow - 1) / layout->overflow;
    size_t len = filler + pages * layout->overflow;

    buf_init(stored, len);
    uint8_t *at = buf_space(stored, len);
    if (at == NULL) return ERR_NOMEM;

    memset(at, 0, len);
    if (content->len > 0) memcpy(at + filler, content->data, content->len);
    stored->len = len;
    return 0;
}

int
sqlite_rows_lay_out_content(const struct sqlite_layout *layout, const struct record *r,
                            const struct buf *content, struct buf *stored) {
    size_t filler = layout->filler;
    if (row_takes_content(layout, r)) filler = ROW_FILLER;
    return lay_out(layout, filler, content, stored);
}

int
sqlite_rows_lay_out_wrap(const struct sqlite_layout *layout, const struct buf *wrap,
                         struct buf *stored) {
    return lay_out(layout, layout->filler, wrap, stored);
}

int
sqlite_rows_insert_wrap(struct sqlite_db *db, int64_t id, const struct buf *stored) {
    return insert_bytes(db, SQL_INSERT_WRAP, id, stored);
}
