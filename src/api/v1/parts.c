/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/fields.h"
#include "api/response.h"
#include "api/v1/store.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "vault/sealed.h"

int
v1_check_part(struct api_call *call, int64_t body_len, uint32_t *len) {
    if (call->id[0] == '\0' || !call->part_ok) {
        v1_absent(call);
        return -1;
    }

    int found = vault_sealed_part_len(call->api->vault, call->id, call->token, call->part, len);
    if (found < 0) response_error(call->resp, found);
    else if (found == 0) v1_absent(call);
    else if (body_len >= 0 && body_len != *len) problem_respond(call->resp, PROBLEM_CONFLICT, NULL);
    else return 0;
    return -1;
}

/* What pays for a part. */
struct part_payer {
    struct api_call *call;
    bool paid;
};

static int
take_for_part(void *ctx, const struct vault_charge *c, int64_t ttl) {
    struct part_payer *payer = ctx;
    int err = call_storage_take(payer->call, c, ttl);
    payer->paid = err == 0;
    return err;
}

static void
return_for_part(void *ctx, const struct vault_charge *c, int64_t ttl) {
    struct part_payer *payer = ctx;
    payer->paid = false;
    call_storage_return(payer->call, c, ttl);
}

void
v1_put_part(struct api_call *call) {
    struct part_payer paying = {.call = call};
    const struct vault_sealed_payer payer = {take_for_part, return_for_part, &paying};
    struct api *api = call->api;
    enum verdict verdict = VERDICT_ABSENT;
    int err = 0;

    if (call->id[0] != '\0' && call->part_ok)
        err = vault_sealed_put_part(api->vault, call->id, call->token, call->part, call->body,
                                    &payer, &verdict);

    if (err >= 0 && verdict == VERDICT_CONFLICT)
        problem_respond(call->resp, PROBLEM_CONFLICT, NULL);
    else v1_outcome(call, err, verdict);

    /* A part that was there already does not keep an idle upload in its place. */
    if (call->resp->status == 204 && paying.paid) v1_upload_touched(call);
}

/* Read the wrap that completes an answer into ${out}, which stays empty if there is none.  Returns
 * 0, or -1 with a problem in call->resp. */
static int
read_complete(struct api_call *call, struct buf *out) {
    const struct field table[] = {
        {"wrap", FIELD_TEXT, false, 1,
         (int64_t)base64_encoded_len(BASE64_URL, RECORD_ANSWER_WRAP_MAX)}};
    const struct field_value *wrap = NULL;
    struct fields f;
    if (call->req->body.len == 0) return 0;

    int err = fields_read(call->req, table, ARRAY_LEN(table), FIELDS_EXACT, &f, call->resp);
    wrap = &f.values[0];
    if (err == 0 && wrap->present) err = v1_read_base64url(call, "wrap", wrap, out);
    fields_clear(&f);
    return err == 0 ? 0 : -1;
}

/* Respond to a complete of which the vault says ${err} or ${verdict}. */
static void
respond_complete(struct api_call *call, int err, enum verdict verdict, uint32_t missing,
                 bool has_wrap) {
    if (err == ERR_INVALID && has_wrap)
        problem_field(call->resp, "wrap", "Only an answer to a request has one.");
    else if (err == ERR_INVALID) problem_field(call->resp, "wrap", "It is missing.");
    else if (err >= 0 && verdict == VERDICT_INCOMPLETE)
        problem_respond(call->resp, PROBLEM_INCOMPLETE,
                        &(struct problem_more){.name = "missing", .number = missing});
    else if (err >= 0 && verdict == VERDICT_CONFLICT)
        problem_field(call->resp, "header", "It must be the first 32 bytes of the content.");
    else if (err >= 0 && verdict == VERDICT_FULL)
        problem_respond(call->resp, PROBLEM_REQUEST_FULL, NULL);
    else v1_outcome(call, err, verdict);
}

void
v1_complete(struct api_call *call) {
    struct buf wrap = BUF_INIT(RECORD_ANSWER_WRAP_MAX);
    const struct buf *sent = NULL;
    enum verdict verdict = VERDICT_ABSENT;
    struct actor by;
    uint32_t missing = 0;
    int err = 0;
    access_actor(&call->api->config, call->req, false, &by);
    if (read_complete(call, &wrap) != 0) goto out;
    if (wrap.len > 0) sent = &wrap;

    if (call->id[0] != '\0')
        err = vault_sealed_complete(call->api->vault, call->id, call->token, sent, &by, &verdict,
                                    &missing);
    respond_complete(call, err, verdict, missing, sent != NULL);
    if (call->resp->status == 204 || verdict == VERDICT_FULL) v1_upload_ended(call);
out:
    buf_free(&wrap);
}

static void
set_part_headers(struct http_response *resp) {
    http_response_set(resp, "Content-Type", "application/octet-stream");
    http_response_set(resp, "Content-Disposition", "attachment");
    resp->status = 200;
}

/* Respond to HEAD, which must not renew the lease, with the length alone. */
static void
head_part(struct api_call *call) {
    uint32_t len;
    int found = vault_sealed_peek_part(call->api->vault, call->id, call->token, call->part, &len);
    if (found < 0) response_error(call->resp, found);
    else if (found == 0) v1_absent(call);
    else {
        call->resp->omitted = len;
        set_part_headers(call->resp);
    }
}

/* Reserve the response for a part.  For vault_sealed_fetch.reserve. */
static int
reserve_part(void *resp, size_t len) {
    return response_reserve(resp, len);
}

static void
get_part(struct api_call *call) {
    enum verdict verdict = VERDICT_ABSENT;
    struct vault_sealed_fetch to = {
        .out = &call->resp->body, .reserve = reserve_part, .ctx = call->resp};
    if (call->resp->takes_pipe) to.piped = &call->resp->piped;

    int err =
        vault_sealed_get_part(call->api->vault, call->id, call->token, call->part, &to, &verdict);
    if (err >= 0 && verdict == VERDICT_OK) set_part_headers(call->resp);
    else v1_outcome(call, err, verdict);
}

void
v1_get_part(struct api_call *call) {
    if (call->id[0] == '\0' || !call->part_ok) v1_absent(call);
    else if (call->req->method == HTTP_HEAD) head_part(call);
    else get_part(call);
}
