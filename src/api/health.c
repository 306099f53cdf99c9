/* SPDX-License-Identifier: MIT */
#include "api/health.h"

#include "api/answer.h"

enum { STATUS_LEN = 32 };

static void
answer_status(struct http_response *resp) {
    struct answer a;
    answer_begin(&a, resp, STATUS_LEN);
    answer_string(&a, "status", "ok");
    answer_end(&a, 200);
}

void
health_alive(struct api_call *call) {
    answer_status(call->resp);
}

void
health_ready(struct api_call *call) {
    int err = vault_ping(call->api->vault);
    if (err != 0) answer_error(call->resp, err);
    else answer_status(call->resp);
}
