/* SPDX-License-Identifier: MIT */
/*
 * Handlers of the classic API: the server seals and opens (docs/DESIGN.md, "Classic").
 */
#ifndef API_CLASSIC_H
#define API_CLASSIC_H

#include "api/call.h"

void classic_encrypt(struct api_call *call);
void classic_decrypt(struct api_call *call);

/* Whether ${req} to /encrypt brings a file: its query names file_name, well or not. */
bool classic_is_file(const struct http_request *req);

/* The largest body of /encrypt, in bytes, that brings a text of ${text_max} bytes. */
uint64_t classic_text_body_max(uint64_t text_max);

#endif
