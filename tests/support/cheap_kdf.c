/* SPDX-License-Identifier: MIT */
/*
 * Linked with -Wl,--wrap=kdf_pool_derive into tests of classic secrets: they derive at N = 2^10, in
 * a sixteenth of the time, if they ask for the cost of classic secrets.  test_classic derives at
 * that cost.
 */
#include "base/err.h"
#include "crypto/kdf/pool.h"

int __real_kdf_pool_derive(struct kdf_pool *pool, const struct party *client,
                           struct kdf_params params, const void *secret, size_t secret_len,
                           const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len);
int __wrap_kdf_pool_derive(struct kdf_pool *pool, const struct party *client,
                           struct kdf_params params, const void *secret, size_t secret_len,
                           const uint8_t *salt, size_t salt_len, uint8_t *out, size_t out_len);

int
__wrap_kdf_pool_derive(struct kdf_pool *pool, const struct party *client, struct kdf_params params,
                       const void *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
                       uint8_t *out, size_t out_len) {
    if (params.log2_n != 14 || params.r != 8 || params.p != 1) return ERR_CRYPTO;
    params.log2_n = 10;
    return __real_kdf_pool_derive(pool, client, params, secret, secret_len, salt, salt_len, out,
                                  out_len);
}
