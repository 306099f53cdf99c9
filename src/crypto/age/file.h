/* SPDX-License-Identifier: MIT */
/*
 * Small files in the format of age (C2SP age v1, binary): something short that is encrypted to
 * X25519 recipients.  The programs use them as wraps (docs/FORMAT.md, "Wraps").  A file of
 * AGE_FILE_MAX bytes has one chunk of payload.  Any thread.
 */
#ifndef CRYPTO_AGE_FILE_H
#define CRYPTO_AGE_FILE_H

#include "base/buf.h"
#include "crypto/age/x25519.h"

enum {
    AGE_FILE_MAX = 16 * 1024, /* bytes of a file */
    AGE_RECIPIENTS_MAX = 16,
};

/* What the header of a file tells to the holder of an identity. */
struct age_header {
    uint8_t file_key[AGE_FILE_KEY_LEN];
    size_t len; /* bytes of the header: the payload begins there */
};

/*
 * Read the header of the ${len} bytes at ${file} with ${identity}.  Returns 1; 0 if no stanza was
 * wrapped for ${identity}; ERR_TOO_LARGE above AGE_FILE_MAX; ERR_INVALID if the header is
 * malformed; ERR_TAG if its MAC is wrong; or ERR_CRYPTO.  The caller wipes ${out}, which is zeroed
 * if the result is not 1.
 */
MUST_CHECK
int age_header_open(const uint8_t identity[static AGE_KEY_LEN], const uint8_t *file, size_t len,
                    struct age_header *out);

/*
 * Decrypt the file of ${len} bytes at ${file}, whose header is ${header}, and append what it
 * contains to ${out}.  Returns 0; ERR_INVALID if the nonce of the payload is not whole; ERR_TAG if
 * the payload is damaged or not whole; ERR_TOO_LARGE if ${out} has no room; ERR_NOMEM; or
 * ERR_CRYPTO.
 */
MUST_CHECK
int age_payload_open(const struct age_header *header, const uint8_t *file, size_t len,
                     struct buf *out);

/* Both steps in one.  Returns as age_header_open(), or a failure of age_payload_open(). */
MUST_CHECK
int age_open(const uint8_t identity[static AGE_KEY_LEN], const uint8_t *file, size_t len,
             struct buf *out);

/*
 * Encrypt the ${len} bytes at ${plain} to the ${count} recipients at ${recipients}, 1 to
 * AGE_RECIPIENTS_MAX of them, and append the file to ${out}, whose limit is at most AGE_FILE_MAX.
 * Returns 0; ERR_TOO_LARGE; ERR_INVALID for a recipient that no secret can be agreed on with;
 * ERR_NOMEM; or ERR_CRYPTO.  What is in ${out} after an error is of no use.
 */
MUST_CHECK
int age_seal(const struct random *r, const uint8_t (*recipients)[AGE_KEY_LEN], size_t count,
             const void *plain, size_t len, struct buf *out);

#endif
