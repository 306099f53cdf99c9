/* SPDX-License-Identifier: MIT */
#include "crypto/request.h"

#include "base/err.h"
#include "base/text/base64.h"
#include "crypto/hkdf.h"

/* 32 characters need more bytes than this with a chance below 2^-900. */
enum { STREAM_LEN = 32 * 16 };

/* Derive 32 bytes from ${seed} for ${info}. */
static int
derive_from_seed(const char *seed, size_t len, const char *info, uint8_t out[static 32]) {
    const struct hkdf_input in = {.secret = seed, .secret_len = len, .info = info};
    if (!token_is_link_key(seed, len)) return ERR_INVALID;
    return hkdf_sha256(&in, out, 32);
}

int
request_identity(const char *seed, size_t len, uint8_t identity[static AGE_KEY_LEN]) {
    return derive_from_seed(seed, len, "ESv1 request identity", identity);
}

int
request_owner(const char *seed, size_t len, char token[static TOKEN_LEN + 1]) {
    uint8_t bytes[TOKEN_HASH_LEN];

    int err = derive_from_seed(seed, len, "ESv1 request owner", bytes);
    if (err == 0) base64_encode_text(BASE64_URL, bytes, sizeof(bytes), token);
    explicit_bzero(bytes, sizeof(bytes));
    return err;
}

int
request_link_key(const void *description, size_t len,
                 char link_key[static TOKEN_LINK_KEY_LEN + 1]) {
    const struct hkdf_input in = {
        .secret = description, .secret_len = len, .info = "ESv1 request key"};
    uint8_t stream[STREAM_LEN];
    size_t have = 0;
    if (len == 0) return ERR_INVALID;

    int err = hkdf_sha256(&in, stream, sizeof(stream));
    if (err == 0) have = token_take(stream, sizeof(stream), link_key, 0, TOKEN_LINK_KEY_LEN);
    if (err == 0 && have < TOKEN_LINK_KEY_LEN) err = ERR_CRYPTO;
    link_key[have] = '\0';
    explicit_bzero(stream, sizeof(stream));
    return err;
}
