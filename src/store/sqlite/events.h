/* SPDX-License-Identifier: MIT */
/*
 * Events as rows, written in the transaction that makes them true.  Where the store writes none,
 * the functions that add one do nothing.
 *
 * A network has a share of the events that are kept, as it has of the quota
 * (http/storage_shares.h).  Each further event of a client in it is spare: where there are too many
 * events, it goes before those of other networks.  So does what the sweeper writes, such as that a
 * secret expired.  The table of the shares is in memory, and a row only tells that it is spare.
 */
#ifndef STORE_SQLITE_EVENTS_H
#define STORE_SQLITE_EVENTS_H

#include "store/sqlite/writer.h"
#include "vault/store.h"

/* Add that ${r} was created at ${at} under ${ref}, by r->creator.  Writer's thread.  Returns 0 or a
 * code. */
MUST_CHECK
int sqlite_events_created(struct sqlite_tx *tx, const struct store_ref *ref, const struct record *r,
                          int64_t at);

/* Add the events of a change of the record of ${ref} that ${by} makes at ${at}, from ${before} to
 * ${after} with ${effect}.  Writer's thread.  Returns 0 or a code. */
MUST_CHECK
int sqlite_events_changed(struct sqlite_tx *tx, const struct store_ref *ref,
                          const struct record *before, const struct record *after,
                          const struct effect *effect, const struct actor *by, int64_t at);

/* Write, in a commit of its own, that the writing of events began or ended at ${clock}:
 * AUDIT_STARTED or AUDIT_STOPPED.  Any thread.  Returns 0 or a code. */
MUST_CHECK
int sqlite_events_mark(struct sqlite_writer *w, enum audit_kind kind, int64_t clock);

/*
 * Delete some of the events that are too old or too many (conn.keep): of too many first the oldest
 * spare ones, but never the newest event, which the chain continues.  A later call continues.  Any
 * thread.  Returns 0 or a code.
 */
MUST_CHECK
int sqlite_events_trim(struct sqlite_writer *w);

/* As store_ops.events, on the connection ${db}. */
MUST_CHECK
int sqlite_events_read(struct sqlite_db *db, int64_t after, struct audit_event *out, int max);

/* Read the newest event of ${db}, a connection that writes, and how many there are, into ${out}:
 * zeros if there is none.  Returns 0 or a code. */
MUST_CHECK
int sqlite_events_head(struct sqlite_db *db, struct sqlite_chain *out);

#endif
