/* SPDX-License-Identifier: MIT */
#include "api/health.h"

#include "api/response.h"

enum { STATUS_LEN = 32 };

static void
respond_healthy(struct http_response *resp) {
    struct response_writer w;
    response_begin(&w, resp, STATUS_LEN);
    response_string(&w, "status", "ok");
    response_end(&w, 200);
}

void
health_alive(struct api_call *call) {
    respond_healthy(call->resp);
}

void
health_ready(struct api_call *call) {
    int err = vault_ping(call->api->vault);
    if (err != 0) response_error(call->resp, err);
    else respond_healthy(call->resp);
}
