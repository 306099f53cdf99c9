/* SPDX-License-Identifier: MIT */
/* MD5, which some protocols require as a checksum.  It protects nothing against an attacker. */
#ifndef CRYPTO_MD5_H
#define CRYPTO_MD5_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum { MD5_LEN = 16 };

/* Write the MD5 of the ${len} bytes at ${data} to ${out}.  Returns 0, or ERR_CRYPTO if OpenSSL is
 * configured without it. */
MUST_CHECK
int md5(const void *data, size_t len, uint8_t out[static MD5_LEN]);

#endif
