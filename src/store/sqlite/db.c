/* SPDX-License-Identifier: MIT */
#include "store/sqlite/db.h"

#include <inttypes.h>
#include <pthread.h>

#include "base/err.h"
#include "store/sqlite/gather.h"

/* The page cache of a connection in KiB, as SQLite's negative cache sizes. */
#define WRITER_CACHE "-8192"
#define READER_CACHE "-1024"
#define COPIER_CACHE "-64" /* a checkpoint does not use it */

enum { SCRIPT_MAX = 512 }; /* bytes of the script of one upgrade */

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/* SQLite would count each allocation under one global lock. */
static void
set_up_library(void) {
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_initialize();
}

int
sqlite_db_error(int rc) {
    switch (rc & 0xff) {
    case SQLITE_FULL: return ERR_FULL;
    case SQLITE_NOMEM: return ERR_NOMEM;
    default: return ERR_STORE;
    }
}

void
sqlite_db_reset(struct sqlite_db *db, enum sql sql) {
    (void)sqlite3_reset(db->stmt[sql]);
    (void)sqlite3_clear_bindings(db->stmt[sql]);
}

int
sqlite_db_run(struct sqlite_db *db, enum sql sql) {
    int rc = sqlite3_step(db->stmt[sql]);
    sqlite_db_reset(db, sql);
    if (rc == SQLITE_DONE) return SQLITE_OK;
    return rc == SQLITE_ROW ? SQLITE_MISUSE : rc;
}

void
sqlite_db_rollback(struct sqlite_db *db) {
    if (sqlite3_get_autocommit(db->handle) != 0) return;
    (void)sqlite3_step(db->stmt[SQL_ROLLBACK]);
    sqlite_db_reset(db, SQL_ROLLBACK);
}

static int
exec_script(struct sqlite_db *db, const char *script) {
    return sqlite3_exec(db->handle, script, NULL, NULL, NULL);
}

/* Put the integer that the one-row query ${text} gives into ${out}.  Returns SQLite's code. */
static int
query_int(struct sqlite_db *db, const char *text, int64_t *out) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, text, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) *out = sqlite3_column_int64(stmt, 0);

    int end = sqlite3_finalize(stmt);
    if (rc == SQLITE_ROW) return end;
    return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

/* Whether the one-row query ${text} gives the text ${wanted}.  Returns SQLite's code. */
static int
query_is(struct sqlite_db *db, const char *text, const char *wanted, bool *is) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, text, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    *is = false;
    if (rc == SQLITE_ROW)
        *is = sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), wanted) == 0;

    int end = sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? end : rc;
}

static int
prepare_statements(struct sqlite_db *db, enum sql count) {
    for (enum sql sql = 0; sql < count; sql++) {
        int rc = sqlite3_prepare_v3(db->handle, sqlite_schema_text(sql), -1,
                                    SQLITE_PREPARE_PERSISTENT, &db->stmt[sql], NULL);
        if (rc != SQLITE_OK) return rc;
    }
    return SQLITE_OK;
}

/* Run ${script} and mark the file as one of this program and of ${version}, in one transaction. */
static int
exec_and_mark(struct sqlite_db *db, const char *script, int64_t version) {
    char mark[96];
    (void)snprintf(mark, sizeof(mark),
                   "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64 ";",
                   SQLITE_SCHEMA_APPLICATION, version);

    int rc = exec_script(db, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK) rc = exec_script(db, script);
    if (rc == SQLITE_OK) rc = exec_script(db, mark);
    if (rc == SQLITE_OK) rc = exec_script(db, "COMMIT");
    if (rc != SQLITE_OK) (void)exec_script(db, "ROLLBACK");
    return rc;
}

/* Turn tables of ${version}, if that is an earlier one, into those of this version. */
static int
upgrade_tables(struct sqlite_db *db, int64_t *version) {
    char script[SCRIPT_MAX];
    int rc = SQLITE_OK;

    while (rc == SQLITE_OK && *version >= 1 && *version < SQLITE_SCHEMA_VERSION) {
        sqlite_schema_upgrade(*version, script, sizeof(script));
        *version += 1;
        rc = exec_and_mark(db, script, *version);
    }
    return rc;
}

/*
 * Make the tables if there are none, upgrade those of an earlier version, and check the marks.
 * SQLITE_NOTADB if the file is not ours.
 */
static int
claim_file(struct sqlite_db *db) {
    int64_t tables = 0;
    int64_t application = 0;
    int64_t version = 0;

    int rc = query_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc == SQLITE_OK && tables == 0)
        rc = exec_and_mark(db, sqlite_schema_create(), SQLITE_SCHEMA_VERSION);

    if (rc == SQLITE_OK) rc = query_int(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK) rc = query_int(db, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK && application == SQLITE_SCHEMA_APPLICATION)
        rc = upgrade_tables(db, &version);
    if (rc != SQLITE_OK) return rc;

    bool ours = application == SQLITE_SCHEMA_APPLICATION && version == SQLITE_SCHEMA_VERSION;
    return ours ? SQLITE_OK : SQLITE_NOTADB;
}

