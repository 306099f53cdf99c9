/* SPDX-License-Identifier: MIT */
#include "crypto/age/x25519.h"

#include <openssl/evp.h>

#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"

static const char recipient_prefix[] = "age";
static const char identity_prefix[] = "age-secret-key-";

/* Each wrap key is used once, so its nonce is zero. */
static const uint8_t no_nonce[AEAD_NONCE_LEN];

int
age_recipient_read(const char *text, size_t len, uint8_t recipient[static AGE_KEY_LEN]) {
    if (len > 0 && text[0] != 'a') {
        memset(recipient, 0, AGE_KEY_LEN);
        return ERR_INVALID;
    }
    return bech32_read(recipient_prefix, text, len, recipient);
}

int
age_identity_read(const char *text, size_t len, uint8_t identity[static AGE_KEY_LEN]) {
    if (len > 0 && text[0] != 'A') {
        memset(identity, 0, AGE_KEY_LEN);
        return ERR_INVALID;
    }
    return bech32_read(identity_prefix, text, len, identity);
}

void
age_recipient_write(const uint8_t recipient[static AGE_KEY_LEN],
                    char out[static AGE_KEY_TEXT_MAX + 1]) {
    bech32_write(recipient_prefix, recipient, out);
}

void
age_identity_write(const uint8_t identity[static AGE_KEY_LEN],
                   char out[static AGE_KEY_TEXT_MAX + 1]) {
    bech32_write(identity_prefix, identity, out);

    /* The text of an identity is in upper case. */
    for (char *p = out; *p != '\0'; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
}

int
age_recipient_of(const uint8_t identity[static AGE_KEY_LEN],
                 uint8_t recipient[static AGE_KEY_LEN]) {
    size_t len = AGE_KEY_LEN;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, identity, AGE_KEY_LEN);
    int err = 0;
    if (key == NULL || EVP_PKEY_get_raw_public_key(key, recipient, &len) != 1) err = ERR_CRYPTO;
    EVP_PKEY_free(key);
    return err;
}

/* Write the secret on which ${identity} and ${recipient} agree to ${secret}.  Returns 0;
 * ERR_INVALID if that is zero (RFC 7748, section 6.1); or ERR_CRYPTO. */
static int
agree_on_secret(const uint8_t *identity, const uint8_t *recipient,
                uint8_t secret[static AGE_KEY_LEN]) {
    size_t len = AGE_KEY_LEN;
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, identity, AGE_KEY_LEN);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, recipient, AGE_KEY_LEN);
    EVP_PKEY_CTX *ctx = NULL;
    int err = ERR_CRYPTO;

    if (own != NULL && peer != NULL) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    if (ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1) {
        /* OpenSSL refuses a secret of zeros, and has no other reason to fail here. */
        err = EVP_PKEY_derive(ctx, secret, &len) == 1 ? 0 : ERR_INVALID;
    }

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    if (err != 0) explicit_bzero(secret, AGE_KEY_LEN);
    return err;
}

/* Derive the key that wraps a file key from what both sides agreed on. */
static int
derive_wrap_key(const uint8_t *secret, const uint8_t *share, const uint8_t *recipient,
                uint8_t key[static AEAD_KEY_LEN]) {
    uint8_t salt[2 * AGE_KEY_LEN];
    memcpy(salt, share, AGE_KEY_LEN);
    memcpy(salt + AGE_KEY_LEN, recipient, AGE_KEY_LEN);
    const struct hkdf_input in = {
        .secret = secret,
        .secret_len = AGE_KEY_LEN,
        .salt = salt,
        .salt_len = sizeof(salt),
        .info = "age-encryption.org/v1/X25519",
    };
    return hkdf_sha256(&in, key, AEAD_KEY_LEN);
}

static struct aead_params
wrap_params(const uint8_t *key) {
    return (struct aead_params){.cipher = AEAD_CHACHA20_POLY1305,
                                .key = key,
                                .nonce = no_nonce,
                                .nonce_len = sizeof(no_nonce)};
}

int
age_key_wrap(const struct random *r, const uint8_t recipient[static AGE_KEY_LEN],
             const uint8_t file_key[static AGE_FILE_KEY_LEN], uint8_t share[static AGE_KEY_LEN],
             uint8_t wrapped[static AGE_WRAPPED_LEN]) {
    uint8_t ephemeral[AGE_KEY_LEN], secret[AGE_KEY_LEN], key[AEAD_KEY_LEN];
    const struct aead_params params = wrap_params(key);

    random_fill(r, ephemeral, sizeof(ephemeral));
    int err = age_recipient_of(ephemeral, share);
    if (err == 0) err = agree_on_secret(ephemeral, recipient, secret);
    if (err == 0) err = derive_wrap_key(secret, share, recipient, key);
    if (err == 0)
        err = aead_seal(&params, file_key, AGE_FILE_KEY_LEN, wrapped, wrapped + AGE_FILE_KEY_LEN);

    explicit_bzero(ephemeral, sizeof(ephemeral));
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(key, sizeof(key));
    return err;
}

int
age_key_unwrap(const uint8_t identity[static AGE_KEY_LEN], const uint8_t share[static AGE_KEY_LEN],
               const uint8_t wrapped[static AGE_WRAPPED_LEN],
               uint8_t file_key[static AGE_FILE_KEY_LEN]) {
    uint8_t recipient[AGE_KEY_LEN], secret[AGE_KEY_LEN], key[AEAD_KEY_LEN];
    const struct aead_params params = wrap_params(key);

    int err = age_recipient_of(identity, recipient);
    if (err == 0) err = agree_on_secret(identity, share, secret);
    if (err == 0) err = derive_wrap_key(secret, share, recipient, key);
    if (err == 0)
        err = aead_open(&params, wrapped, AGE_FILE_KEY_LEN, wrapped + AGE_FILE_KEY_LEN, file_key);

    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(key, sizeof(key));
    if (err != 0) explicit_bzero(file_key, AGE_FILE_KEY_LEN);
    return err;
}
