/* SPDX-License-Identifier: MIT */
/* Store a new secret, or an answer to a request: whole, or as an upload that begins. */
#include "api/v1/store.h"

#include "api/response.h"
#include "api/v1/v1.h"
#include "base/err.h"
#include "base/text/base64.h"

enum { CREATED_LEN = 192 };

int64_t
v1_largest_envelope(uint64_t content_max) {
    uint64_t plain = 4 + ENVELOPE_METADATA_MAX + content_max;
    return (int64_t)envelope_sealed_len(envelope_padded_len(plain));
}

/* Decode the content and compare it with header and size.  Returns 0 or a code, with a problem. */
static int
read_content(struct api_call *call, const struct vault_sealed_new *in,
             const struct field_value *text, struct buf *content) {
    int err = v1_read_base64url(call, "content", text, content);
    if (err != 0) return err;

    if (content->len != in->size)
        problem_field(call->resp, "size", "It must be the number of bytes of content.");
    else if (memcmp(content->data, in->header, ENVELOPE_HEADER_LEN) != 0)
        problem_field(call->resp, "header", "It must be the first 32 bytes of content.");
    else return 0;
    return ERR_INVALID;
}

static void
respond_created(struct api_call *call, const struct vault_sealed_created *created) {
    struct response_writer w;

    call_about(call, created->id);
    response_begin(&w, call->resp, CREATED_LEN);
    response_string(&w, "id", created->id);
    response_string(&w, "owner_token", created->owner_token);
    response_number(&w, "expires_at", created->expires_at);
    response_number(&w, "part_size", created->part_size);
    response_end(&w, 201);
}

/*
 * Take what ${in} counts for from the share of the client's network, of which the parts that may
 * follow take nothing yet.  Returns 0 with ${charge}, or a negative code.
 */
static int
take_share(struct api_call *call, const struct vault_sealed_new *in, struct vault_charge *charge) {
    struct vault_charge parts = {{0}};
    *charge = vault_sealed_charge(in);
    parts.bytes[VAULT_BLOBS] = charge->bytes[VAULT_BLOBS];
    charge->bytes[VAULT_BLOBS] = 0;

    int err = call_storage_check(call, &parts);
    return err == 0 ? call_storage_take(call, charge, in->ttl) : err;
}

/* The create that ${charge} was taken for came to ${result}. */
static void
settle_share(struct api_call *call, int result, const struct vault_charge *charge, int64_t ttl) {
    if (!vault_stored(result)) call_storage_return(call, charge, ttl);
}

static void
respond_result(struct api_call *call, int result, const struct vault_sealed_created *created) {
    if (result < 0) response_error(call->resp, result);
    else respond_created(call, created);
}

/* Create ${in} and respond.  Returns whether it is stored, with ${out} filled. */
static bool
create_and_respond(struct api_call *call, const struct vault_sealed_new *in,
                   struct v1_stored *out) {
    struct vault_sealed_created created = {0};
    struct vault_charge charge;
    int result = take_share(call, in, &charge);
    if (result == 0) {
        result = vault_sealed_create(call->api->vault, in, &created);
        settle_share(call, result, &charge, in->ttl);
    }

    respond_result(call, result, &created);
    if (result == 1) {
        memcpy(out->id, created.id, sizeof(out->id));
        vault_sealed_ref(call->api->vault, created.id, &out->ref);
    }
    explicit_bzero(&created, sizeof(created));
    return result == 1;
}

/*
 * Where servers share a store, another one may have seen the end of some uploads, so check them in
 * the store before a refusal.
 */
