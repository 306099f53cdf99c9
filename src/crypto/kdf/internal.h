/* SPDX-License-Identifier: MIT */
/* What the files of this directory share. */
#ifndef CRYPTO_KDF_INTERNAL_H
#define CRYPTO_KDF_INTERNAL_H

#include <stdbool.h>

#include "crypto/kdf/kdf.h"
#include "crypto/kdf/lanes.h"

struct kdf_arena {
    const struct lanes_path *path; /* NULL: libscrypt-kdf */
    unsigned lanes;
    uint8_t *mapping; /* guard page, memory, guard page, with space to align the memory */
    size_t mapping_len;
    uint8_t *memory;
    size_t len;
    size_t used;   /* bytes that libscrypt-kdf has allocated now */
    size_t peak;   /* bytes to wipe */
    unsigned held; /* blocks that libscrypt-kdf has allocated now */
    int locked;
};

/* --- kdf.c ------------------------------------------------------------------------------------ */

/*
 * Return how many bytes of an arena ${lanes} derivations at once use, on any path; or SIZE_MAX if
 * no arena is that large.
 */
size_t kdf_bytes_needed(struct kdf_params params, unsigned lanes);

/* --- arena.c ---------------------------------------------------------------------------------- */

/* kdf_arena_new_lanes() for ${path}, or for libscrypt-kdf if that is NULL, without a self-test. */
struct kdf_arena *kdf_arena_make(const struct lanes_path *path, struct kdf_params params,
                                 unsigned lanes);

/* Give the memory of ${a}, which is wiped, back to the system.  It comes again on use. */
void kdf_arena_release_memory(struct kdf_arena *a);

/* --- reference.c ------------------------------------------------------------------------------ */

/*
 * Derive one key as kdf_derive() by libscrypt-kdf in the memory of ${a}, which is large enough.
 * Returns 0 or ERR_CRYPTO.  The memory is not wiped.
 */
MUST_CHECK
int kdf_reference(struct kdf_arena *a, struct kdf_params params, const struct kdf_input *in);

#endif
