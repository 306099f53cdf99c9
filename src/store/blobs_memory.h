/* SPDX-License-Identifier: MIT */
/* A blob store in memory, for tests: vault/blobs.h under one mutex. */
#ifndef STORE_BLOBS_MEMORY_H
#define STORE_BLOBS_MEMORY_H

#include "vault/blobs.h"

/* An empty blob store.  NULL if memory is short. */
struct blobs *blobs_memory_open(void);

#endif
