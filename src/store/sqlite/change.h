/* SPDX-License-Identifier: MIT */
/*
 * The jobs that write records: create, open, and change of one or several (vault/store.h), and what
 * keeps the index of the sweep in order.
 */
#ifndef STORE_SQLITE_CHANGE_H
#define STORE_SQLITE_CHANGE_H

#include "store/sqlite/writer.h"
#include "vault/store.h"

/* Make the job of store_ops.create, which owns all that it uses.  Returns 0 with ${out}, ERR_NOMEM
 * or ERR_STORE.  Any thread. */
MUST_CHECK
int sqlite_change_new_create(struct sqlite_writer *w, const struct store_ref *ref,
                             const struct record *r, const struct buf *content,
                             const struct buf *wrap, struct sqlite_job **out);

/* Drop ${job}, for which the writer returned ${result}, and return as store_ops.create.  ${job} is
 * NULL if it was abandoned. */
MUST_CHECK
int sqlite_change_created(struct sqlite_job *job, int result);

/* The same for store_ops.open_later, with at most ${content_max} bytes of content. */
MUST_CHECK
int sqlite_change_new_open(const struct store_ref *ref, const struct change *c, size_t content_max,
                           struct sqlite_job **out);
MUST_CHECK
int sqlite_change_opened(struct sqlite_job *job, int result, struct effect *effect,
                         struct record *after, struct buf *content);

/* As store_ops.change.  Any thread. */
MUST_CHECK
int sqlite_change_apply(struct sqlite_writer *w, const struct store_ref *ref,
                        const struct change *c, struct effect *effect, struct record *after);

/* As store_ops.change_all.  Any thread. */
MUST_CHECK
int sqlite_change_apply_all(struct sqlite_writer *w, const struct store_ref *refs, int n,
                            const struct change *c, struct store_change *out);

/* As store_ops.change_both.  Any thread. */
MUST_CHECK
int sqlite_change_apply_both(struct sqlite_writer *w, const struct store_ref refs[static 2],
                             const struct change c[static 2], struct store_change out[static 2]);

/*
 * Of the records whose sweep_at has come by ${now}, while the sweeper has work with them only
 * later, set sweep_at of the ${max} longest due to that time.  Any thread.  Returns 0 or a code.
 */
MUST_CHECK
int sqlite_change_postpone(struct sqlite_writer *w, int64_t now, int max);

#endif
