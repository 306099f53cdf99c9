/* SPDX-License-Identifier: MIT */
#include "crypto/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/err.h"

int
hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
            uint8_t out[static HMAC_LEN]) {
    unsigned made = 0;
    const uint8_t *mac = HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &made);
    return mac != NULL && made == HMAC_LEN ? 0 : ERR_CRYPTO;
}
