/* SPDX-License-Identifier: MIT */
#include "cli/wrap/proof.h"

#include "cli/terminal/say.h"
#include "cli/transfer/remote.h"
#include "crypto/gate.h"
#include "crypto/token.h"

bool
proof_add_gate(json_t *json, const char *link_key,
               const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    uint8_t gate[GATE_LEN];
    bool ok = gate_derive(link_key, TOKEN_LINK_KEY_LEN, header, gate) == 0 &&
              remote_set_bytes(json, "gate", gate, sizeof(gate));
    explicit_bzero(gate, sizeof(gate));
    return ok;
}

bool
proof_add_verifier(json_t *json, const char *link_key,
                   const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    uint8_t gate[GATE_LEN], verifier[GATE_VERIFIER_LEN];
    bool ok = gate_derive(link_key, TOKEN_LINK_KEY_LEN, header, gate) == 0;
    if (ok) {
        gate_verifier(gate, verifier);
        ok = remote_set_bytes(json, "gate_verifier", verifier, sizeof(verifier));
    }
    explicit_bzero(gate, sizeof(gate));
    return ok;
}

void
proof_complain_link(void) {
    say_error("the key in the link is wrong; part of it was changed on the way");
    say_hint("Copy the whole link again, or ask the sender for it.");
}
