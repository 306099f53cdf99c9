/* SPDX-License-Identifier: MIT */
/* A record store in memory: vault/store.h under one mutex. */
#ifndef TESTS_SUPPORT_MEMORY_STORE_H
#define TESTS_SUPPORT_MEMORY_STORE_H

#include "vault/store.h"

/* Make an empty store that keeps content of up to ${inline_max} bytes with its records.  Returns
 * NULL if memory is short.
 */
struct store *memory_store_open(uint64_t inline_max);

/* The bytes of content that ${s}, a store in memory, holds. */
uint64_t memory_store_content(struct store *s);

#endif
