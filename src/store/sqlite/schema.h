/* SPDX-License-Identifier: MIT */
/* Every SQL statement of the store in one place: fixed texts with bound values. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

enum {
    SQLITE_SCHEMA_APPLICATION = 0x45537631, /* "ESv1": whose file this is */
    SQLITE_SCHEMA_VERSION = 9,
    SQLITE_SCHEMA_PAGE = 2048, /* bytes; small, since a secret fills a page of its own */
};

/*
 * Statements.  Those before SQL_READER_COUNT are prepared on every connection, the rest only on the
 * writer's.  The comments give parameters -> result.
 */
enum sql {
    SQL_LOAD,       /* key, 1 to read COL_BYTES, else 0 -> enum sql_column */
    SQL_LEASES,     /* record, n -> hash, opened_at, renewed_at, ended_at, how from n on */
    SQL_ANSWERS,    /* record -> key, at */
    SQL_CONTENT,    /* record -> bytes */
    SQL_WRAP,       /* record -> bytes */
    SQL_DUE,        /* now, max, skip -> key, 1 if the record is due, else 0 */
    SQL_KNOWS_BLOB, /* blob -> 1 */
    SQL_SURVEY,     /* id, max -> enum sql_column before COL_LEASE, of the records after id */
    SQL_STATE,      /* -> high_water, bytes */
    SQL_EVENTS,     /* number, max -> number, at, kind, ref, creator, hash of those after it */
    SQL_READER_COUNT,

    SQL_BEGIN = SQL_READER_COUNT,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_RELEASE,
    SQL_ROLLBACK_TO,
    SQL_SET_STATE, /* high_water, bytes */
    SQL_FENCE,
    SQL_INSERT_RECORD,  /* enum sql_column without the id */
    SQL_INSERT_CONTENT, /* record, bytes */
    SQL_INSERT_WRAP,    /* record, bytes */
    SQL_CHANGE,         /* enum sql_change */
    SQL_POSTPONE,       /* now, max */
    SQL_PUT_LEASE,      /* record, n, hash, opened_at, renewed_at, ended_at, how */
    SQL_INSERT_ANSWER,  /* record, n, key, at */
    SQL_HAS_PART,       /* record, part -> 1 */
    SQL_INSERT_PART,    /* record, part */
    SQL_DROP_PARTS,     /* record */
    SQL_DROP_CONTENT,   /* record */
    SQL_DROP_WRAP,      /* record */
    SQL_DROP_RECORD,    /* the first four of enum sql_change */
    SQL_INSERT_EVENT,   /* number, at, kind, ref, creator, hash, spare */
    SQL_LAST_EVENT,     /* -> number, hash */
    SQL_OLDEST_EVENT,   /* -> number, at */
    SQL_COUNT_EVENTS,   /* -> all, those that are spare */
    SQL_DROP_EVENTS,    /* the number up to which, the time before which -> spare, of each */
    SQL_DROP_SPARE,     /* the number before which, max -> spare, of each */
    SQL_COUNT
};

/* Result columns of SQL_LOAD and parameters of SQL_INSERT_RECORD. */
enum sql_column {
    COL_ID, /* SQL_LOAD only */
    COL_REV,
    COL_KIND,
    COL_PHASE,
    COL_CONTENT,
    COL_CREATED_AT,
    COL_EXPIRES_AT,
    COL_VIEWS,
    COL_VIEWS_LEFT,
    COL_SIZE,
    COL_BLOB,
    COL_SALT,
    COL_HEADER,
    COL_NONCE,
    COL_TAG,
    COL_FILE_NAME,
    COL_VERIFIER,
    COL_OWNER,
    COL_PASSPHRASE,
    COL_ATTEMPTS,
    COL_ATTEMPTS_LEFT,
    COL_PART_SIZE,
    COL_PARTS_STORED,
    COL_PART_AT,
    COL_ENDED_AT,
    COL_BURNT_BY,
    COL_GATE_VERIFIER,
    COL_WRAP_LEN,
    COL_REQUEST,
    COL_ANSWER_TTL, /* NULL of all but requests */
    COL_ANSWER_SIZE,
    COL_LEASE, /* the first lease, packed (store/sqlite/rows/leases.c) */
    COL_BYTES, /* the content, laid out as those of the table content; of SQL_LOAD its length if it
                  is not read.  NULL if it is not in this row */
    COL_KEY,   /* from here on SQL_INSERT_RECORD only */
    COL_SWEEP_AT,
};

/* Parameters of SQL_CHANGE. */
enum sql_change {
    CHG_RECORD = 1,
    CHG_REV, /* as read: the write fails if another change came between */
    CHG_NOW,
    CHG_CLAIMED, /* 1 if a view is taken or an answer counted, else 0 */
    CHG_PHASE,
    CHG_CONTENT,
    CHG_BLOB,
    CHG_ATTEMPTS_LEFT,
    CHG_PARTS_STORED,
    CHG_PART_AT,
    CHG_ENDED_AT,
    CHG_BURNT_BY,
    CHG_NEXT_AT,
    CHG_WRAP_LEN,
    CHG_LEASE, /* NULL: as it is */
};

/* The text of statement ${sql}. */
const char *sqlite_schema_text(enum sql sql);

/* The script that makes the tables in an empty file. */
const char *sqlite_schema_create(void);

/*
 * Write to ${out} of ${len} bytes the script that turns tables of ${version}, which is earlier than
 * SQLITE_SCHEMA_VERSION, into those of the next version.
 */
void sqlite_schema_upgrade(int64_t version, char *out, size_t len);

#endif
