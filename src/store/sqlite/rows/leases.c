/* SPDX-License-Identifier: MIT */
#include "store/sqlite/rows/leases.h"

#include "base/err.h"
#include "store/sqlite/rows/internal.h"

/* Where a packed lease has what.  Its first byte is 0 if there is none. */
enum {
    AT_STATE = 0,
    AT_HASH = 1,
    AT_TIMES = AT_HASH + TOKEN_HASH_LEN,
};

static void
pack_time(int64_t time, uint8_t out[static 8]) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)time >> (56 - 8 * i));
}

static int64_t
unpack_time(const uint8_t in[static 8]) {
    uint64_t time = 0;
    for (int i = 0; i < 8; i++)
        time = time << 8 | in[i];
    return (int64_t)time;
}

void
sqlite_leases_pack(const struct lease *l, uint8_t out[static SQLITE_LEASES_PACKED]) {
    memset(out, 0, SQLITE_LEASES_PACKED);
    if (l == NULL) return;

    out[AT_STATE] = (uint8_t)(l->end + 1);
    memcpy(out + AT_HASH, l->hash, TOKEN_HASH_LEN);
    pack_time(l->opened_at, out + AT_TIMES);
    pack_time(l->renewed_at, out + AT_TIMES + 8);
    pack_time(l->ended_at, out + AT_TIMES + 16);
}

/* Add ${l} to ${r}.  Returns 0, ERR_NOMEM, or ERR_STORE if no store writes such a lease. */
static int
add_plausible_lease(struct record *r, const struct lease *l) {
    const int64_t times[] = {l->opened_at, l->renewed_at, l->ended_at};
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (!sqlite_row_is_time(times[i])) return ERR_STORE;
    if (l->end < LEASE_LIVE || l->end > LEASE_BURNT) return ERR_STORE;
    if (r->lease_count == RECORD_VIEWS_MAX) return ERR_STORE;

    struct lease *added = record_add_lease(r);
    if (added == NULL) return ERR_NOMEM;
    *added = *l;
    return 0;
}

/* Add to ${r} the lease that is in its row, if there is one. */
static int
load_first_lease(sqlite3_stmt *row, struct record *r) {
    const uint8_t *packed = sqlite3_column_blob(row, COL_LEASE);
    if (packed == NULL) return sqlite3_column_type(row, COL_LEASE) == SQLITE_NULL ? 0 : ERR_STORE;
    if (sqlite3_column_bytes(row, COL_LEASE) != SQLITE_LEASES_PACKED) return ERR_STORE;
    if (packed[AT_STATE] == 0) return 0;

    struct lease l = {.opened_at = unpack_time(packed + AT_TIMES),
                      .renewed_at = unpack_time(packed + AT_TIMES + 8),
                      .ended_at = unpack_time(packed + AT_TIMES + 16),
                      .end = (enum lease_end)(packed[AT_STATE] - 1)};
    memcpy(l.hash, packed + AT_HASH, TOKEN_HASH_LEN);
    return add_plausible_lease(r, &l);
}

static int
add_lease_row(sqlite3_stmt *s, struct record *r) {
    const void *hash = sqlite3_column_blob(s, 0);
    struct lease l = {.opened_at = sqlite3_column_int64(s, 1),
                      .renewed_at = sqlite3_column_int64(s, 2),
                      .ended_at = sqlite3_column_int64(s, 3),
                      .end = (enum lease_end)sqlite3_column_int(s, 4)};
    if (hash == NULL || sqlite3_column_bytes(s, 0) != TOKEN_HASH_LEN) return ERR_STORE;
    memcpy(l.hash, hash, TOKEN_HASH_LEN);
    return add_plausible_lease(r, &l);
}

/* Add the leases from the table to those that ${r} has. */
static int
load_more_leases(struct sqlite_db *db, int64_t id, struct record *r) {
    sqlite3_stmt *s = db->stmt[SQL_LEASES];
    int rc = sqlite3_bind_int64(s, 1, id);
    rc |= sqlite3_bind_int64(s, 2, (int64_t)r->lease_count);
    return sqlite_row_each(db, SQL_LEASES, rc, add_lease_row, r);
}

int
sqlite_leases_load(struct sqlite_db *db, int64_t id, struct record *r) {
    /* Each claim of a sealed secret made a lease. */
    int made = r->views - r->views_left;
    if (made == 0) return 0;

    int err = load_first_lease(db->stmt[SQL_LOAD], r);
    if (err != 0 || (int)r->lease_count == made) return err;
    return load_more_leases(db, id, r);
}

int
sqlite_leases_put(struct sqlite_db *db, int64_t id, size_t n, const struct lease *l) {
    sqlite3_stmt *s = db->stmt[SQL_PUT_LEASE];
    int rc = sqlite3_bind_int64(s, 1, id);
    rc |= sqlite3_bind_int64(s, 2, (int64_t)n);
    rc |= sqlite3_bind_blob(s, 3, l->hash, sizeof(l->hash), SQLITE_STATIC);
    rc |= sqlite3_bind_int64(s, 4, l->opened_at);
    rc |= sqlite3_bind_int64(s, 5, l->renewed_at);
    rc |= sqlite3_bind_int64(s, 6, l->ended_at);
    rc |= sqlite3_bind_int(s, 7, (int)l->end);

    if (rc == SQLITE_OK) rc = sqlite_db_run(db, SQL_PUT_LEASE);
    if (rc != SQLITE_OK) return sqlite_db_error(rc);
    return sqlite3_changes(db->handle) == 1 ? 0 : ERR_STORE;
}
