/* SPDX-License-Identifier: MIT */
#include "crypto/token.h"

/* SHA256_Init() and the like: what replaces them allocates memory for each hash, and takes three
 * times as long for texts as short as these. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/text/base64.h"
#include "base/text/hex.h"

enum { TOKEN_BYTES = 32, BLOCK_LEN = 64 /* of SHA-256 */, TAGGED_MAX = 64 };

#define LETTERS_AND_DIGITS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define PASSPHRASE_CHARACTERS LETTERS_AND_DIGITS "!#$%&*+-=?@_~"

/* Characters that are all equally likely. */
struct alphabet {
    const char *characters;
    size_t size;
};

static const struct alphabet id_alphabet = {LETTERS_AND_DIGITS, sizeof(LETTERS_AND_DIGITS) - 1};
static const struct alphabet passphrase_alphabet = {PASSPHRASE_CHARACTERS,
                                                    sizeof(PASSPHRASE_CHARACTERS) - 1};

/* token_take() for any alphabet.  A byte from the largest multiple of its size on is passed
 * over. */
static size_t
token_take_from(const struct alphabet *a, const uint8_t *bytes, size_t count, char *out,
                size_t have, size_t len) {
    size_t limit = 256 / a->size * a->size;
    for (size_t i = 0; i < count && have < len; i++)
        if (bytes[i] < limit) out[have++] = a->characters[bytes[i] % a->size];
    return have;
}

size_t
token_take(const uint8_t *bytes, size_t count, char *out, size_t have, size_t len) {
    return token_take_from(&id_alphabet, bytes, count, out, have, len);
}

/* Write ${len} random characters of ${a} and a NUL to ${out}. */
static void
token_mint_from(const struct random *r, const struct alphabet *a, char *out, size_t len) {
    uint8_t bytes[64];
    size_t done = 0;

    while (done < len) {
        random_fill(r, bytes, sizeof(bytes));
        done = token_take_from(a, bytes, sizeof(bytes), out, done, len);
    }

    out[len] = '\0';
    explicit_bzero(bytes, sizeof(bytes));
}

static void
token_mint_id(const struct random *r, char *out, size_t len) {
    token_mint_from(r, &id_alphabet, out, len);
}

void
token_mint(const struct random *r, char out[static TOKEN_LEN + 1]) {
    uint8_t bytes[TOKEN_BYTES];
    random_fill(r, bytes, sizeof(bytes));
    base64_encode_text(BASE64_URL, bytes, sizeof(bytes), out);
    explicit_bzero(bytes, sizeof(bytes));
}

void
token_mint_classic_id(const struct random *r, char out[static TOKEN_CLASSIC_ID_LEN + 1]) {
    token_mint_id(r, out, TOKEN_CLASSIC_ID_LEN);
}

void
token_mint_sealed_id(const struct random *r, char out[static TOKEN_SEALED_ID_LEN + 1]) {
    token_mint_id(r, out, TOKEN_SEALED_ID_LEN);
}

void
token_mint_passphrase(const struct random *r, char out[static TOKEN_PASSPHRASE_LEN + 1]) {
    token_mint_from(r, &passphrase_alphabet, out, TOKEN_PASSPHRASE_LEN);
}

void
token_mint_link_key(const struct random *r, char out[static TOKEN_LINK_KEY_LEN + 1]) {
    token_mint_id(r, out, TOKEN_LINK_KEY_LEN);
}

void
token_mint_blob(const struct random *r, char out[static TOKEN_BLOB_LEN + 1]) {
    token_mint_id(r, out, TOKEN_BLOB_LEN);
}

static bool
token_is_alphanumeric(const char *text, size_t len, size_t want) {
    if (len != want) return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

bool
token_is_classic_id(const char *text, size_t len) {
    return token_is_alphanumeric(text, len, TOKEN_CLASSIC_ID_LEN);
}

bool
token_is_sealed_id(const char *text, size_t len) {
    return token_is_alphanumeric(text, len, TOKEN_SEALED_ID_LEN);
}

bool
token_is_link_key(const char *text, size_t len) {
    return token_is_alphanumeric(text, len, TOKEN_LINK_KEY_LEN);
}

bool
token_is_canonical(const char *text, size_t len) {
    uint8_t bytes[TOKEN_BYTES];
    bool canonical = base64_decode_exact(BASE64_URL, text, len, bytes, sizeof(bytes)) == 0;
    explicit_bzero(bytes, sizeof(bytes));
    return canonical;
}

void
token_hash(const void *data, size_t len, uint8_t hash[static TOKEN_HASH_LEN]) {
    SHA256_CTX c;
    (void)SHA256_Init(&c);
    (void)SHA256_Update(&c, data, len);
    (void)SHA256_Final(hash, &c);
    OPENSSL_cleanse(&c, sizeof(c));
}

bool
token_hash_equal(const uint8_t a[static TOKEN_HASH_LEN], const uint8_t b[static TOKEN_HASH_LEN]) {
    return CRYPTO_memcmp(a, b, TOKEN_HASH_LEN) == 0;
}

/* HMAC (RFC 2104).  OpenSSL's takes five times as long for texts as short as these. */
void
token_tag(const uint8_t key[static TOKEN_TAG_KEY_LEN], const void *data, size_t len,
          char out[static TOKEN_TAG_LEN + 1]) {
    uint8_t inner[BLOCK_LEN + TAGGED_MAX], outer[BLOCK_LEN + TOKEN_HASH_LEN];
    uint8_t hash[TOKEN_HASH_LEN];
    if (len > TAGGED_MAX) len = TAGGED_MAX;

    /* The key is padded to a block and combined with two constants. */
    memset(inner, 0x36, BLOCK_LEN);
    memset(outer, 0x5c, BLOCK_LEN);
    for (size_t i = 0; i < TOKEN_TAG_KEY_LEN; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }

    memcpy(inner + BLOCK_LEN, data, len);
    token_hash(inner, BLOCK_LEN + len, outer + BLOCK_LEN);
    token_hash(outer, sizeof(outer), hash);

    hex_write(hash, TOKEN_TAG_LEN / 2, out);

    explicit_bzero(inner, sizeof(inner));
    explicit_bzero(outer, sizeof(outer));
}
