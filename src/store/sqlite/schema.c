/* SPDX-License-Identifier: MIT */
#include "store/sqlite/schema.h"

#include "vault/record.h"

#define CREATE_EVENT                                                                               \
    "CREATE TABLE event ("                                                                         \
    " number INTEGER PRIMARY KEY,"                                                                 \
    " at INTEGER NOT NULL,"                                                                        \
    " kind INTEGER NOT NULL,"                                                                      \
    " ref BLOB NOT NULL CHECK (length(ref) = 8),"                                                  \
    " creator TEXT,"                                                                               \
    " hash BLOB NOT NULL CHECK (length(hash) = 32)"                                                \
    ") STRICT;"

#define CREATE_WRAP                                                                                \
    "CREATE TABLE wrap ("                                                                          \
    " record INTEGER PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE,"                        \
    " bytes BLOB NOT NULL"                                                                         \
    ") STRICT;"

#define CREATE_ANSWER                                                                              \
    "CREATE TABLE answer ("                                                                        \
    " request INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"                          \
    " n INTEGER NOT NULL,"                                                                         \
    " key BLOB NOT NULL CHECK (length(key) = 32),"                                                 \
    " at INTEGER NOT NULL,"                                                                        \
    " PRIMARY KEY (request, n)"                                                                    \
    ") STRICT, WITHOUT ROWID;"

/* The events of a network beyond its share (store/sqlite/events.c). */
#define ADD_SPARE                                                                                  \
    "ALTER TABLE event ADD COLUMN spare INTEGER NOT NULL DEFAULT 0;"                               \
    "CREATE INDEX event_spare ON event (number) WHERE spare = 1;"

/*
 * The sweeper has work with a record at next_at.  An open changes that time, first to the end of
 * the lease, then to the end of the receipt.  It leaves sweep_at as it is, and therefore writes no
 * page of its index, which grows with the store.  Once sweep_at has come, SQL_POSTPONE sets it to
 * next_at.  A row of an earlier version has no next_at until it changes.
 */
#define INDEX_NEXT "CREATE INDEX record_next_at ON record (next_at) WHERE next_at < sweep_at;"

/*
 * The first lease of a secret and its content, if that is short, are in record.lease and
 * record.bytes, so that a create and an open write one row each.  record.bytes is the last column.
 * A column that a later version adds after it has to be NULL while record.bytes is not
 * (store/sqlite/rows/record.c).
 *
 * record.key is the SHA-256 of the id.  content.bytes and wrap.bytes begin with filler
 * (store/sqlite/rows/record.c).
 * state.bytes is the sum of record_cost(), written with each commit that changes it.
 * state.high_water is the latest time of a decision.  state.fence is written to invalidate a commit
 * that failed (store/sqlite/conn.c).
 */
static const char create_text[] =
    "CREATE TABLE record ("
    " id INTEGER PRIMARY KEY,"
    " key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),"
    " rev INTEGER NOT NULL,"
    " kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),"
    " phase INTEGER NOT NULL CHECK (phase BETWEEN 1 AND 4),"
    " content INTEGER NOT NULL CHECK (content BETWEEN 0 AND 3),"
    " created_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL,"
    " sweep_at INTEGER NOT NULL,"
    " views INTEGER NOT NULL,"
    " views_left INTEGER NOT NULL CHECK (views_left >= 0),"
    " size INTEGER NOT NULL CHECK (size >= 0),"
    " blob TEXT,"
    " salt BLOB,"
    " header BLOB NOT NULL,"
    " nonce BLOB,"
    " tag BLOB,"
    " file_name TEXT,"
    " verifier BLOB,"
    " owner BLOB,"
    " passphrase INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),"
    " part_size INTEGER NOT NULL,"
    " parts_stored INTEGER NOT NULL,"
    " part_at INTEGER NOT NULL,"
    " ended_at INTEGER NOT NULL,"
    " burnt_by_owner INTEGER NOT NULL,"
    " gate_verifier BLOB,"
    " wrap_len INTEGER NOT NULL DEFAULT 0,"
    " request BLOB CHECK (request IS NULL OR length(request) = 32),"
    " answer_ttl INTEGER,"
    " answer_size INTEGER,"
    " next_at INTEGER,"
    " lease BLOB,"
    " bytes BLOB"
    ") STRICT;"
    "CREATE INDEX record_sweep_at ON record (sweep_at);" INDEX_NEXT
    "CREATE UNIQUE INDEX record_blob ON record (blob) WHERE blob IS NOT NULL;"
    "CREATE TABLE content ("
    " record INTEGER PRIMARY KEY REFERENCES record (id) ON DELETE CASCADE,"
    " bytes BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE lease ("
    " record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"
    " n INTEGER NOT NULL,"
    " hash BLOB NOT NULL CHECK (length(hash) = 32),"
    " opened_at INTEGER NOT NULL,"
    " renewed_at INTEGER NOT NULL,"
    " ended_at INTEGER NOT NULL,"
    " how INTEGER NOT NULL,"
    " PRIMARY KEY (record, n)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE part ("
    " record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,"
    " part INTEGER NOT NULL,"
    " PRIMARY KEY (record, part)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE state ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " high_water INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL CHECK (bytes >= 0),"
    " fence INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO state (id, high_water, bytes, fence) VALUES (1, 0, 0, 0);" CREATE_WRAP
        CREATE_ANSWER CREATE_EVENT ADD_SPARE;

