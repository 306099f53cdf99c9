/* SPDX-License-Identifier: MIT */
#include "api/web/cors.h"

#include "api/web/origins.h"

static const char *
allowed_origin(const struct api_config *config, const struct http_request *req) {
    const struct origins *all = config->origins;
    const char *origin = req->headers[HTTP_ORIGIN];
    if (all == NULL || origin == NULL) return NULL;
    return origins_find(all, origin);
}

void
cors_respond(const struct api_config *config, const struct http_request *req,
             struct http_response *resp) {
    const char *origin = allowed_origin(config, req);
    http_response_set(resp, "Vary", "Origin");
    if (origin == NULL) return;
    http_response_set(resp, "Access-Control-Allow-Origin", origin);
    http_response_set(resp, "Access-Control-Expose-Headers", "Retry-After, Secrets-Answer");
}

void
cors_options(const struct api_config *config, const struct http_request *req, const char *allow,
             struct http_response *resp) {
    resp->status = 204;
    http_response_setf(resp, "Allow", "%s", allow);
    if (req->headers[HTTP_REQUEST_METHOD] == NULL || allowed_origin(config, req) == NULL) return;
    http_response_set(resp, "Vary",
                      "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    http_response_setf(resp, "Access-Control-Allow-Methods", "%s", allow);
    http_response_set(resp, "Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Secrets-Token");
    http_response_set(resp, "Access-Control-Max-Age", "600");
}
