/* SPDX-License-Identifier: MIT */
#include "cli/wrap/proof.h"

#include "base/text/base64.h"
#include "cli/terminal/say.h"
#include "crypto/gate.h"
#include "crypto/token.h"

bool
proof_add_gate(json_t *json, const char *link_key,
               const uint8_t header[static ENVELOPE_HEADER_LEN]) {
    uint8_t gate[GATE_LEN];
    char text[64];
    if (gate_derive(link_key, TOKEN_LINK_KEY_LEN, header, gate) != 0) return false;

    base64_encode_text(BASE64_URL, gate, sizeof(gate), text);
    bool ok = json_object_set_new(json, "gate", json_string(text)) == 0;
    explicit_bzero(gate, sizeof(gate));
    explicit_bzero(text, sizeof(text));
    return ok;
}

void
proof_complain_link(void) {
    say_error("the key in the link is wrong; part of it was changed on the way");
    say_hint("Copy the whole link again, or ask the sender for it.");
}