#define COLUMNS                                                                                    \
    "rev, kind, phase, content, created_at, expires_at, views, views_left, size, blob, salt, "     \
    "header, nonce, tag, file_name, verifier, owner, passphrase, attempts, attempts_left, "        \
    "part_size, parts_stored, part_at, ended_at, burnt_by_owner, gate_verifier, "                  \
    "wrap_len, request, answer_ttl, answer_size"

static const char *const texts[SQL_COUNT] = {
    [SQL_LOAD] = "SELECT id, " COLUMNS ", lease, iif(?2, bytes, length(bytes)) FROM record"
                 " WHERE key = ?1",
    [SQL_LEASES] = "SELECT hash, opened_at, renewed_at, ended_at, how FROM lease"
                   " WHERE record = ?1 AND n >= ?2 ORDER BY n",
    [SQL_ANSWERS] = "SELECT key, at FROM answer WHERE request = ?1 ORDER BY n",
    [SQL_CONTENT] = "SELECT bytes FROM content WHERE record = ?1",
    [SQL_WRAP] = "SELECT bytes FROM wrap WHERE record = ?1",
    [SQL_DUE] = "SELECT key, 1 AS due, next_at AS at, id FROM record"
                " WHERE next_at < sweep_at AND next_at <= ?1"
                " UNION ALL"
                " SELECT key, next_at IS NULL OR next_at <= ?1, sweep_at, id FROM record"
                " WHERE sweep_at <= ?1 AND (next_at IS NULL OR next_at >= sweep_at)"
                " ORDER BY at, id LIMIT ?2 OFFSET ?3",
    [SQL_KNOWS_BLOB] = "SELECT 1 FROM record WHERE blob = ?1",
    [SQL_SURVEY] = "SELECT id, " COLUMNS " FROM record WHERE id > ?1 ORDER BY id LIMIT ?2",
    [SQL_STATE] = "SELECT high_water, bytes FROM state WHERE id = 1",

    [SQL_EVENTS] = "SELECT number, at, kind, ref, creator, hash FROM event WHERE number > ?1"
                   " ORDER BY number LIMIT ?2",

    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT job",
    [SQL_RELEASE] = "RELEASE job",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO job",
    [SQL_SET_STATE] = "UPDATE state SET high_water = ?1, bytes = ?2 WHERE id = 1",
    [SQL_FENCE] = "UPDATE state SET fence = fence + 1 WHERE id = 1",
    [SQL_INSERT_RECORD] =
        "INSERT INTO record (" COLUMNS
        ", lease, bytes, key, sweep_at, next_at) VALUES (?1, ?2, ?3, ?4,"
        " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
        " ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?34) ON "
        "CONFLICT (key) DO NOTHING",
    [SQL_INSERT_CONTENT] = "INSERT INTO content (record, bytes) VALUES (?1, ?2)",
    [SQL_INSERT_WRAP] = "INSERT INTO wrap (record, bytes) VALUES (?1, ?2)",
    [SQL_CHANGE] = "UPDATE record SET rev = rev + 1, views_left = views_left - ?4, phase = ?5,"
                   " content = ?6, blob = ?7, attempts_left = ?8, parts_stored = ?9, part_at = ?10,"
                   " ended_at = ?11, burnt_by_owner = ?12, wrap_len = ?14,"
                   " next_at = ?13, lease = ifnull(?15, lease),"
                   " bytes = CASE ?6 WHEN 1 THEN bytes END"
                   " WHERE id = ?1 AND rev = ?2 AND views_left >= ?4"
                   " AND (?4 = 0 OR expires_at > ?3)",
    [SQL_POSTPONE] = "UPDATE record SET sweep_at = next_at WHERE id IN (SELECT id"
                     " FROM record WHERE sweep_at <= ?1 AND next_at > ?1"
                     " ORDER BY sweep_at, id LIMIT ?2)",
    [SQL_PUT_LEASE] = "INSERT INTO lease (record, n, hash, opened_at, renewed_at, ended_at, how)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (record, n) DO UPDATE SET"
                      " renewed_at = excluded.renewed_at, ended_at = excluded.ended_at,"
                      " how = excluded.how",
    [SQL_INSERT_ANSWER] = "INSERT INTO answer (request, n, key, at) VALUES (?1, ?2, ?3, ?4)",
    [SQL_HAS_PART] = "SELECT 1 FROM part WHERE record = ?1 AND part = ?2",
    [SQL_INSERT_PART] = "INSERT INTO part (record, part) VALUES (?1, ?2)",
    [SQL_DROP_PARTS] = "DELETE FROM part WHERE record = ?1",
    [SQL_DROP_CONTENT] = "DELETE FROM content WHERE record = ?1",
    [SQL_DROP_WRAP] = "DELETE FROM wrap WHERE record = ?1",
    [SQL_DROP_RECORD] = "DELETE FROM record WHERE id = ?1 AND rev = ?2"
                        " AND views_left >= ?4 AND (?4 = 0 OR expires_at > ?3)",
    [SQL_INSERT_EVENT] = "INSERT INTO event (number, at, kind, ref, creator, hash, spare)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_LAST_EVENT] = "SELECT number, hash FROM event ORDER BY number DESC LIMIT 1",
    [SQL_OLDEST_EVENT] = "SELECT number, at FROM event ORDER BY number LIMIT 1",
    [SQL_COUNT_EVENTS] = "SELECT count(*), (SELECT count(*) FROM event WHERE spare = 1) FROM event",
    [SQL_DROP_EVENTS] = "DELETE FROM event WHERE number <= ?1 AND at < ?2 RETURNING spare",
    [SQL_DROP_SPARE] = "DELETE FROM event WHERE number IN (SELECT number FROM event"
                       " WHERE spare = 1 AND number < ?1 ORDER BY number LIMIT ?2)"
                       " RETURNING spare",
};