/* Set what holds for every connection.  Savepoints and sorting must never write a file. */
static int
set_up_conn(struct sqlite_db *db) {
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_busy_timeout(db->handle, SQLITE_DB_BUSY_MS);
    return exec_script(db, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;"
                           "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                           "PRAGMA wal_autocheckpoint = 0;");
}

/*
 * SQLite's file format document, with pages of U bytes: a row keeps at least
 * M = ((U - 12) * 32 / 255) - 23 bytes in the leaf of the tree, and an overflow page begins with
 * the 4-byte number of the next.
 */
static int
measure_pages(struct sqlite_db *db) {
    int64_t page = 0;
    int rc = query_int(db, "PRAGMA page_size", &page);
    if (rc != SQLITE_OK) return rc;
    db->layout.filler = (size_t)((page - 12) * 32 / 255 - 23);
    db->layout.overflow = (size_t)(page - 4);
    return SQLITE_OK;
}

static int
connect_file(struct sqlite_db *db, const struct sqlite_place *place, const char *vfs, int flags) {
    int rc = sqlite3_open_v2(place->path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, vfs);
    return rc == SQLITE_OK ? set_up_conn(db) : rc;
}

/* Only commits that are synced may be gathered (store/sqlite/gather.h). */
static int
connect_writer(struct sqlite_db *db, const struct sqlite_place *place) {
    const char *vfs = place->vfs;
    if (!place->sync_normal && sqlite_gather_register(place->vfs, &vfs) != 0) return SQLITE_NOMEM;
    return connect_file(db, place, vfs, SQLITE_OPEN_READWRITE);
}

/* Where SQLite cannot have a log, it uses another journal without an error. */
static int
set_wal(struct sqlite_db *db) {
    bool is_wal = false;
    int rc = query_is(db, "PRAGMA journal_mode = WAL", "wal", &is_wal);
    return rc == SQLITE_OK && !is_wal ? SQLITE_CANTOPEN : rc;
}

static int
set_sync(struct sqlite_db *db, const struct sqlite_place *place) {
    return exec_script(db, place->sync_normal ? "PRAGMA synchronous = NORMAL"
                                              : "PRAGMA synchronous = FULL");
}

static int
set_up_writer(struct sqlite_db *db, const struct sqlite_place *place) {
    char page[64];
    (void)snprintf(page, sizeof(page), "PRAGMA page_size = %d;", SQLITE_SCHEMA_PAGE);

    /* The page size of a new file is fixed by the first write, which the change of journal is. */
    int rc = exec_script(db, page);
    if (rc == SQLITE_OK)
        rc = exec_script(db, "PRAGMA secure_delete = ON; PRAGMA cache_size = " WRITER_CACHE);
    if (rc == SQLITE_OK) rc = set_wal(db);
    if (rc == SQLITE_OK) rc = set_sync(db, place);
    if (rc == SQLITE_OK) rc = claim_file(db);
    return rc;
}

/* A first read opens the log. */
static int
set_up_copier(struct sqlite_db *db, const struct sqlite_place *place) {
    int64_t version = 0;
    int rc = exec_script(db, "PRAGMA cache_size = " COPIER_CACHE);
    if (rc == SQLITE_OK) rc = set_sync(db, place);
    return rc == SQLITE_OK ? query_int(db, "PRAGMA user_version", &version) : rc;
}

/* Close ${db}, whose opening failed with ${rc}, and explain it.  Returns as sqlite_db_open_*(). */
static int
fail_open(struct sqlite_db *db, const struct sqlite_place *place, int rc, struct buf *reason) {
    const char *text = sqlite3_errstr(rc);
    if (db->handle != NULL) text = sqlite3_errmsg(db->handle);

    if (rc == SQLITE_NOTADB)
        (void)!buf_printf(reason, "%.200s is not a store of this version", place->path);
    else (void)!buf_printf(reason, "%.200s cannot be opened: %s", place->path, text);

    sqlite_db_close(db);
    if (rc == SQLITE_NOTADB) return ERR_CONFIG;
    return sqlite_db_error(rc) == ERR_NOMEM ? ERR_NOMEM : ERR_STORE;
}

int
sqlite_db_open_writer(struct sqlite_db *db, const struct sqlite_place *place, struct buf *reason) {
    *db = (struct sqlite_db){0};
    (void)pthread_once(&library_once, set_up_library);

    int rc = connect_writer(db, place);
    if (rc == SQLITE_OK) rc = set_up_writer(db, place);
    if (rc == SQLITE_OK) rc = measure_pages(db);
    if (rc == SQLITE_OK) rc = prepare_statements(db, SQL_COUNT);
    return rc == SQLITE_OK ? 0 : fail_open(db, place, rc, reason);
}

int
sqlite_db_open_reader(struct sqlite_db *db, const struct sqlite_place *place, struct buf *reason) {
    *db = (struct sqlite_db){0};
    (void)pthread_once(&library_once, set_up_library);

    int rc = connect_file(db, place, place->vfs, SQLITE_OPEN_READONLY);
    if (rc == SQLITE_OK)
        rc = exec_script(db, "PRAGMA query_only = ON; PRAGMA cache_size = " READER_CACHE);
    if (rc == SQLITE_OK) rc = measure_pages(db);
    if (rc == SQLITE_OK) rc = prepare_statements(db, SQL_READER_COUNT);
    return rc == SQLITE_OK ? 0 : fail_open(db, place, rc, reason);
}

int
sqlite_db_open_copier(struct sqlite_db *db, const struct sqlite_place *place, struct buf *reason) {
    *db = (struct sqlite_db){0};
    int rc = connect_file(db, place, place->vfs, SQLITE_OPEN_READWRITE);
    if (rc == SQLITE_OK) rc = set_up_copier(db, place);
    return rc == SQLITE_OK ? 0 : fail_open(db, place, rc, reason);
}

void
sqlite_db_close(struct sqlite_db *db) {
    for (enum sql sql = 0; sql < SQL_COUNT; sql++)
        (void)sqlite3_finalize(db->stmt[sql]);
    (void)sqlite3_close(db->handle);
    *db = (struct sqlite_db){0};
}

int
sqlite_db_quick_check(struct sqlite_db *db) {
    bool sound = false;
    int rc = query_is(db, "PRAGMA quick_check(1)", "ok", &sound);
    return rc == SQLITE_OK && sound ? 0 : ERR_STORE;
}
