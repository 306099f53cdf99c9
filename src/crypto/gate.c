/* SPDX-License-Identifier: MIT */
#include "crypto/gate.h"

#include "base/err.h"
#include "crypto/hkdf.h"
#include "crypto/token.h"

_Static_assert((int)GATE_VERIFIER_LEN == (int)TOKEN_HASH_LEN, "a verifier is a SHA-256");

int
gate_derive(const char *link_key, size_t len, const uint8_t header[static ENVELOPE_HEADER_LEN],
            uint8_t gate[static GATE_LEN]) {
    struct hkdf_input in = {
        .secret = link_key,
        .secret_len = len,
        .salt = header + ENVELOPE_HEADER_LEN - ENVELOPE_SALT_LEN,
        .salt_len = ENVELOPE_SALT_LEN,
        .info = "ESv1 gate",
    };
    if (len == 0) return ERR_INVALID;
    return hkdf_sha256(&in, gate, GATE_LEN);
}

void
gate_verifier(const uint8_t gate[static GATE_LEN], uint8_t verifier[static GATE_VERIFIER_LEN]) {
    token_hash(gate, GATE_LEN, verifier);
}
