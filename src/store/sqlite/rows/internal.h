/* SPDX-License-Identifier: MIT */
/* What the rows of records and those of leases are read with: row.c.  A damaged or hostile file may
 * have values that no store writes. */
#ifndef STORE_SQLITE_ROWS_INTERNAL_H
#define STORE_SQLITE_ROWS_INTERNAL_H

#include "store/sqlite/db.h"
#include "vault/record.h"

/* Return whether a store writes the time ${t}, in seconds. */
bool sqlite_row_is_time(int64_t t);

/* Call ${add} with ${r} for each row of statement ${sql}, until it returns another code than 0, and
 * reset the statement.  ${rc} is the result of its binds.  Returns 0 or a code. */
MUST_CHECK
int sqlite_row_each(struct sqlite_db *db, enum sql sql, int rc,
                    int (*add)(sqlite3_stmt *row, struct record *r), struct record *r);

#endif
