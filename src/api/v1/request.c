/* SPDX-License-Identifier: MIT */
/* Requests: ask, describe, list the answers, end. */
#include "vault/request/request.h"

#include "api/access/access.h"
#include "api/fields.h"
#include "api/receipt.h"
#include "api/response.h"
#include "api/v1/v1.h"
#include "base/err.h"
#include "base/text/base64.h"

enum {
    ASKED_LEN = 96,
    INFO_LEN = 256,       /* without the description */
    ANSWERS_PER_LOOK = 8, /* in a list */
    ANSWER_LEN = 128,     /* of an answer in a list, without its wrap */
    TTL_DEFAULT = 24 * 60 * 60,
    ANSWERS_DEFAULT = 1,
    ANSWER_SIZE_DEFAULT = 1024 * 1024,
};

enum ask_field {
    OWNER,
    HEADER,
    DESCRIPTION,
    GATE_VERIFIER,
    ANSWERS,
    TTL,
    ANSWER_TTL,
    ANSWER_SIZE,
    ASK_FIELDS
};

static int
read_ask(struct api_call *call, struct fields *f) {
    const struct api_config *config = &call->api->config;
    const struct field table[ASK_FIELDS] = {
        [OWNER] = {"owner", FIELD_BYTES, true, 0, 0},
        [HEADER] = {"header", FIELD_BYTES, true, 0, 0},
        [DESCRIPTION] = {"description", FIELD_TEXT, true, 1,
                         (int64_t)base64_encoded_len(BASE64_URL, VAULT_DESCRIPTION_MAX)},
        [GATE_VERIFIER] = {"gate_verifier", FIELD_BYTES, true, 0, 0},
        [ANSWERS] = {"answers", FIELD_INTEGER, false, 1, RECORD_ANSWERS_MAX},
        [TTL] = {"ttl", FIELD_INTEGER, false, RECORD_TTL_MIN, config->ttl_max},
        [ANSWER_TTL] = {"answer_ttl", FIELD_INTEGER, false, RECORD_TTL_MIN, config->ttl_max},
        [ANSWER_SIZE] = {"answer_size", FIELD_INTEGER, false, 1, (int64_t)config->file_max},
    };
    return fields_read(call->req, table, ASK_FIELDS, FIELDS_EXACT, f, call->resp);
}

/* The number that was sent as ${v}, or ${otherwise}, but at most ${max}. */
static int64_t
number_or(const struct field_value *v, int64_t otherwise, int64_t max) {
    if (v->present) return v->number;
    return otherwise < max ? otherwise : max;
}

/* Decode the description and compare it with the header.  Returns 0 or a code, with a problem. */
static int
read_description(struct api_call *call, const struct fields *f, struct buf *out) {
    const struct field_value *text = &f->values[DESCRIPTION];
    const uint8_t *header = f->values[HEADER].bytes;
    struct envelope_header parsed;
    int err = v1_read_base64url(call, "description", text, out);
    if (err != 0) return err;

    if (envelope_header_parse(header, &parsed) != 0)
        problem_field(call->resp, "header", "It is not the header of an envelope.");
    else if (out->len < ENVELOPE_SIZE_MIN)
        problem_field(call->resp, "description", "It must be a whole envelope.");
    else if (memcmp(out->data, header, ENVELOPE_HEADER_LEN) != 0)
        problem_field(call->resp, "header", "It must be the first 32 bytes of description.");
    else return 0;
    return ERR_INVALID;
}

static void
respond_asked(struct api_call *call, const struct vault_request_created *created) {
    struct response_writer w;

    call_about(call, created->id);
    response_begin(&w, call->resp, ASKED_LEN);
    response_string(&w, "id", created->id);
    response_number(&w, "expires_at", created->expires_at);
    response_end(&w, 201);
}

/* Store the request within the share of the client's network. */
static void
store_request(struct api_call *call, const struct vault_request_new *in) {
    struct vault_charge charge = vault_request_charge(in);
    struct vault_request_created created = {0};

    int result = call_storage_take(call, &charge, in->ttl);
    if (result == 0) {
        result = vault_request_create(call->api->vault, in, &created);
        if (!vault_stored(result)) call_storage_return(call, &charge, in->ttl);
    }
    if (result < 0) response_error(call->resp, result);
    else respond_asked(call, &created);
    explicit_bzero(&created, sizeof(created));
}

static void
ask_from_fields(struct api_call *call, const struct fields *f) {
    const struct api_config *config = &call->api->config;
    const struct field_value *v = f->values;
    struct buf description = BUF_INIT(VAULT_DESCRIPTION_MAX);
    struct actor by;
    struct vault_request_new in = {
        .answers = (int)number_or(&v[ANSWERS], ANSWERS_DEFAULT, RECORD_ANSWERS_MAX),
        .ttl = number_or(&v[TTL], TTL_DEFAULT, config->ttl_max),
        .answer_ttl = number_or(&v[ANSWER_TTL], config->ttl_default, config->ttl_max),
        .answer_size =
            (uint64_t)number_or(&v[ANSWER_SIZE], ANSWER_SIZE_DEFAULT, (int64_t)config->file_max),
        .by = &by,
        .description = &description,
    };

    /* The rest are bytes. */
    access_actor(config, call->req, true, &by);
    memcpy(in.owner_hash, v[OWNER].bytes, sizeof(in.owner_hash));
    memcpy(in.header, v[HEADER].bytes, sizeof(in.header));
    memcpy(in.gate_verifier, v[GATE_VERIFIER].bytes, sizeof(in.gate_verifier));
    if (read_description(call, f, &description) == 0) store_request(call, &in);
    buf_free(&description);
}

