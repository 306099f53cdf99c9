/* SPDX-License-Identifier: MIT */
/* The two jobs that alter records: create and change, as vault/store.h has them. */
#ifndef STORE_SQLITE_CHANGE_H
#define STORE_SQLITE_CHANGE_H

#include "store/sqlite/writer.h"
#include "vault/store.h"

/* As store_ops.create. */
MUST_CHECK
int sqlite_change_create(struct sqlite_writer *w, const struct store_ref *ref,
                         const struct record *r, const struct buf *content);

/* As store_ops.change. */
MUST_CHECK
int sqlite_change_apply(struct sqlite_writer *w, const struct store_ref *ref,
                        const struct change *c, struct effect *effect, struct record *after);

#endif
