/* SPDX-License-Identifier: MIT */
#include "crypto/aead.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"

static pthread_once_t ciphers_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *ciphers[2]; /* fetched once: a fetch takes longer than a small message */

static void
aead_fetch_ciphers(void) {
    ciphers[AEAD_AES_256_GCM] = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    ciphers[AEAD_CHACHA20_POLY1305] = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
}

/* Return a context with ${key} for nonces of ${nonce_len} bytes, or NULL if OpenSSL fails. */
static EVP_CIPHER_CTX *
aead_context_with_key(enum aead_cipher which, const uint8_t *key, size_t nonce_len, int encrypt) {
    EVP_CIPHER_CTX *ctx = NULL;
    (void)pthread_once(&ciphers_once, aead_fetch_ciphers);
    const EVP_CIPHER *cipher = ciphers[which];
    if (cipher == NULL || (ctx = EVP_CIPHER_CTX_new()) == NULL) return NULL;

    /* The length of the nonce has to be set before the nonce itself. */
    if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_len, NULL) == 1 &&
        EVP_CipherInit_ex2(ctx, NULL, key, NULL, encrypt, NULL) == 1)
        return ctx;

    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

/* Begin a message with the nonce and the additional data of ${params} in ${ctx}, which has a key.
 * Returns whether OpenSSL did. */
static bool
aead_begin(EVP_CIPHER_CTX *ctx, const struct aead_params *params, int encrypt) {
    int n = 0;
    return EVP_CipherInit_ex2(ctx, NULL, NULL, params->nonce, encrypt, NULL) == 1 &&
           (params->aad_len == 0 ||
            EVP_CipherUpdate(ctx, NULL, &n, params->aad, (int)params->aad_len) == 1);
}

static int
aead_check_lengths(const struct aead_params *params, size_t len) {
    if (params->nonce_len < 1 || params->nonce_len > AEAD_NONCE_MAX) return ERR_INVALID;
    if (len > INT_MAX || params->aad_len > INT_MAX) return ERR_TOO_LARGE;
    return 0;
}

/* Encrypt or decrypt ${len} bytes.  OpenSSL is not called for an empty message, because it would
 * take the call for the end of the additional data. */
static int
aead_update(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out) {
    int n = 0;
    if (len == 0) return 0;
    if (EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1 || (size_t)n != len) return ERR_CRYPTO;
    return 0;
}

int
aead_seal(const struct aead_params *params, const uint8_t *plain, size_t len, uint8_t *out,
          uint8_t tag[static AEAD_TAG_LEN]) {
    uint8_t none[AEAD_TAG_LEN];
    int n = 0, err = aead_check_lengths(params, len);
    if (err != 0) return err;

    EVP_CIPHER_CTX *ctx = aead_context_with_key(params->cipher, params->key, params->nonce_len, 1);
    if (ctx == NULL || !aead_begin(ctx, params, 1) || aead_update(ctx, plain, len, out) != 0 ||
        EVP_CipherFinal_ex(ctx, none, &n) != 1 || n != 0 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, tag) != 1)
        err = ERR_CRYPTO;

    EVP_CIPHER_CTX_free(ctx);
    return err;
}

/* Open the message of ${params} in ${ctx}, which has its key; NULL if OpenSSL failed.  Returns as
 * aead_open(). */
static int
aead_open_in(EVP_CIPHER_CTX *ctx, const struct aead_params *params, const uint8_t *sealed,
             size_t len, const uint8_t tag[static AEAD_TAG_LEN], uint8_t *out) {
    uint8_t none[AEAD_TAG_LEN], want[AEAD_TAG_LEN];
    int n = 0, err = 0;
    memcpy(want, tag, sizeof(want)); /* OpenSSL takes no const */
    if (ctx == NULL || !aead_begin(ctx, params, 0) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, want) != 1 ||
        aead_update(ctx, sealed, len, out) != 0)
        err = ERR_CRYPTO;
    else if (EVP_CipherFinal_ex(ctx, none, &n) != 1 || n != 0) err = ERR_TAG;

    /* What did not verify is not released, not even into the caller's memory. */
    if (err != 0 && len > 0) explicit_bzero(out, len);
    return err;
}

int
aead_open(const struct aead_params *params, const uint8_t *sealed, size_t len,
          const uint8_t tag[static AEAD_TAG_LEN], uint8_t *out) {
    int err = aead_check_lengths(params, len);
    if (err != 0) return err;

    EVP_CIPHER_CTX *ctx = aead_context_with_key(params->cipher, params->key, params->nonce_len, 0);
    err = aead_open_in(ctx, params, sealed, len, tag, out);
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

/* The key is in the context of OpenSSL. */
struct aead_key *
aead_key_new(enum aead_cipher cipher, const uint8_t *key) {
    return (struct aead_key *)aead_context_with_key(cipher, key, AEAD_NONCE_LEN, 0);
}

int
aead_key_open(struct aead_key *key, const struct aead_params *params, const uint8_t *sealed,
              size_t len, const uint8_t tag[static AEAD_TAG_LEN], uint8_t *out) {
    int err = aead_check_lengths(params, len);
    if (err == 0 && params->nonce_len != AEAD_NONCE_LEN) err = ERR_INVALID;
    if (err != 0) return err;
    return aead_open_in((EVP_CIPHER_CTX *)key, params, sealed, len, tag, out);
}

void
aead_key_free(struct aead_key *key) {
    EVP_CIPHER_CTX_free((EVP_CIPHER_CTX *)key);
}
