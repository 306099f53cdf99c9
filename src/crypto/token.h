/* SPDX-License-Identifier: MIT */
/*
 * Ids, passphrases and tokens: how they are made, checked and hashed.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum {
    TOKEN_HASH_LEN = 32,       /* SHA-256 */
    TOKEN_LEN = 43,            /* owner and lease tokens: base64url of 32 random bytes */
    TOKEN_CLASSIC_ID_LEN = 16, /* of [A-Za-z0-9] */
    TOKEN_SEALED_ID_LEN = 22,  /* of [A-Za-z0-9], 131 bits */
    TOKEN_PASSPHRASE_LEN = 32, /* of [A-Za-z0-9] and ! # $ % & * + - = ? @ _ ~ */
    TOKEN_LINK_KEY_LEN = 32,   /* of [A-Za-z0-9] */
    TOKEN_BLOB_LEN = 22,       /* of [A-Za-z0-9]: a name of stored content, unrelated to any id */
};

/* Write new random characters, uniform over the alphabet, and a NUL to ${out}.  Any thread. */
void token_mint(const struct random *r, char out[static TOKEN_LEN + 1]);
void token_mint_classic_id(const struct random *r, char out[static TOKEN_CLASSIC_ID_LEN + 1]);
void token_mint_sealed_id(const struct random *r, char out[static TOKEN_SEALED_ID_LEN + 1]);
void token_mint_passphrase(const struct random *r, char out[static TOKEN_PASSPHRASE_LEN + 1]);
void token_mint_link_key(const struct random *r, char out[static TOKEN_LINK_KEY_LEN + 1]);
void token_mint_blob(const struct random *r, char out[static TOKEN_BLOB_LEN + 1]);

/* Add to the ${have} letters and digits at ${out} what the ${count} random ${bytes} give, up to
 * ${len} of them.  A byte that would favour some of them is passed over.  Returns how many ${out}
 * has now.  Any thread. */
size_t token_take(const uint8_t *bytes, size_t count, char *out, size_t have, size_t len);

/* Return whether the ${len} characters at ${text} have the form that the function above with the
 * same ending makes. */
bool token_is_classic_id(const char *text, size_t len);
bool token_is_sealed_id(const char *text, size_t len);
bool token_is_link_key(const char *text, size_t len);

/* The same for token_mint(): whether it is the one base64url text of some 32 bytes, so that no two
 * texts are the same token. */
bool token_is_canonical(const char *text, size_t len);

/* Write the SHA-256 of the ${len} bytes at ${data}, which is how ids and tokens are stored, to
 * ${hash}.  Aborts if OpenSSL fails.  Any thread. */
void token_hash(const void *data, size_t len, uint8_t hash[static TOKEN_HASH_LEN]);

/* Return whether ${a} and ${b} are equal, in constant time. */
MUST_CHECK
bool token_hash_equal(const uint8_t a[static TOKEN_HASH_LEN],
                      const uint8_t b[static TOKEN_HASH_LEN]);

enum { TOKEN_TAG_KEY_LEN = 32, TOKEN_TAG_LEN = 16 };

/*
 * Write 64 bits of the HMAC-SHA256 of the ${len} bytes (at most 64) at ${data} under ${key} to
 * ${out}, in hexadecimal, with a NUL.  Equal data have equal tags, and a reader without the key
 * learns nothing else.
 */
void token_tag(const uint8_t key[static TOKEN_TAG_KEY_LEN], const void *data, size_t len,
               char out[static TOKEN_TAG_LEN + 1]);

#endif
