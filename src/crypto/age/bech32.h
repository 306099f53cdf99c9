/* SPDX-License-Identifier: MIT */
/*
 * Keys of 32 bytes as Bech32 text (BIP 173, without its limit of 90 characters), which is how age
 * writes identities and recipients.
 */
#ifndef CRYPTO_AGE_BECH32_H
#define CRYPTO_AGE_BECH32_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    BECH32_DATA_LEN = 32,
    BECH32_CHECKSUM_LEN = 6,                               /* characters */
    BECH32_TAIL_LEN = 1 + 52 + BECH32_CHECKSUM_LEN,        /* what follows the prefix */
    BECH32_PREFIX_MAX = 24,                                /* longest prefix */
    BECH32_TEXT_MAX = BECH32_PREFIX_MAX + BECH32_TAIL_LEN, /* longest text */
};

/* Write ${data} with the lower-case ${prefix} of at most BECH32_PREFIX_MAX characters, in lower
 * case, and a NUL to ${out}. */
void bech32_write(const char *prefix, const uint8_t data[static BECH32_DATA_LEN],
                  char out[static BECH32_TEXT_MAX + 1]);

/*
 * Read the ${len} characters at ${text}, all in lower case or all in upper case, which must have
 * the lower-case ${prefix} and contain 32 bytes.  Returns 0, or ERR_INVALID with ${data} zeroed.
 */
MUST_CHECK
int bech32_read(const char *prefix, const char *text, size_t len,
                uint8_t data[static BECH32_DATA_LEN]);

#endif
