/* SPDX-License-Identifier: MIT */
/*
 * Records, leases and content as columns of tables, both ways.  Each function returns 0, or 1
 * found / 0 absent where it says so, or a negative code.
 */
#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H

#include "base/buf.h"
#include "store/sqlite/db.h"
#include "vault/policy.h"
#include "vault/store.h"

/*
 * Read the record of ${ref} with its leases into ${out} (zeroed; caller clears), its row number
 * into ${id}, and, where ${content} is not NULL and the record has it inline, its content into
 * ${content}: all of one moment.  Returns 1; 0 absent; ERR_TOO_LARGE, ERR_NOMEM or ERR_STORE.
 */
MUST_CHECK
int sqlite_rows_load(struct sqlite_db *db, const struct store_ref *ref, struct record *out,
                     int64_t *id, struct buf *content);

/* Insert ${r} under ${ref}, its row number into ${id}.  Returns 1; 0 the id is taken; or a code. */
MUST_CHECK
int sqlite_rows_insert(struct sqlite_db *db, const struct store_ref *ref, const struct record *r,
                       int64_t *id);

/*
 * Write ${after}, which came of ${before} by a change at ${now}; ${claimed}: by taking a view.
 * Holds only if the row is still at before->rev and, for a claim, has a view and time left; else
 * ERR_STORE.
 */
MUST_CHECK
int sqlite_rows_update(struct sqlite_db *db, int64_t id, const struct record *before,
                       const struct record *after, bool claimed, int64_t now);

/* Delete the record under the same conditions, with all that hangs on it. */
MUST_CHECK
int sqlite_rows_delete(struct sqlite_db *db, int64_t id, const struct record *before, bool claimed,
                       int64_t now);

/* Insert or overwrite lease ${n} of record ${id}. */
MUST_CHECK
int sqlite_rows_put_lease(struct sqlite_db *db, int64_t id, size_t n, const struct lease *l);

/* Put the form in which ${content} is stored into ${stored}, which the caller frees.  Returns 0 or
 * ERR_NOMEM. */
MUST_CHECK
int sqlite_rows_lay_out(const struct sqlite_layout *layout, const struct buf *content,
                        struct buf *stored);

/* Insert content, laid out, for record ${id}. */
MUST_CHECK
int sqlite_rows_insert_content(struct sqlite_db *db, int64_t id, const struct buf *stored);

#endif
