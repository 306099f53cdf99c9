/* SPDX-License-Identifier: MIT */
/* HMAC-SHA256 (RFC 2104). */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum { HMAC_LEN = 32 };

/* Write the HMAC-SHA256 of the ${len} bytes at ${data} under the ${key_len} bytes at ${key} to
 * ${out}.  Returns 0 or ERR_CRYPTO. */
MUST_CHECK
int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                uint8_t out[static HMAC_LEN]);

#endif
