/* SPDX-License-Identifier: MIT */
#include "store/sqlite/rows/internal.h"

#define TIME_MAX (INT64_C(1) << 53)

bool
sqlite_row_is_time(int64_t t) {
    return t >= 0 && t <= TIME_MAX;
}

int
sqlite_row_each(struct sqlite_db *db, enum sql sql, int rc,
                int (*add)(sqlite3_stmt *row, struct record *r), struct record *r) {
    sqlite3_stmt *s = db->stmt[sql];
    int err = 0;

    while (rc == SQLITE_OK && err == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        err = add(s, r);
        rc = SQLITE_OK;
    }

    sqlite_db_reset(db, sql);
    if (err != 0) return err;
    return rc == SQLITE_DONE ? 0 : sqlite_db_error(rc);
}
