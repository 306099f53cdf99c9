/* SPDX-License-Identifier: MIT */
/* Begin an answer to a request.  Its parts and its complete are those of any upload. */
#include "vault/request/request.h"

#include "api/access/access.h"
#include "api/response.h"
#include "api/v1/store.h"
#include "api/v1/v1.h"
#include "base/err.h"
#include "base/text/base64.h"

enum answer_field { GATE, VERIFIER, HEADER, SIZE, CONTENT, ANSWER_FIELDS };

static int
read_begin(struct api_call *call, struct fields *f) {
    const struct api_config *config = &call->api->config;
    const struct field table[ANSWER_FIELDS] = {
        [GATE] = {"gate", FIELD_BYTES, true, 0, 0},
        [VERIFIER] = {"verifier", FIELD_BYTES, true, 0, 0},
        [HEADER] = {"header", FIELD_BYTES, true, 0, 0},
        [SIZE] = {"size", FIELD_INTEGER, true, ENVELOPE_SIZE_MIN,
                  v1_largest_envelope(config->file_max)},
        [CONTENT] = {"content", FIELD_TEXT, false, 1,
                     (int64_t)base64_encoded_len(BASE64_URL, config->inline_max)},
    };
    return fields_read(call->req, table, ANSWER_FIELDS, FIELDS_EXACT, f, call->resp);
}

/* Begin the answer ${in} as one of the unfinished ones of its request. */
static void
begin_within_request(struct api_call *call, const struct vault_sealed_new *in,
                     const struct field_value *content) {
    struct api *api = call->api;
    uint8_t hash[TOKEN_HASH_LEN];
    struct v1_stored stored;

    /* The ticket counts from before the begin, so that concurrent ones are limited, too. */
    token_hash(call->id, strlen(call->id), hash);
    uint64_t ticket = v1_begin_upload(call, api->answer_limits, hash, in->ttl);
    if (ticket == 0) return;

    v1_store_secret(call, in, content, &stored);
    if (stored.id[0] == '\0') upload_limits_cancel(api->answer_limits, ticket);
    else upload_limits_name(api->answer_limits, ticket, stored.id, &stored.ref);
    explicit_bzero(&stored, sizeof(stored));
}

static void
begin_answer(struct api_call *call, const struct fields *f) {
    const struct field_value *v = f->values;
    struct vault_request_admitted admitted;
    enum verdict verdict;

    int err = vault_request_admit(call->api->vault, call->id, v[GATE].bytes, &verdict, &admitted);
    if (err < 0) response_error(call->resp, err);
    else if (verdict == VERDICT_WRONG_KEY) problem_respond(call->resp, PROBLEM_WRONG_KEY, NULL);
    else if (verdict != VERDICT_OK) v1_absent(call);
    else if (v[SIZE].number > v1_largest_envelope(admitted.answer_size))
        problem_field(call->resp, "size", "The request takes no answer of this size.");
    else {
        /* Neither a gate nor attempts: nobody but the asker learns its id. */
        struct actor by;
        struct vault_sealed_new in = {
            .views = 1,
            .ttl = admitted.answer_ttl,
            .size = (uint64_t)v[SIZE].number,
            .request = &admitted.ref,
            .by = &by,
        };
        access_actor(&call->api->config, call->req, false, &by);
        memcpy(in.verifier, v[VERIFIER].bytes, sizeof(in.verifier));
        memcpy(in.header, v[HEADER].bytes, sizeof(in.header));
        begin_within_request(call, &in, &v[CONTENT]);
    }
}

void
v1_answer(struct api_call *call) {
    struct fields f;
    if (read_begin(call, &f) == 0) {
        if (call->id[0] == '\0') v1_absent(call);
        else begin_answer(call, &f);
    }
    fields_clear(&f);
}
