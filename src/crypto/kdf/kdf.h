/* SPDX-License-Identifier: MIT */
/*
 * scrypt (RFC 7914) in an arena of memory that is allocated once, locked, excluded from core dumps
 * and wiped.  An arena with several lanes derives several keys in little more time than one, with
 * the vectors of the processor (lanes.h).
 *
 * Before the first arena is used, that code derives keys that are known, and others that
 * libscrypt-kdf derives too.  If a key differs, libscrypt-kdf derives all keys.
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

/* No size overflows up to here.  The limits of callers are far lower. */
enum { KDF_LOG2_N_MAX = 30 };

/* The cost of classic records: N = 2^14, r = 8, p = 1, which takes 16 MiB. */
#define KDF_CLASSIC ((struct kdf_params){.log2_n = 14, .r = 8, .p = 1})

/* One derivation: ${out_len} bytes from ${secret} and ${salt} to ${out}, which the caller wipes. */
struct kdf_input {
    const void *secret;
    size_t secret_len;
    const uint8_t *salt;
    size_t salt_len;
    uint8_t *out;
    size_t out_len;
};

/* The code that derives. */
enum kdf_code {
    KDF_CODE_LANES,     /* vectors */
    KDF_CODE_REFERENCE, /* libscrypt-kdf: this processor has no vectors that we use */
    KDF_CODE_FALLBACK,  /* libscrypt-kdf: the code for vectors has derived a wrong key */
};

/* Return the code that derives, after its self-test, and the name of it in ${name}.  Any thread. */
enum kdf_code kdf_code(const char **name);

struct kdf_arena;

/*
 * Allocate an arena for derivations of cost up to ${params}.  Its memory is locked, between guard
 * pages, and excluded from core dumps and child processes.  If the system refuses to lock it, it is
 * used unlocked.  The caller frees it with kdf_arena_free().  Returns NULL if memory is short.  Any
 * thread.
 */
struct kdf_arena *kdf_arena_new(struct kdf_params params);

/* The same for ${lanes} (at least 1) derivations at once, or fewer if the code has no more. */
struct kdf_arena *kdf_arena_new_lanes(struct kdf_params params, unsigned lanes);

/* Wipe and free ${a}.  NULL is allowed. */
void kdf_arena_free(struct kdf_arena *a);

/* Return 1 if the memory of ${a} is locked, so that it is never swapped out, and 0 otherwise. */
int kdf_arena_is_locked(const struct kdf_arena *a);

/* Return how many derivations of the cost of ${a} it does at once, at least 1. */
unsigned kdf_arena_lanes(const struct kdf_arena *a);

/* Wipe the memory of ${a}. */
void kdf_arena_wipe(struct kdf_arena *a);

/*
 * Derive ${out_len} bytes from ${secret} and ${salt} at cost ${params} to ${out}, which the caller
 * wipes.  Wipes the memory of ${a}.  Returns 0; ERR_TOO_LARGE if the arena ${a} is too small for
 * ${params}; or ERR_CRYPTO.
 */
MUST_CHECK
int kdf_derive(struct kdf_arena *a, struct kdf_params params, const void *secret, size_t secret_len,
               const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len);

/*
 * Do the ${count} derivations ${in}, 1 to kdf_arena_lanes(), at cost ${params}.  Unlike
 * kdf_derive(), leaves secrets in the memory of ${a}, which the caller wipes with kdf_arena_wipe()
 * unless more derivations follow at once.  Returns as kdf_derive(), and unless 0 no key is derived.
 */
MUST_CHECK
int kdf_derive_all(struct kdf_arena *a, struct kdf_params params, const struct kdf_input *in,
                   unsigned count);

#endif