void
v1_ask(struct api_call *call) {
    struct fields f;
    if (read_ask(call, &f) == 0) ask_from_fields(call, &f);
    fields_clear(&f);
}

static void
put_description(struct response_writer *w, const struct record *r, const struct buf *description) {
    response_base64url(w, "header", r->header, sizeof(r->header));
    response_base64url(w, "description", description->data, description->len);
}

static void
respond_request(struct api_call *call, const struct record *r, const struct buf *description) {
    struct response_writer w;

    response_begin(&w, call->resp, INFO_LEN + base64_encoded_len(BASE64_URL, description->len));
    put_description(&w, r, description);
    response_number(&w, "answers_left", r->views_left);
    response_number(&w, "expires_at", r->expires_at);
    response_number(&w, "answer_ttl", r->answer_ttl);
    response_number(&w, "answer_size", (int64_t)r->answer_size);
    response_end(&w, 200);
}

void
v1_request_info(struct api_call *call) {
    struct buf description = BUF_INIT(VAULT_DESCRIPTION_MAX);
    struct record r = {0};
    enum verdict verdict = VERDICT_ABSENT;
    int err = 0;

    if (call->id[0] != '\0')
        err = vault_request_info(call->api->vault, call->id, &verdict, &r, &description);
    if (err < 0) response_error(call->resp, err);
    else if (verdict == VERDICT_OK) respond_request(call, &r, &description);
    else v1_absent(call);
    record_clear(&r);
    buf_free(&description);
}

static const char *
request_state_name(const struct record *r, int64_t now) {
    if (r->phase == PHASE_BURNT) return r->burnt_by == BURNT_BY_OPERATOR ? "removed" : "ended";
    if (r->views_left == 0) return "full";
    return now < r->expires_at ? "open" : "expired";
}

/* Write answer ${i} of ${r} with its wrap, unless it is not complete.  Returns 0 or a code. */
static int
put_answer(struct api_call *call, struct response_writer *w, const struct record *r, size_t i) {
    struct buf wrap = BUF_INIT(RECORD_ANSWER_WRAP_MAX);
    struct record answer = {0};

    int found = vault_request_answer(call->api->vault, r, i, &answer, &wrap);
    if (found == 1) {
        int64_t now = vault_now(call->api->vault);
        response_object_open(w, NULL);
        response_number(w, "at", r->answers[i].at);
        response_number(w, "size", (int64_t)answer.size);
        response_string(w, "state", receipt_state_name(policy_receipt_state(&answer, now)));
        if (wrap.len > 0) response_base64url(w, "wrap", wrap.data, wrap.len);
        response_object_close(w);
    }

    record_clear(&answer);
    buf_free(&wrap);
    return found < 0 ? found : 0;
}

/* The largest list of the answers to ${r}. */
static size_t
list_len(const struct record *r, const struct buf *description) {
    size_t each = ANSWER_LEN + base64_encoded_len(BASE64_URL, RECORD_ANSWER_WRAP_MAX);
    return INFO_LEN + base64_encoded_len(BASE64_URL, description->len) + r->answer_count * each;
}

/* Write the list.  Returns 0; or a code, with nothing to deliver. */
static int
respond_answers(struct api_call *call, const struct record *r, const struct buf *description) {
    int err = response_reserve(call->resp, list_len(r, description));
    struct response_writer w;
    if (err != 0) return err;

    /* Each answer and its wrap is read from the store. */
    api_count_looks(call->api, call->req, r->answer_count / ANSWERS_PER_LOOK);

    response_begin(&w, call->resp, INFO_LEN + base64_encoded_len(BASE64_URL, description->len));
    response_string(&w, "state", request_state_name(r, vault_now(call->api->vault)));
    response_number(&w, "created_at", r->created_at);
    response_number(&w, "expires_at", r->expires_at);
    response_number(&w, "answers_left", r->views_left);
    if (description->len > 0) put_description(&w, r, description);

    response_array_open(&w, "answers");
    for (size_t i = 0; i < r->answer_count && err == 0; i++)
        err = put_answer(call, &w, r, i);
    response_array_close(&w);
    if (err == 0) response_end(&w, 200);
    return err;
}

void
v1_answers(struct api_call *call) {
    struct buf description = BUF_INIT(VAULT_DESCRIPTION_MAX);
    struct record r = {0};
    int found = 0;

    if (call->id[0] != '\0')
        found = vault_request_load(call->api->vault, call->id, call->token, &r, &description);
    int err = found < 0 ? found : 0;
    if (found == 1) err = respond_answers(call, &r, &description);
    if (err < 0) response_error(call->resp, err);
    else if (found == 0) v1_absent(call);

    record_clear(&r);
    buf_free(&description);
}

void
v1_end(struct api_call *call) {
    v1_change_by_token(call, vault_request_end);
}
