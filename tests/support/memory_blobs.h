/* SPDX-License-Identifier: MIT */
/* A blob store in memory: vault/blobs.h under one mutex. */
#ifndef TESTS_SUPPORT_MEMORY_BLOBS_H
#define TESTS_SUPPORT_MEMORY_BLOBS_H

#include "vault/blobs.h"

/* Make an empty blob store.  Returns NULL if memory is short. */
struct blobs *memory_blobs_open(void);

#endif
