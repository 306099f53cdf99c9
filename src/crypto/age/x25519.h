/* SPDX-License-Identifier: MIT */
/*
 * The keys of age: X25519 (RFC 7748), written as Bech32 text.  A recipient is a public key
 * (age1...), and an identity is its secret key (AGE-SECRET-KEY-1...).  A stanza of an age file
 * contains the file key, wrapped for one recipient (C2SP age v1, "X25519 recipient stanza").
 */
#ifndef CRYPTO_AGE_X25519_H
#define CRYPTO_AGE_X25519_H

#include "base/random.h"
#include "crypto/age/bech32.h"

enum {
    AGE_KEY_LEN = BECH32_DATA_LEN,      /* identity, recipient and share */
    AGE_FILE_KEY_LEN = 16,              /* what a file is encrypted with */
    AGE_WRAPPED_LEN = 32,               /* a wrapped file key */
    AGE_KEY_TEXT_MAX = BECH32_TEXT_MAX, /* the text of an identity or a recipient */
};

/* Read a recipient or an identity from the ${len} characters at ${text}.  Returns 0, or ERR_INVALID
 * with the key zeroed. */
MUST_CHECK
int age_recipient_read(const char *text, size_t len, uint8_t recipient[static AGE_KEY_LEN]);
MUST_CHECK
int age_identity_read(const char *text, size_t len, uint8_t identity[static AGE_KEY_LEN]);

/* Write the text of ${recipient} or ${identity} and a NUL to ${out}. */
void age_recipient_write(const uint8_t recipient[static AGE_KEY_LEN],
                         char out[static AGE_KEY_TEXT_MAX + 1]);
void age_identity_write(const uint8_t identity[static AGE_KEY_LEN],
                        char out[static AGE_KEY_TEXT_MAX + 1]);

/* Derive the recipient of ${identity}.  Returns 0 or ERR_CRYPTO. */
MUST_CHECK
int age_recipient_of(const uint8_t identity[static AGE_KEY_LEN],
                     uint8_t recipient[static AGE_KEY_LEN]);

/* Wrap ${file_key} for ${recipient} with a new share.  Returns 0; ERR_INVALID if ${recipient} is no
 * public key that a secret can be agreed on with; or ERR_CRYPTO. */
MUST_CHECK
int age_key_wrap(const struct random *r, const uint8_t recipient[static AGE_KEY_LEN],
                 const uint8_t file_key[static AGE_FILE_KEY_LEN], uint8_t share[static AGE_KEY_LEN],
                 uint8_t wrapped[static AGE_WRAPPED_LEN]);

/* Unwrap a file key.  Returns 0; ERR_TAG if it was wrapped for another recipient; ERR_INVALID for a
 * share that no secret can be agreed on with; or ERR_CRYPTO.  The caller wipes ${file_key}, which
 * is zeroed on error. */
MUST_CHECK
int age_key_unwrap(const uint8_t identity[static AGE_KEY_LEN],
                   const uint8_t share[static AGE_KEY_LEN],
                   const uint8_t wrapped[static AGE_WRAPPED_LEN],
                   uint8_t file_key[static AGE_FILE_KEY_LEN]);

#endif
