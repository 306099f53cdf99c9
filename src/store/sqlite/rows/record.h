/* SPDX-License-Identifier: MIT */
/*
 * Records, leases and content as columns of tables, in both directions.  Each function returns 0,
 * or 1 found / 0 absent where it says so, or a negative code.
 */
#ifndef STORE_SQLITE_ROWS_RECORD_H
#define STORE_SQLITE_ROWS_RECORD_H

#include "base/buf.h"
#include "store/sqlite/db.h"
#include "vault/policy.h"
#include "vault/store.h"

/* The row of a record. */
struct sqlite_row {
    int64_t id;
    bool has_content; /* its inline content is in this row, and not in the table content */
};

/*
 * Read the record of ${ref} with its leases and answers into ${out} (zeroed; caller clears), and
 * describe its row in ${row}.  Read its content into ${content} if it is inline, and its wrap into
 * ${wrap} if there is one.  Both may be NULL.  All is of the same moment.  Returns 1; 0 absent;
 * ERR_TOO_LARGE, ERR_NOMEM or ERR_STORE.
 */
MUST_CHECK
int sqlite_rows_load(struct sqlite_db *db, const struct store_ref *ref, struct record *out,
                     struct sqlite_row *row, struct buf *content, struct buf *wrap);

/*
 * Count up to ${max} records, in the order of their row numbers and after ${after}, into ${out}
 * with survey_count().  Sets ${after} to the last of them.  Returns how many there were; ERR_NOMEM
 * or ERR_STORE.
 */
MUST_CHECK
int sqlite_rows_survey(struct sqlite_db *db, int64_t now, int max, int64_t *after,
                       struct survey *out);

/*
 * Insert ${r} under ${ref}, with its row number in ${id}, and its inline content ${stored}, as
 * sqlite_rows_lay_out_content() made it.  Returns 1; 0 if the id is taken; or a code.
 */
MUST_CHECK
int sqlite_rows_insert(struct sqlite_db *db, const struct store_ref *ref, const struct record *r,
                       const struct buf *stored, int64_t *id);

/*
 * Write ${after} with its first lease, the result of a change of ${before} at ${now}.  Content that
 * is in the row is erased unless ${after} has it.  ${claimed} says whether the change takes a view
 * or counts an answer.  Returns 0; or ERR_STORE, with nothing written, if the
 * row is no longer at before->rev, or has no view or time left for a claim.
 */
MUST_CHECK
int sqlite_rows_update(struct sqlite_db *db, int64_t id, const struct record *before,
                       const struct record *after, bool claimed, int64_t now);

/* Delete the record under the same conditions, with its content, leases and parts. */
MUST_CHECK
int sqlite_rows_delete(struct sqlite_db *db, int64_t id, const struct record *before, bool claimed,
                       int64_t now);

/*
 * Put the content of the new record ${r}, or the wrap of any record, as its row holds it into
 * ${stored}, which the caller frees.  Return 0 or ERR_NOMEM.
 */
MUST_CHECK
int sqlite_rows_lay_out_content(const struct sqlite_layout *layout, const struct record *r,
                                const struct buf *content, struct buf *stored);
MUST_CHECK
int sqlite_rows_lay_out_wrap(const struct sqlite_layout *layout, const struct buf *wrap,
                             struct buf *stored);

/* Insert the newest answer of the request ${r}, which is record ${id}. */
MUST_CHECK
int sqlite_rows_put_answer(struct sqlite_db *db, int64_t id, const struct record *r);

/* Insert the wrap of record ${id}, as sqlite_rows_lay_out_wrap() made it. */
MUST_CHECK
int sqlite_rows_insert_wrap(struct sqlite_db *db, int64_t id, const struct buf *stored);

#endif
