/* SPDX-License-Identifier: MIT */
/*
 * The first 32 bytes of a sealed envelope v1, and its lengths (docs/FORMAT.md, "Sealed envelope").
 * This is all that a server knows of the format.  It involves no key and no derivation.
 */
#ifndef CRYPTO_ENVELOPE_HEADER_H
#define CRYPTO_ENVELOPE_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    ENVELOPE_HEADER_LEN = 32,
    ENVELOPE_SALT_LEN = 24,
    ENVELOPE_CHUNK_LEN = 65536, /* plaintext bytes of a full chunk */
    ENVELOPE_TAG_LEN = 16,
    ENVELOPE_METADATA_MAX = 4096,
    ENVELOPE_PADDED_MIN = 256,
    ENVELOPE_SIZE_MIN = 304, /* header, ENVELOPE_PADDED_MIN and one tag */
};

struct envelope_header {
    uint8_t log2_n; /* 10..20 */
    uint8_t r;      /* 1..32 */
    uint8_t p;      /* 1..16 */
    uint8_t salt[ENVELOPE_SALT_LEN];
};

/*
 * Read ${bytes} into ${out} and check everything that a reader must check before it derives a key.
 * Returns 0 or ERR_INVALID.
 */
MUST_CHECK
int envelope_header_parse(const uint8_t bytes[static ENVELOPE_HEADER_LEN],
                          struct envelope_header *out);

/*
 * Return whether the cost in ${h} is enough for a secret input with a passphrase: N * r is at least
 * 2^15 * 8 (memory) and N * r * p is at least 2^15 * 8 * 3 (work).  A client refuses anything less
 * before it derives.  Otherwise a server could lie about the header and receive a proof that is
 * cheap to guess.
 */
MUST_CHECK
bool envelope_header_meets_floor(const struct envelope_header *h);

/* Write ${h}, whose cost is in range, to ${out}. */
void envelope_header_write(const struct envelope_header *h,
                           uint8_t out[static ENVELOPE_HEADER_LEN]);

/* Return the padded length of ${len} plaintext bytes, where ${len} < 2^60: Padmé, and at least
 * ENVELOPE_PADDED_MIN. */
uint64_t envelope_padded_len(uint64_t len);

/* Return the length of the envelope of ${padded} bytes of padded plaintext, with header and
 * tags. */
uint64_t envelope_sealed_len(uint64_t padded);

#endif
