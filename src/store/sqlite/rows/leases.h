/* SPDX-License-Identifier: MIT */
/*
 * The leases of a record.  The first is in the record's row, packed into bytes whose number never
 * changes, so that a lease never moves the row.  The others are rows of the table lease.  In a file
 * of version 8 the first one is there, too, and goes into the record's row when it changes.
 */
#ifndef STORE_SQLITE_ROWS_LEASES_H
#define STORE_SQLITE_ROWS_LEASES_H

#include "store/sqlite/db.h"
#include "vault/record.h"

/* Bytes of a packed lease: its state, its hash, and three times. */
enum { SQLITE_LEASES_PACKED = 1 + TOKEN_HASH_LEN + 3 * 8 };

/* Pack ${l} into ${out}.  NULL: the record has no lease yet. */
void sqlite_leases_pack(const struct lease *l, uint8_t out[static SQLITE_LEASES_PACKED]);

/*
 * Add to ${r}, which has none, the leases of record ${id}, whose row SQL_LOAD has found.  Returns
 * 0; or ERR_NOMEM or ERR_STORE, with some of them added.
 */
MUST_CHECK
int sqlite_leases_load(struct sqlite_db *db, int64_t id, struct record *r);

/* Insert or overwrite lease ${n}, from 1 on, of record ${id}.  Returns 0 or a code. */
MUST_CHECK
int sqlite_leases_put(struct sqlite_db *db, int64_t id, size_t n, const struct lease *l);

#endif
