/* SPDX-License-Identifier: MIT */
/*
 * scrypt (RFC 7914) in an arena of memory that is allocated once, locked, excluded from core dumps
 * and wiped after every derivation.
 */
#ifndef CRYPTO_KDF_KDF_H
#define CRYPTO_KDF_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct kdf_params {
    uint8_t log2_n;
    uint8_t r;
    uint8_t p;
};

/* The cost of classic records: N = 2^14, r = 8, p = 1, which takes 16 MiB. */
#define KDF_CLASSIC ((struct kdf_params){.log2_n = 14, .r = 8, .p = 1})

struct kdf_arena;

/*
 * Allocate an arena for derivations of cost up to ${params}.  Its memory is locked, between guard
 * pages, and excluded from core dumps and child processes.  If the system refuses to lock it, it is
 * used unlocked.  The caller frees it with kdf_arena_free().  Returns NULL if memory is short.  One
 * thread at a time.
 */
struct kdf_arena *kdf_arena_new(struct kdf_params params);

/* Wipe and free ${a}.  NULL is allowed. */
void kdf_arena_free(struct kdf_arena *a);

/* Return 1 if the memory of ${a} is locked, so that it is never swapped out, and 0 otherwise. */
int kdf_arena_is_locked(const struct kdf_arena *a);

/*
 * Derive ${out_len} bytes from ${secret} and ${salt} at cost ${params} to ${out}, which the caller
 * wipes.  Returns 0; ERR_TOO_LARGE if the arena ${a} is too small for ${params}; or ERR_CRYPTO.
 */
MUST_CHECK
int kdf_derive(struct kdf_arena *a, struct kdf_params params, const void *secret, size_t secret_len,
               const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len);

#endif
