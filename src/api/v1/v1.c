/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/response.h"
#include "base/err.h"
#include "base/text/base64.h"

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

void
v1_change_by_token(struct api_call *call, v1_token_change *change) {
    enum verdict verdict = VERDICT_ABSENT;
    struct actor by;
    int err = 0;

    access_actor(&call->api->config, call->req, false, &by);
    if (call->id[0] != '\0') err = change(call->api->vault, call->id, call->token, &by, &verdict);
    v1_outcome(call, err, verdict);
}

int
v1_read_base64url(struct api_call *call, const char *name, const struct field_value *value,
                  struct buf *out) {
    int err = base64_decode(BASE64_URL, value->text, value->len, out);
    if (err == ERR_NOMEM) response_error(call->resp, err);
    else if (err != 0) problem_field(call->resp, name, "It must be base64url without padding.");
    return err;
}
