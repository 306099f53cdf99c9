/* SPDX-License-Identifier: MIT */
/*
 * Handlers of the classic API, where the server encrypts (docs/DESIGN.md, "Classic API").
 */
#ifndef API_CLASSIC_H
#define API_CLASSIC_H

#include "api/call.h"

void classic_encrypt(struct api_call *call);
void classic_decrypt(struct api_call *call);

/* Whether ${req} to /encrypt shares a file: its query has a file_name, valid or not. */
bool classic_is_file(const struct http_request *req);

/* The limit in bytes of a body of /encrypt whose text has at most ${text_max} bytes. */
uint64_t classic_text_body_max(uint64_t text_max);

#endif
