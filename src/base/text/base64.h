/* SPDX-License-Identifier: MIT */
/*
 * Base64 (RFC 4648): the standard alphabet with and without padding (section 4), and the URL-safe
 * alphabet without padding (section 5).  Decoding is strict about the length and the last character
 * and accepts no white space.  The time depends only on lengths, so secrets can be encoded and
 * decoded.
 */
#ifndef BASE_TEXT_BASE64_H
#define BASE_TEXT_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum base64_kind {
    BASE64_STD, /* + / and padding */
    BASE64_URL, /* - _ and no padding */
    BASE64_RAW, /* + / and no padding */
};

/* Return how many characters encode ${len} bytes. */
size_t base64_encoded_len(enum base64_kind kind, size_t len);

/* Append the encoding of the ${len} bytes at ${data} to ${out}.  Returns 0; ERR_TOO_LARGE or
 * ERR_NOMEM with ${out} unchanged. */
MUST_CHECK
int base64_encode(enum base64_kind kind, const void *data, size_t len, struct buf *out);

/*
 * Decode the ${len} characters at ${text} and append the bytes to ${out}.  Returns 0; ERR_INVALID
 * if the text is not a canonical encoding; ERR_TOO_LARGE or ERR_NOMEM.  ${out} is unchanged on
 * error.
 */
MUST_CHECK
int base64_decode(enum base64_kind kind, const char *text, size_t len, struct buf *out);

/*
 * Decode the ${len} characters at ${text} into exactly ${want} bytes at ${out}.  Returns 0, or
 * ERR_INVALID with ${out} zeroed.
 */
MUST_CHECK
int base64_decode_exact(enum base64_kind kind, const char *text, size_t len, void *out,
                        size_t want);

/* Encode the ${len} bytes at ${data} to ${out}, which has room for base64_encoded_len() characters
 * and a NUL. */
void base64_encode_text(enum base64_kind kind, const void *data, size_t len, char *out);

#endif
