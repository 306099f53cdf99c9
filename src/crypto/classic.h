/* SPDX-License-Identifier: MIT */
/*
 * The box of classic records, byte-compatible with pysecrets (docs/FORMAT.md, "Classic record"):
 * AES-256-GCM under scrypt(passphrase, salt), additional data = header.
 *
 * Two generations exist.  The first has a 16-byte nonce and its tag apart; it is the only one
 * written.  The second, read only, has a 96-byte nonce and the tag behind the ciphertext.
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

struct classic_box {
    uint8_t salt[CLASSIC_SALT_LEN];
    uint8_t header[CLASSIC_HEADER_LEN];
    uint8_t nonce[CLASSIC_NONCE2_LEN];
    size_t nonce_len;             /* CLASSIC_NONCE_LEN or CLASSIC_NONCE2_LEN */
    uint8_t tag[CLASSIC_TAG_LEN]; /* second generation: unused, the tag ends the ciphertext */
};

/* Draw the salt, header and nonce of a new first-generation box from ${r}.  Each box is sealed
 * once. */
void classic_init(struct classic_box *box, const struct random *r);

/*
 * Seal ${len} bytes at ${plain} in ${box} under ${key} = scrypt(passphrase, box->salt): append the
 * ciphertext, of the same length, to ${ciphertext} and set box->tag.
 * Returns 0, ERR_TOO_LARGE, ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int classic_seal(struct classic_box *box, const uint8_t key[static CLASSIC_KEY_LEN],
                 const void *plain, size_t len, struct buf *ciphertext);

/*
 * Verify and open: append the plaintext to ${plain} (the caller frees it, which wipes).  Nothing is
 * appended before the tag verified.  Returns 0; ERR_TAG for a wrong key or changed bytes;
 * ERR_TOO_LARGE, ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int classic_open(const struct classic_box *box, const uint8_t key[static CLASSIC_KEY_LEN],
                 const void *ciphertext, size_t len, struct buf *plain);

#endif
