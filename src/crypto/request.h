/* SPDX-License-Identifier: MIT */
/*
 * The keys of a request for a secret (docs/FORMAT.md, "Requests for a secret").  The asker's seed
 * gives the identity that reads the answers and the token that owns the request.  The link key is a
 * hash of the description, so that nobody can put another description behind a link.
 */
#ifndef CRYPTO_REQUEST_H
#define CRYPTO_REQUEST_H

#include "crypto/age/x25519.h"
#include "crypto/token.h"

enum { REQUEST_SEED_LEN = TOKEN_LINK_KEY_LEN }; /* of [A-Za-z0-9] */

/* Derive the identity of the ${len} characters at ${seed}.  Returns 0; ERR_INVALID if they are no
 * seed; or ERR_CRYPTO.  The caller wipes ${identity}. */
MUST_CHECK
int request_identity(const char *seed, size_t len, uint8_t identity[static AGE_KEY_LEN]);

/* Derive the owner token of the ${len} characters at ${seed}, with a NUL.  Returns as
 * request_identity(). */
MUST_CHECK
int request_owner(const char *seed, size_t len, char token[static TOKEN_LEN + 1]);

/* Derive the link key, with a NUL, of the ${len} bytes of a description.  Returns 0; ERR_INVALID
 * if ${len} is 0; or ERR_CRYPTO. */
MUST_CHECK
int request_link_key(const void *description, size_t len,
                     char link_key[static TOKEN_LINK_KEY_LEN + 1]);

#endif
