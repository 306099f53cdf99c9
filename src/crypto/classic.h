/* SPDX-License-Identifier: MIT */
/*
 * The encryption of classic records, byte-compatible with pysecrets (docs/FORMAT.md, "Classic
 * record"): AES-256-GCM under scrypt(passphrase, salt), with the header as additional data.
 *
 * There are two generations.  The first has a 16-byte nonce and a separate tag, and is the only one
 * that is written.  The second has a 96-byte nonce and the tag after the ciphertext, and is only
 * read.
 */
#ifndef CRYPTO_CLASSIC_H
#define CRYPTO_CLASSIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/random.h"

enum {
    CLASSIC_SALT_LEN = 16,
    CLASSIC_HEADER_LEN = 16,
    CLASSIC_NONCE_LEN = 16,
    CLASSIC_NONCE2_LEN = 96, /* second generation */
    CLASSIC_TAG_LEN = 16,
    CLASSIC_KEY_LEN = 32,
};

/* What a classic record stores besides its ciphertext. */
struct classic_record {
    uint8_t salt[CLASSIC_SALT_LEN];
    uint8_t header[CLASSIC_HEADER_LEN];
    uint8_t nonce[CLASSIC_NONCE2_LEN];
    size_t nonce_len;             /* CLASSIC_NONCE_LEN or CLASSIC_NONCE2_LEN */
    uint8_t tag[CLASSIC_TAG_LEN]; /* unused in the second generation */
};

/* Draw the salt, header and nonce of a new first-generation record from ${r}.  Seal only once with
 * each record. */
void classic_init(struct classic_record *record, const struct random *r);

/*
 * Encrypt the ${len} bytes at ${plain} under ${key} = scrypt(passphrase, record->salt).  Appends
 * the ciphertext, of the same length, to ${ciphertext} and sets record->tag.  Returns 0,
 * ERR_TOO_LARGE, ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int classic_seal(struct classic_record *record, const uint8_t key[static CLASSIC_KEY_LEN],
                 const void *plain, size_t len, struct buf *ciphertext);

/*
 * Verify and decrypt the ${len} bytes at ${ciphertext}, and append the plaintext to ${plain}, which
 * the caller frees.  Nothing is appended before the tag verified.  Returns 0; ERR_TAG for a wrong
 * key or changed bytes; ERR_TOO_LARGE, ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int classic_open(const struct classic_record *record, const uint8_t key[static CLASSIC_KEY_LEN],
                 const void *ciphertext, size_t len, struct buf *plain);

#endif
