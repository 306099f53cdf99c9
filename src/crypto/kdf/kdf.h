/* SPDX-License-Identifier: MIT */
/*
 * scrypt (RFC 7914) in memory that is taken once, locked, kept out of core dumps and wiped after
 * every derivation.
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

/* What classic records use (pysecrets): N = 2^14, r = 8, p = 1; 16 MiB. */
#define KDF_CLASSIC ((struct kdf_params){.log2_n = 14, .r = 8, .p = 1})

struct kdf_arena;

/*
 * Take and lock memory for derivations of cost up to ${params}, between guard pages, excluded from
 * core dumps and from children.  Where the system refuses to lock that much the arena works
 * unlocked, and kdf_arena_is_locked() tells.  Returns NULL if there is no memory.  An arena serves
 * one thread at a time.  Free with kdf_arena_free().
 */
struct kdf_arena *kdf_arena_new(struct kdf_params params);

/* Wipe and release ${a}; NULL is allowed. */
void kdf_arena_free(struct kdf_arena *a);

/* 1 if the memory of ${a} can never be swapped out, else 0. */
int kdf_arena_is_locked(const struct kdf_arena *a);

/*
 * Derive ${out_len} bytes to ${out} from ${secret} and ${salt} at cost ${params}.  The caller wipes
 * ${out}.  Returns 0; ERR_TOO_LARGE if ${params} need more than the arena holds; or ERR_CRYPTO.
 */
MUST_CHECK
int kdf_derive(struct kdf_arena *a, struct kdf_params params, const void *secret, size_t secret_len,
               const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len);

#endif
