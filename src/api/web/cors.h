/* SPDX-License-Identifier: MIT */
/*
 * CORS: pages of the origins in SECRETS_ORIGINS may read responses.  Origins are compared exactly,
 * and are never '*' or "null".
 */
#ifndef API_WEB_CORS_H
#define API_WEB_CORS_H

#include "api/api.h"

/* Set the headers that let the origin of ${req} read ${resp}, if it may.  Vary is always set. */
void cors_respond(const struct api_config *config, const struct http_request *req,
                  struct http_response *resp);

/* Respond to OPTIONS for a path with the methods ${allow}, as in an Allow field. */
void cors_options(const struct api_config *config, const struct http_request *req,
                  const char *allow, struct http_response *resp);

#endif
