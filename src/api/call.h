/* SPDX-License-Identifier: MIT */
/*
 * What a handler gets: one request on its way.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "crypto/token.h"

struct api_call {
    struct api *api;
    const struct http_request *req;
    struct http_response *resp;
    char id[TOKEN_SEALED_ID_LEN + 1]; /* of the path; "" if it cannot be one */
    bool part_ok;                     /* the path names a part */
    uint32_t part;
    const char *token; /* of a route with ROUTE_TOKEN: never NULL there */
};

/* Whether the ${len} characters at ${text} have the form of a token: 43 of base64url. */
bool call_is_token(const char *text, size_t len);

/* The token of "Authorization: Bearer TOKEN" in ${req}, or NULL if there is none of that form. */
const char *call_bearer(const struct http_request *req);

/* The secret ${id} is what the request is about: the log gets a name for it that is not the id. */
void call_about(struct api_call *call, const char *id);

#endif