const char *
sqlite_schema_text(enum sql sql) {
    return texts[sql];
}

const char *
sqlite_schema_create(void) {
    return create_text;
}

void
sqlite_schema_upgrade(int64_t version, char *out, size_t len) {
    switch (version) {
    case 1: /* gates */
        (void)snprintf(out, len, "ALTER TABLE record ADD COLUMN gate_verifier BLOB;");
        break;

    case 2: /* count what records occupy, as record_cost() does, and not only their content */
        (void)snprintf(out, len,
                       "UPDATE state SET bytes = (SELECT ifnull(sum(%d + %d * views"
                       " + iif(content <> %d, %d, 0) + iif(content = %d, size, 0)), 0)"
                       " FROM record);",
                       RECORD_ROW_COST, RECORD_VIEW_COST, CONTENT_NONE, RECORD_CONTENT_COST,
                       CONTENT_INLINE);
        break;

    case 3: /* events */ (void)snprintf(out, len, CREATE_EVENT); break;
    case 4: (void)snprintf(out, len, ADD_SPARE); break;

    case 5: /* wraps */
        (void)snprintf(
            out, len,
            "ALTER TABLE record ADD COLUMN wrap_len INTEGER NOT NULL DEFAULT 0;" CREATE_WRAP);
        break;

    case 6: /* requests */
        (void)snprintf(out, len,
                       "ALTER TABLE record ADD COLUMN request BLOB"
                       " CHECK (request IS NULL OR length(request) = 32);"
                       "ALTER TABLE record ADD COLUMN answer_ttl INTEGER;"
                       "ALTER TABLE record ADD COLUMN answer_size INTEGER;" CREATE_ANSWER);
        break;

    case 7: /* times of the sweep that change without their index */
        (void)snprintf(out, len, "ALTER TABLE record ADD COLUMN next_at INTEGER;" INDEX_NEXT);
        break;

    default: /* the first lease and short content in the row */
        (void)snprintf(out, len,
                       "ALTER TABLE record ADD COLUMN lease BLOB;"
                       "ALTER TABLE record ADD COLUMN bytes BLOB;");
        break;
    }
}
