/* SPDX-License-Identifier: MIT */
/*
 * One connection to the store's file, with the store's settings and prepared statements.  Used by
 * one thread at a time.
 */
#ifndef STORE_SQLITE_DB_H
#define STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "store/sqlite/schema.h"

/* Where the file is and how it is opened: the same for every connection of a store. */
struct sqlite_place {
    char path[4096];
    const char *vfs; /* NULL: the system's */
    bool sync_normal;
    int log_pages; /* in the log that start a checkpoint */
};

/* How content lies in its row (store/sqlite/rows/record.c). */
struct sqlite_layout {
    size_t filler;   /* bytes before the content */
    size_t overflow; /* bytes that an overflow page holds */
};

/*
 * Milliseconds for which a statement waits for a lock that another connection holds.  A reader that
 * reads the log's header during a commit takes the writer's lock for a moment.
 */
enum { SQLITE_DB_BUSY_MS = 1000 };

struct sqlite_db {
    sqlite3 *handle;
    struct sqlite_layout layout;
    sqlite3_stmt *stmt[SQL_COUNT];
};

/*
 * Open the writing connection.  Makes the tables in an empty file, upgrades a file of an earlier
 * version, and refuses a file of another program.  Returns 0; or ERR_STORE, ERR_NOMEM or ERR_CONFIG
 * (not our file) with ${db} closed and a line added to ${reason}.
 */
MUST_CHECK
int sqlite_db_open_writer(struct sqlite_db *db, const struct sqlite_place *place,
                          struct buf *reason);

/*
 * Open a reading connection, which can neither write nor checkpoint.  Returns as
 * sqlite_db_open_writer().
 */
MUST_CHECK
int sqlite_db_open_reader(struct sqlite_db *db, const struct sqlite_place *place,
                          struct buf *reason);

/*
 * Open a connection without statements for checkpoints, beside that of the writer.  Returns as
 * sqlite_db_open_writer().
 */
MUST_CHECK
int sqlite_db_open_copier(struct sqlite_db *db, const struct sqlite_place *place,
                          struct buf *reason);

/* Finalize the statements and close.  A closed or zeroed ${db} is allowed. */
void sqlite_db_close(struct sqlite_db *db);

/* Check the whole file for damage.  Returns 0 or ERR_STORE. */
MUST_CHECK
int sqlite_db_quick_check(struct sqlite_db *db);

/*
 * Run statement ${sql}, which has no result and whose parameters are bound, and reset it.  Returns
 * SQLITE_OK or SQLite's extended code.
 */
MUST_CHECK
int sqlite_db_run(struct sqlite_db *db, enum sql sql);

/* Roll back the transaction if one is open. */
void sqlite_db_rollback(struct sqlite_db *db);

/* Reset statement ${sql} and clear its parameters. */
void sqlite_db_reset(struct sqlite_db *db, enum sql sql);

/* The error for SQLite's code ${rc}: ERR_FULL, ERR_NOMEM or ERR_STORE. */
int sqlite_db_error(int rc);

#endif
