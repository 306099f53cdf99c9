/* SPDX-License-Identifier: MIT */
/*
 * Owner and lease tokens as requests carry them.
 */
#ifndef API_BEARER_H
#define API_BEARER_H

#include <stdbool.h>
#include <stddef.h>

#include "http/message.h"

/* Whether the ${len} characters at ${text} have the form of a token: 43 of base64url. */
bool bearer_is_token(const char *text, size_t len);

/* The token of "Authorization: Bearer TOKEN" in ${req}, or NULL if there is none of that form. */
const char *bearer_of(const struct http_request *req);

#endif
