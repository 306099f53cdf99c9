/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), both with a 16-byte tag.  Each
 * call encrypts or decrypts one message.  Any thread; a struct aead_key by one at a time.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    AEAD_KEY_LEN = 32,
    AEAD_TAG_LEN = 16,
    AEAD_NONCE_LEN = 12,  /* for new formats */
    AEAD_NONCE_MAX = 128, /* classic records have 16 or 96 bytes */
};

enum aead_cipher {
    AEAD_AES_256_GCM,
    AEAD_CHACHA20_POLY1305, /* of age files; with a nonce of AEAD_NONCE_LEN */
};

/* The inputs besides the message.  The pointers must stay valid during the call. */
struct aead_params {
    enum aead_cipher cipher;
    const uint8_t *key;   /* AEAD_KEY_LEN bytes */
    const uint8_t *nonce; /* never used twice with one key */
    size_t nonce_len;     /* 1 to AEAD_NONCE_MAX */
    const uint8_t *aad;   /* additional data, authenticated but not encrypted */
    size_t aad_len;
};

/*
 * Encrypt the ${len} bytes at ${plain} to ${out} and write the tag to ${tag}.  ${out} is ${plain}
 * or does not overlap it.  Returns 0; ERR_TOO_LARGE above INT_MAX bytes; ERR_INVALID for a nonce of
 * another length; ERR_CRYPTO if OpenSSL fails.
 */
MUST_CHECK
int aead_seal(const struct aead_params *params, const uint8_t *plain, size_t len, uint8_t *out,
              uint8_t tag[static AEAD_TAG_LEN]);

/*
 * Verify ${tag} and decrypt the ${len} bytes at ${sealed} to ${out}, which is ${sealed} or does not
 * overlap it.  Returns 0; ERR_TAG if any input differs from what was encrypted; or as aead_seal().
 * ${out} is zeroed on error.
 */
MUST_CHECK
int aead_open(const struct aead_params *params, const uint8_t *sealed, size_t len,
              const uint8_t tag[static AEAD_TAG_LEN], uint8_t *out);

/* A key that opens many messages, prepared once. */
struct aead_key;

/* Prepare the AEAD_KEY_LEN bytes of ${key} for messages with nonces of AEAD_NONCE_LEN.  The caller
 * frees it with aead_key_free().  Returns NULL if memory is short or OpenSSL fails. */
struct aead_key *aead_key_new(enum aead_cipher cipher, const uint8_t *key);

/* As aead_open() with ${key}, and with nonce and additional data of ${params}. */
MUST_CHECK
int aead_key_open(struct aead_key *key, const struct aead_params *params, const uint8_t *sealed,
                  size_t len, const uint8_t tag[static AEAD_TAG_LEN], uint8_t *out);

/* Wipe and free ${key}.  NULL is allowed. */
void aead_key_free(struct aead_key *key);

#endif
