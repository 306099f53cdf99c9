/* SPDX-License-Identifier: MIT */
/* MD5, which protects nothing here: protocols want it as a sum against damage on the way. */
#ifndef CRYPTO_MD5_H
#define CRYPTO_MD5_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum { MD5_LEN = 16 };

/* The MD5 of ${len} bytes.  Returns 0, or ERR_CRYPTO where OpenSSL is set up to do without it. */
MUST_CHECK
int md5(const void *data, size_t len, uint8_t out[static MD5_LEN]);

#endif
