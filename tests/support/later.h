/* SPDX-License-Identifier: MIT */
/* The two ways to create and to open, so that one test covers both. */
#ifndef TESTS_SUPPORT_LATER_H
#define TESTS_SUPPORT_LATER_H

#include "vault/store.h"

/* Make create of ${s} call create_later, and wait.  One store of a process at a time. */
void later_use(struct store *s);

/* Give ${s} the functions of store_later: they call create, or load and change, at once.  One store
 * of a process at a time. */
void later_add(struct store *s);

#endif
