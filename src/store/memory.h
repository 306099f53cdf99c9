/* SPDX-License-Identifier: MIT */
/* A record store in memory, for tests: vault/store.h under one mutex. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "vault/store.h"

/* An empty store that keeps content of up to ${inline_max} bytes with its records.  NULL if memory
 * is short. */
struct store *memory_open(uint64_t inline_max);

#endif
