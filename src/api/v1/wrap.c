/* SPDX-License-Identifier: MIT */
/* Wraps: the passphrase of a secret, encrypted to the keys of its readers (docs/FORMAT.md). */
#include "api/v1/v1.h"

#include "api/fields.h"
#include "api/response.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "vault/sealed.h"

enum {
    GATE,
    WRAP_FIELDS,
    RESPONSE_LEN = 16, /* without the wrap */
};

static const struct field wrap_fields[WRAP_FIELDS] = {
    [GATE] = {"gate", FIELD_BYTES, true, 0, 0},
};

static void
respond_wrap(struct api_call *call, const struct buf *wrap) {
    struct response_writer w;

    response_begin(&w, call->resp, RESPONSE_LEN + base64_encoded_len(BASE64_URL, wrap->len));
    response_base64url(&w, "wrap", wrap->data, wrap->len);
    response_end(&w, 200);
}

static void
read_wrap_of(struct api_call *call, const uint8_t *gate) {
    struct buf wrap = BUF_INIT(RECORD_WRAP_MAX);
    enum verdict verdict = VERDICT_ABSENT;

    int err = response_reserve(call->resp,
                               RESPONSE_LEN + base64_encoded_len(BASE64_URL, RECORD_WRAP_MAX));
    if (err == 0) err = vault_sealed_wrap(call->api->vault, call->id, gate, &verdict, &wrap);

    if (err < 0) response_error(call->resp, err);
    else if (verdict == VERDICT_OK) respond_wrap(call, &wrap);
    else if (verdict == VERDICT_WRONG_KEY) problem_respond(call->resp, PROBLEM_WRONG_KEY, NULL);
    else if (verdict == VERDICT_UPLOADING) v1_uploading(call);
    else v1_absent(call);
    buf_free(&wrap);
}

void
v1_wrap(struct api_call *call) {
    struct fields f;
    if (fields_read(call->req, wrap_fields, WRAP_FIELDS, FIELDS_EXACT, &f, call->resp) == 0) {
        if (call->id[0] == '\0') v1_absent(call);
        else read_wrap_of(call, f.values[GATE].bytes);
    }
    fields_clear(&f);
}
