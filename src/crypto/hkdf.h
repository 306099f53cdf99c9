/* SPDX-License-Identifier: MIT */
/* HKDF with SHA-256 (RFC 5869): keys from a secret that is uniformly random already. */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* What a key is derived from.  The pointers must live through the call. */
struct hkdf_input {
    const void *secret; /* the input keying material; not empty */
    size_t secret_len;
    const uint8_t *salt; /* NULL for none */
    size_t salt_len;
    const char *info; /* what the key is for */
};

/*
 * Derive ${len} bytes, at most 8160, from ${in} to ${out}.  The caller wipes ${out}.  Returns 0, or
 * ERR_CRYPTO if OpenSSL fails, with ${out} zeroed.  Any thread.
 */
MUST_CHECK
int hkdf_sha256(const struct hkdf_input *in, uint8_t *out, size_t len);

#endif
