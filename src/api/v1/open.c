/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/fields.h"
#include "api/response.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "vault/sealed.h"

enum {
    ACCESS,
    GATE,
    LEASE,
    OPEN_FIELDS,
    OPENED_LEN = 256, /* of the response without content */
};

static const struct field open_fields[OPEN_FIELDS] = {
    [ACCESS] = {"access", FIELD_BYTES, true, 0, 0},
    [GATE] = {"gate", FIELD_BYTES, false, 0, 0},
    [LEASE] = {"lease", FIELD_TOKEN, false, 0, 0},
};

static void
respond_opened(struct api_call *call, const char *lease, const struct vault_sealed_opened *o) {
    struct response_writer w;

    response_begin(&w, call->resp, OPENED_LEN + base64_encoded_len(BASE64_URL, o->content.len));
    response_string(&w, "lease", lease);
    response_number(&w, "lease_expires_at", o->lease_expires_at);
    response_number(&w, "views_left", o->views_left);
    if (o->has_content) response_base64url(&w, "content", o->content.data, o->content.len);
    response_end(&w, 200);
}

static void
respond_wrong_proof(struct api_call *call, int attempts_left) {
    struct problem_more more = {.name = "attempts_left", .number = attempts_left};
    if (attempts_left < 0) problem_respond(call->resp, PROBLEM_WRONG_PROOF, NULL);
    else problem_respond(call->resp, PROBLEM_WRONG_PROOF, &more);
}

static void
respond_verdict(struct api_call *call, const char *lease, const struct vault_sealed_opened *o) {
    switch (o->verdict) {
    case VERDICT_OK:
    case VERDICT_REPEAT: respond_opened(call, lease, o); break;
    case VERDICT_WRONG_KEY: problem_respond(call->resp, PROBLEM_WRONG_KEY, NULL); break;
    case VERDICT_WRONG_PROOF: respond_wrong_proof(call, o->attempts_left); break;
    case VERDICT_LEASE_ENDED: problem_respond(call->resp, PROBLEM_LEASE_ENDED, NULL); break;
    case VERDICT_UPLOADING: v1_uploading(call); break;
    case VERDICT_ABSENT:
    case VERDICT_CONFLICT:
    case VERDICT_FULL:
    case VERDICT_INCOMPLETE: v1_absent(call); break;
    }
}

/* Whether a part may be larger than any response. */
static bool
must_check_parts(const struct api_call *call) {
    return call->api->config.response_max < API_PART_MAX;
}

/*
 * Check that a response can hold a part of the secret.  Returns 0, which includes an absent secret;
 * ERR_TOO_LARGE; or another negative code.
 */
static int
check_parts_fit(struct api_call *call) {
    struct record r = {0};
    enum verdict verdict;
    if (!must_check_parts(call)) return 0;

    int err = vault_sealed_info(call->api->vault, call->id, &verdict, &r);
    uint32_t part_size = r.part_size; /* 0 unless the verdict is OK */
    record_clear(&r);
    if (err < 0) return err;
    return part_size > call->api->config.response_max ? ERR_TOO_LARGE : 0;
}

/* Reserve the response for content of ${len} bytes.  For vault_sealed_opening.reserve. */
static int
reserve_opened(void *resp, size_t len) {
    return response_reserve(resp, OPENED_LEN + base64_encoded_len(BASE64_URL, len));
}

/* Fill ${in}, which points to ${lease} and ${by} afterwards, with what ${f} asks for. */
static void
fill_opening(struct api_call *call, const struct fields *f, char lease[static TOKEN_LEN + 1],
             struct actor *by, struct vault_sealed_opening *in) {
    uint64_t response_max = call->api->config.response_max;
    access_actor(&call->api->config, call->req, call->api->config.name_openers, by);
    if (f->values[LEASE].present) memcpy(lease, f->values[LEASE].text, TOKEN_LEN + 1);
    else token_mint(&call->api->vault->random, lease);

    *in = (struct vault_sealed_opening){
        .access = f->values[ACCESS].bytes,
        .lease = lease,
        .by = by,
        .reserve = reserve_opened,
        .ctx = call->resp,
    };
    if (f->values[GATE].present) in->gate = f->values[GATE].bytes;

    /* The content is sent as base64. */
    if (response_max > OPENED_LEN) in->content_max = (response_max - OPENED_LEN) / 4 * 3;
    in->unreserved_max = (API_RESPONSE_SMALL - (size_t)OPENED_LEN) / 4 * 3;
}

static void
open_secret(struct api_call *call, const struct fields *f) {
    struct vault_sealed_opened opened = {0};
    struct vault_sealed_opening in;
    char lease[TOKEN_LEN + 1];
    struct actor by;
    fill_opening(call, f, lease, &by, &in);

    /* What cannot be delivered is refused before a view is counted. */
    int err = check_parts_fit(call);
    if (err == 0) err = vault_sealed_open(call->api->vault, call->id, &in, &opened);
    if (err < 0) response_error(call->resp, err);
    else respond_verdict(call, lease, &opened);

    vault_sealed_opened_clear(&opened);
    explicit_bzero(lease, sizeof(lease));
}

/* An open whose response follows. */
struct claim {
    struct api_pending pending;
    struct vault_sealed_claim sealed;
    char lease[TOKEN_LEN + 1];
};

static void
finish_claim(struct api_pending *p) {
    struct claim *c = (struct claim *)p;
    struct vault_sealed_opened opened;
    int result = vault_sealed_end_open(p->call.api->vault, &c->sealed, &p->write, &opened);
    if (result == 0) p->call.progress = API_BLOCKS;
    else if (result < 0) response_error(p->call.resp, result);
    else respond_verdict(&p->call, c->lease, &opened);
    vault_sealed_opened_clear(&opened);
}

/* As open_secret(), but do not wait for the store. */
static void
begin_claim(struct api_call *call, const struct fields *f) {
    struct vault_sealed_opening in;
    struct actor by;
    struct claim *c = call_pend(call, sizeof(*c), finish_claim);
    if (c == NULL) return;

    fill_opening(call, f, c->lease, &by, &in);
    int err =
        vault_sealed_begin_open(call->api->vault, call->id, &in, &c->sealed, &c->pending.write);
    if (err == 0) {
        call->progress = API_FOLLOWS;
        return;
    }
    response_error(call->resp, err);
    call_pending_free(&c->pending);
}

void
v1_open(struct api_call *call) {
    struct fields f;
    if (call->later != NULL && must_check_parts(call)) {
        call->progress = API_BLOCKS;
        return;
    }

    if (fields_read(call->req, open_fields, OPEN_FIELDS, FIELDS_EXACT, &f, call->resp) == 0) {
        if (call->id[0] == '\0') v1_absent(call);
        else if (call->later != NULL) begin_claim(call, &f);
        else open_secret(call, &f);
    }
    fields_clear(&f);
}
