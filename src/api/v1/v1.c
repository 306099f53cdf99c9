/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/response.h"

void
v1_absent(struct api_call *call) {
    problem_respond(call->resp, PROBLEM_NOT_FOUND, NULL);
}

void
v1_outcome(struct api_call *call, int err, enum verdict verdict) {
    if (err < 0) response_error(call->resp, err);
    else if (verdict == VERDICT_OK) response_no_content(call->resp);
    else v1_absent(call);
}