uint64_t
v1_begin_upload(struct api_call *call, struct upload_limits *limits, const uint8_t key[static 16],
                int64_t ttl) {
    struct api *api = call->api;
    struct upload_limits_begun begun[UPLOAD_LIMITS_MAX];
    uint64_t ticket = upload_limits_begin(limits, key, ttl, api->monotonic_ms());
    if (ticket != 0) return ticket;

    size_t count = upload_limits_list(limits, key, begun);
    for (size_t i = 0; i < count; i++)
        if (begun[i].ref.len > 0 && vault_sealed_uploading(api->vault, &begun[i].ref) == 0)
            upload_limits_cancel(limits, begun[i].ticket);
    ticket = upload_limits_begin(limits, key, ttl, api->monotonic_ms());
    if (ticket != 0) return ticket;

    problem_respond(call->resp, PROBLEM_TOO_MANY_UPLOADS, NULL);
    call->resp->limit = "uploads";
    http_response_setf(call->resp, "Retry-After", "%d", UPLOAD_LIMITS_IDLE);
    return 0;
}

/* Begin the upload of ${in} as one of the client's. */
static void
begin_parts(struct api_call *call, const struct vault_sealed_new *in, struct v1_stored *out) {
    struct upload_limits *limits = call->api->upload_limits;
    uint8_t key[16];

    /* The ticket counts from before the create, so that concurrent creates are limited, too. */
    http_address_group(&call->req->client, key);
    uint64_t ticket = v1_begin_upload(call, limits, key, in->ttl);
    if (ticket == 0) return;
    if (create_and_respond(call, in, out)) upload_limits_name(limits, ticket, out->id, &out->ref);
    else upload_limits_cancel(limits, ticket);
}

/* A create whose response follows. */
struct creation {
    struct api_pending pending;
    struct vault_sealed_creation sealed;
    struct vault_charge charge;
    int64_t ttl;
};

static void
finish_creation(struct api_pending *p) {
    struct creation *c = (struct creation *)p;
    struct vault_sealed_created created;
    int result = vault_sealed_end_create(p->call.api->vault, &c->sealed, &p->write, &created);
    settle_share(&p->call, result, &c->charge, c->ttl);
    if (result == 0) p->call.progress = API_BLOCKS;
    else respond_result(&p->call, result, &created);
    explicit_bzero(&created, sizeof(created));
}

/* As create_and_respond(), but do not wait for the store. */
static void
begin_creation(struct api_call *call, const struct vault_sealed_new *in) {
    struct creation *c = call_pend(call, sizeof(*c), finish_creation);
    if (c == NULL) return;

    c->ttl = in->ttl;
    int err = take_share(call, in, &c->charge);
    if (err == 0) {
        err = vault_sealed_begin_create(call->api->vault, in, &c->sealed, &c->pending.write);
        if (err == 0) {
            call->progress = API_FOLLOWS;
            return;
        }
        settle_share(call, err, &c->charge, in->ttl);
    }
    response_error(call->resp, err);
    call_pending_free(&c->pending);
}

void
v1_store_secret(struct api_call *call, const struct vault_sealed_new *in,
                const struct field_value *text, struct v1_stored *out) {
    struct buf content = BUF_INIT(call->api->config.inline_max);
    struct vault_sealed_new whole = *in;
    struct envelope_header header;
    *out = (struct v1_stored){0};

    /* Before an upload begins, the store may be asked about others. */
    if (envelope_header_parse(in->header, &header) != 0)
        problem_field(call->resp, "header", "It is not the header of an envelope.");
    else if (!text->present && call->later != NULL) call->progress = API_BLOCKS;
    else if (!text->present) begin_parts(call, in, out);
    else if (read_content(call, in, text, &content) == 0) {
        whole.content = &content;
        if (call->later != NULL) begin_creation(call, &whole);
        else (void)create_and_respond(call, &whole, out);
    }

    buf_free(&content);
    explicit_bzero(&whole, sizeof(whole));
}

void
v1_upload_touched(struct api_call *call) {
    struct api *api = call->api;
    upload_limits_touch(api->upload_limits, call->id, api->monotonic_ms());
    upload_limits_touch(api->answer_limits, call->id, api->monotonic_ms());
}

void
v1_upload_ended(struct api_call *call) {
    upload_limits_end(call->api->upload_limits, call->id);
    upload_limits_end(call->api->answer_limits, call->id);
}
