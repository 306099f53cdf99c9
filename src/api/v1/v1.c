/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/response.h"

enum { UPLOADING_RETRY_AFTER = 5 }; /* seconds */

void
v1_absent(struct api_call *call) {
    problem_respond(call->resp, PROBLEM_NOT_FOUND, NULL);
}

void
v1_uploading(struct api_call *call) {
    problem_respond(call->resp, PROBLEM_UPLOADING, NULL);
    http_response_setf(call->resp, "Retry-After", "%d", UPLOADING_RETRY_AFTER);
}

void
v1_outcome(struct api_call *call, int err, enum verdict verdict) {
    if (err < 0) response_error(call->resp, err);
    else if (verdict == VERDICT_OK) response_no_content(call->resp);
    else v1_absent(call);
}
