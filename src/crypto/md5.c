/* SPDX-License-Identifier: MIT */
#include "crypto/md5.h"

#include <openssl/evp.h>

#include "base/err.h"

int
md5(const void *data, size_t len, uint8_t out[static MD5_LEN]) {
    if (EVP_Digest(data, len, out, NULL, EVP_md5(), NULL) != 1) return ERR_CRYPTO;
    return 0;
}
