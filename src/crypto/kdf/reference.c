/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/err.h"
#include "crypto/kdf/internal.h"

/*
 * The core of libscrypt-kdf allocates with posix_memalign() and free().  In our copy of that object
 * both are renamed (mk/programs.mk) to the two functions below, which use the arena that
 * kdf_reference() set for its thread.  The core allocates three blocks, always in the same order:
 * B, XY and V.
 */
int crypto_scrypt(const uint8_t *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
                  uint64_t n, uint32_t r, uint32_t p, uint8_t *out, size_t out_len);
int kdf_arena_memalign(void **out, size_t alignment, size_t len);
void kdf_arena_release(void *block);

enum { BLOCK_ALIGNMENT = 4096 };

static _Thread_local struct kdf_arena *kdf_current_arena;

int
kdf_arena_memalign(void **out, size_t alignment, size_t len) {
    struct kdf_arena *a = kdf_current_arena;
    *out = NULL;
    if (a == NULL || alignment > BLOCK_ALIGNMENT || len > a->len - a->used) return ENOMEM;

    *out = a->memory + a->used;
    a->used += len;
    if (a->used > a->peak) a->peak = a->used;
    a->used = (a->used + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    if (a->used > a->len) a->used = a->len;
    a->held++;
    return 0;
}

void
kdf_arena_release(void *block) {
    if (block == NULL || kdf_current_arena == NULL) return;
    if (--kdf_current_arena->held == 0) kdf_current_arena->used = 0;
}

int
kdf_reference(struct kdf_arena *a, struct kdf_params params, const struct kdf_input *in) {
    kdf_current_arena = a;
    int failed =
        crypto_scrypt(in->secret, in->secret_len, in->salt, in->salt_len,
                      UINT64_C(1) << params.log2_n, params.r, params.p, in->out, in->out_len);
    kdf_current_arena = NULL;
    return failed == 0 ? 0 : ERR_CRYPTO;
}
