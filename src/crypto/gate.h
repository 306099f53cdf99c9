/* SPDX-License-Identifier: MIT */
/*
 * The gate of a sealed secret (docs/FORMAT.md, "Gate"): a cheap proof of the link key.
 *
 * The server asks for it before it counts a wrong proof of key as an attempt, so whoever knows only
 * an id can use up no attempts.  The client derives the gate; the server stores its hash.
 */
#ifndef CRYPTO_GATE_H
#define CRYPTO_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "crypto/envelope/header.h"

enum { GATE_LEN = 32, GATE_VERIFIER_LEN = 32 };

/*
 * Derive the gate of the envelope that starts with ${header} from the ${len} characters of
 * ${link_key} to ${gate}, which the caller wipes.  Returns 0; ERR_INVALID if ${link_key} is empty;
 * ERR_CRYPTO if OpenSSL fails.  Any thread.
 */
MUST_CHECK
int gate_derive(const char *link_key, size_t len, const uint8_t header[static ENVELOPE_HEADER_LEN],
                uint8_t gate[static GATE_LEN]);

/*
 * Write what the server stores for ${gate}, its SHA-256, to ${verifier}.  Compare verifiers by
 * token_hash_equal().  Aborts if OpenSSL fails.  Any thread.
 */
void gate_verifier(const uint8_t gate[static GATE_LEN], uint8_t verifier[static GATE_VERIFIER_LEN]);

#endif
