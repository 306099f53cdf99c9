/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM with a 16-byte tag, one message a call.  Safe from any thread; keeps no state.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    AEAD_KEY_LEN = 32,
    AEAD_TAG_LEN = 16,
    AEAD_NONCE_LEN = 12,  /* the length to use in anything new */
    AEAD_NONCE_MAX = 128, /* classic records have 16 and 96 bytes */
};

/* What a message is sealed under.  The pointers must live through the call. */
struct aead_params {
    const uint8_t *key;   /* AEAD_KEY_LEN bytes */
    const uint8_t *nonce; /* used once with one key, ever */
    size_t nonce_len;     /* 1 .. AEAD_NONCE_MAX */
    const uint8_t *aad;   /* additional data, authenticated alone */
    size_t aad_len;
};

/*
 * Encrypt ${len} bytes at ${plain} to the same number at ${out}, and write their tag to ${tag}.
 * ${out} may be ${plain}, or must not overlap it.  Returns 0; ERR_TOO_LARGE above INT_MAX bytes;
 * ERR_INVALID for a nonce of another length; ERR_CRYPTO if the library fails.
 */
MUST_CHECK
int aead_seal(const struct aead_params *params, const uint8_t *plain, size_t len, uint8_t *out,
              uint8_t tag[static AEAD_TAG_LEN]);

/*
 * Verify ${tag} and decrypt ${len} bytes at ${sealed} to ${out}, which may be ${sealed}.  Returns
 * 0; ERR_TAG if anything differs from what was sealed, with ${out} zeroed; or as aead_seal().
 */
MUST_CHECK
int aead_open(const struct aead_params *params, const uint8_t *sealed, size_t len,
              const uint8_t tag[static AEAD_TAG_LEN], uint8_t *out);

#endif
