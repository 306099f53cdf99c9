/* SPDX-License-Identifier: MIT */
#include "store/sqlite/store.h"

#include "base/err.h"
#include "store/sqlite/change.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/health.h"
#include "store/sqlite/rows.h"

#define FILE_NAME "secrets.db"

enum {
    PING_MS = 2000,
    LOG_PAGES = 4096, /* 8 MiB; nothing is answered while it is emptied: 10 ms or more */
};

struct sqlite_store {
    struct store base;
    struct sqlite_place place;
    struct sqlite_writer writer;
    struct sqlite_readers readers;
    struct sqlite_health *health;
    int dir;
    int lock;
    char vfs[64];
};

static struct sqlite_store *
self(struct store *s) {
    return (struct sqlite_store *)s;
}

static int64_t
store_now(struct store *s, int64_t clock) {
    return sqlite_writer_now(&self(s)->writer, clock);
}

static void
store_ref(struct store *s, const char *id, struct store_ref *out) {
    (void)s;
    token_hash(id, strlen(id), out->bytes);
    out->len = TOKEN_HASH_LEN;
}

static int
store_create(struct store *s, const struct store_ref *ref, const struct record *r,
             const struct buf *content) {
    return sqlite_change_create(&self(s)->writer, ref, r, content);
}

static int
store_change(struct store *s, const struct store_ref *ref, const struct change *c,
             struct effect *effect, struct record *after) {
    return sqlite_change_apply(&self(s)->writer, ref, c, effect, after);
}

static int
store_load(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content) {
    int64_t id = 0;
    struct sqlite_db *db = sqlite_readers_take(&self(s)->readers, self(s)->writer.wait_ms);
    *out = (struct record){0};
    if (db == NULL) return ERR_STORE;
    int found = sqlite_rows_load(db, ref, out, &id, content);
    sqlite_readers_give(&self(s)->readers, db);
    return found;
}

static int
list_due(struct sqlite_db *db, int64_t now, int skip, struct store_ref *out, int max) {
    sqlite3_stmt *stmt = db->stmt[SQL_DUE];
    int n = 0;
    int rc = sqlite3_bind_int64(stmt, 1, now);
    rc |= sqlite3_bind_int(stmt, 2, max);
    rc |= sqlite3_bind_int(stmt, 3, skip);
    while (rc == SQLITE_OK && n < max && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const void *key = sqlite3_column_blob(stmt, 0);
        rc = SQLITE_NOMEM;
        if (key == NULL || sqlite3_column_bytes(stmt, 0) != TOKEN_HASH_LEN) break;
        memcpy(out[n].bytes, key, TOKEN_HASH_LEN);
        out[n++].len = TOKEN_HASH_LEN;
        rc = SQLITE_OK;
    }
    sqlite_db_reset(db, SQL_DUE);
    return rc == SQLITE_OK || rc == SQLITE_DONE ? n : sqlite_db_error(rc);
}

static int
store_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    if (max > STORE_DUE_MAX) max = STORE_DUE_MAX;
    struct sqlite_db *db = sqlite_readers_take(&self(s)->readers, self(s)->writer.wait_ms);
    if (db == NULL) return ERR_STORE;
    int n = list_due(db, store_now(s, now), skip, out, max);
    sqlite_readers_give(&self(s)->readers, db);
    return n;
}

static int
store_knows_blob(struct store *s, const char *blob) {
    struct sqlite_db *db = sqlite_readers_take(&self(s)->readers, self(s)->writer.wait_ms);
    if (db == NULL) return ERR_STORE;
    sqlite3_stmt *stmt = db->stmt[SQL_KNOWS_BLOB];
    int rc = sqlite3_bind_text(stmt, 1, blob, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    sqlite_db_reset(db, SQL_KNOWS_BLOB);
    sqlite_readers_give(&self(s)->readers, db);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) return rc == SQLITE_ROW;
    return ERR_STORE;
}

static int
store_scrub(struct store *s) {
    return sqlite_writer_scrub(&self(s)->writer);
}

static uint64_t
store_usage(struct store *s) {
    return atomic_load(&self(s)->writer.conn.bytes);
}

/* The file can be read in time, and the writer is at work or waits for it. */
static int
store_ping(struct store *s) {
    int ms = self(s)->writer.wait_ms < PING_MS ? self(s)->writer.wait_ms : PING_MS;
    int err = sqlite_writer_state(&self(s)->writer, ms);
    return err != 0 ? err : sqlite_health_check(self(s)->health, ms);
}

static bool
store_stuck(struct store *s) {
    return store_ping(s) == ERR_STUCK;
}

static void
store_close(struct store *s) {
    struct sqlite_store *store = self(s);
    if (store == NULL) return;
    sqlite_health_free(store->health);
    sqlite_writer_stop(&store->writer);
    sqlite_readers_close(&store->readers);
    sqlite_writer_close(&store->writer);
    sqlite_directory_close(store->dir, store->lock);
    free(store);
}

static const struct store_ops sqlite_ops = {
    .now = store_now,
    .ref = store_ref,
    .create = store_create,
    .load = store_load,
    .change = store_change,
    .due = store_due,
    .knows_blob = store_knows_blob,
    .scrub = store_scrub,
    .usage = store_usage,
    .ping = store_ping,
    .stuck = store_stuck,
    .close = store_close,
};

static int
open_files(struct sqlite_store *store, const struct sqlite_store_config *config, char *error,
           size_t error_len) {
    struct sqlite_place *place = &store->place;
    int readers = config->readers > 0 ? config->readers : SQLITE_STORE_READERS;
    int wait_ms = config->wait_ms > 0 ? config->wait_ms : SQLITE_STORE_WAIT_MS;
    int len = snprintf(place->path, sizeof(place->path), "%s/" FILE_NAME, config->dir);
    if (len < 0 || (size_t)len >= sizeof(place->path) || readers > SQLITE_STORE_READERS_MAX) {
        (void)snprintf(error, error_len, "the path is too long, or more than %d readers",
                       SQLITE_STORE_READERS_MAX);
        return ERR_CONFIG;
    }
    place->sync_normal = config->sync_normal;
    place->log_pages = config->log_pages > 0 ? config->log_pages : LOG_PAGES;
    if (config->vfs != NULL) {
        (void)snprintf(store->vfs, sizeof(store->vfs), "%s", config->vfs);
        place->vfs = store->vfs;
    }
    int err =
        sqlite_directory_open(config->dir, FILE_NAME, &store->dir, &store->lock, error, error_len);
    if (err == 0)
        err = sqlite_writer_open(&store->writer, place, store->dir, config->min_free, wait_ms,
                                 error, error_len);
    if (err == 0) err = sqlite_readers_open(&store->readers, place, readers, error, error_len);
    if (err == 0) err = sqlite_writer_start(&store->writer, &store->readers);
    if (err == 0) store->health = sqlite_health_new(&store->readers);
    return err == 0 && store->health == NULL ? ERR_NOMEM : err;
}

int
sqlite_store_open(const struct sqlite_store_config *config, struct store **out) {
    char error[512] = "";
    *out = NULL;
    struct sqlite_store *store = calloc(1, sizeof(*store));
    if (store == NULL) return ERR_NOMEM;
    store->base = (struct store){.ops = &sqlite_ops, .inline_max = SQLITE_STORE_INLINE_MAX};
    store->dir = store->lock = -1;
    int err = open_files(store, config, error, sizeof(error));
    if (err != 0) {
        store_close(&store->base);
        if (config->reason != NULL) (void)!buf_add_text(config->reason, error);
        return err;
    }
    *out = &store->base;
    return 0;
}
