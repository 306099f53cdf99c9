/* SPDX-License-Identifier: MIT */
/*
 * Which other origins' pages may read answers: those of SECRETS_ORIGINS, exactly; never '*' and
 * never "null".
 */
#ifndef API_WEB_CORS_H
#define API_WEB_CORS_H

#include "api/api.h"

/* Set what a browser needs to let the page of ${req}'s origin read ${resp}; Vary in every case. */
void cors_respond(const struct api_config *config, const struct http_request *req,
                  struct http_response *resp);

/* Answer OPTIONS for a path whose methods are ${allow}, as in an Allow field. */
void cors_options(const struct api_config *config, const struct http_request *req,
                  const char *allow, struct http_response *resp);

#endif
