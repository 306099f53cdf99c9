/* SPDX-License-Identifier: MIT */
/* The gate, a proof of the link key, and its verifier, in a call.  Main thread. */
#ifndef CLI_WRAP_PROOF_H
#define CLI_WRAP_PROOF_H

#include <jansson.h>
#include <stdbool.h>

#include "crypto/envelope/header.h"

/* Add the gate of ${link_key}, of TOKEN_LINK_KEY_LEN characters, and ${header} to ${json}.  Returns
 * false if that fails. */
bool proof_add_gate(json_t *json, const char *link_key,
                    const uint8_t header[static ENVELOPE_HEADER_LEN]);

/* Add the verifier of that gate, which the server stores.  Returns false if that fails. */
bool proof_add_verifier(json_t *json, const char *link_key,
                        const uint8_t header[static ENVELOPE_HEADER_LEN]);

/* Print that the server refused the gate: the link key is wrong. */
void proof_complain_link(void);

#endif
