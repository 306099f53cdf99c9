/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/fields.h"
#include "api/response.h"
#include "api/upload_limits.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "vault/sealed.h"

enum { CREATED_LEN = 192 };

enum create_field {
    VERIFIER,
    HEADER,
    VIEWS,
    TTL,
    ATTEMPTS,
    GATE_VERIFIER,
    PASSPHRASE,
    WRAP,
    SIZE,
    CONTENT,
    CREATE_FIELDS
};

/* The size of the envelope of the largest content.  Limits count content without metadata. */
static int64_t
largest_envelope(const struct api_config *config) {
    uint64_t plain = 4 + ENVELOPE_METADATA_MAX + config->file_max;
    return (int64_t)envelope_sealed_len(envelope_padded_len(plain));
}

static int
read_create(struct api_call *call, struct fields *f) {
    const struct api_config *config = &call->api->config;
    const struct field table[CREATE_FIELDS] = {
        [VERIFIER] = {"verifier", FIELD_BYTES, true, 0, 0},
        [HEADER] = {"header", FIELD_BYTES, true, 0, 0},
        [VIEWS] = {"views", FIELD_INTEGER, true, 1, config->views_max},
        [TTL] = {"ttl", FIELD_INTEGER, true, RECORD_TTL_MIN, config->ttl_max},
        [ATTEMPTS] = {"attempts", FIELD_INTEGER, false, 1, RECORD_ATTEMPTS_MAX},
        [GATE_VERIFIER] = {"gate_verifier", FIELD_BYTES, false, 0, 0},
        [PASSPHRASE] = {"passphrase", FIELD_BOOL, false, 0, 0},
        [WRAP] = {"wrap", FIELD_TEXT, false, 1,
                  (int64_t)base64_encoded_len(BASE64_URL, RECORD_WRAP_MAX)},
        [SIZE] = {"size", FIELD_INTEGER, true, ENVELOPE_SIZE_MIN, largest_envelope(config)},
        [CONTENT] = {"content", FIELD_TEXT, false, 1,
                     (int64_t)base64_encoded_len(BASE64_URL, config->inline_max)},
    };
    return fields_read(call->req, table, CREATE_FIELDS, FIELDS_EXACT, f, call->resp);
}

/* Attempts require a gate, or whoever has only the id could use them up.  Returns 0 or -1. */
static int
check_attempts(struct api_call *call, const struct fields *f) {
    if (!f->values[ATTEMPTS].present || f->values[GATE_VERIFIER].present) return 0;
    problem_field(call->resp, "gate_verifier", "It is required with attempts.");
    return -1;
}

/*
 * A wrap holds the passphrase, which is random, so that nobody has to be kept from guessing.  Only
 * the gate lets a client read it.  Returns 0 or -1.
 */
static int
check_wrap(struct api_call *call, const struct fields *f) {
    if (!f->values[WRAP].present) return 0;
    if (!f->values[PASSPHRASE].flag)
        problem_field(call->resp, "passphrase", "It must be true with a wrap.");
    else if (!f->values[GATE_VERIFIER].present)
        problem_field(call->resp, "gate_verifier", "It is required with a wrap.");
    else if (f->values[ATTEMPTS].present)
        problem_field(call->resp, "attempts", "It must be absent with a wrap.");
    else return 0;
    return -1;
}

/* Where a passphrase is required, a secret must say that it has one, and have a gate.  Returns 0
 * or -1. */
static int
check_passphrase(struct api_call *call, const struct fields *f) {
    if (!call->api->config.passphrase_required) return 0;
    if (!f->values[PASSPHRASE].flag) {
        problem_field(call->resp, "passphrase", "This server requires a passphrase.");
        return -1;
    }
    if (f->values[GATE_VERIFIER].present) return 0;
    problem_field(call->resp, "gate_verifier", "This server requires it, as it does a passphrase.");
    return -1;
}

/* Decode the content and compare it with header and size.  Returns 0 or a code, with a problem. */
static int
read_content(struct api_call *call, const struct fields *f, struct buf *content) {
    const struct field_value *text = &f->values[CONTENT];
    int err = base64_decode(BASE64_URL, text->text, text->len, content);
    if (err == ERR_NOMEM) {
        response_error(call->resp, err);
        return err;
    }

    if (err != 0) problem_field(call->resp, "content", "It must be base64url without padding.");
    else if (content->len != (uint64_t)f->values[SIZE].number)
        problem_field(call->resp, "size", "It must be the number of bytes of content.");
    else if (memcmp(content->data, f->values[HEADER].bytes, ENVELOPE_HEADER_LEN) != 0)
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
 * Call vault_sealed_create() within the share of the client's network, of which the parts that may
 * follow take nothing yet.  Returns the same.
 */
static int
create_within_share(struct api_call *call, const struct vault_sealed_new *in,
                    struct vault_sealed_created *created) {
    struct vault_charge charge = vault_sealed_charge(in), parts = {{0}};
    parts.bytes[VAULT_BLOBS] = charge.bytes[VAULT_BLOBS];
    charge.bytes[VAULT_BLOBS] = 0;

    int err = call_storage_check(call, &parts);
    if (err == 0) err = call_storage_take(call, &charge, in->ttl);
    if (err != 0) return err;

    int result = vault_sealed_create(call->api->vault, in, created);
    if (!vault_stored(result)) call_storage_return(call, &charge, in->ttl);
    return result;
}

static void
create_inline(struct api_call *call, const struct vault_sealed_new *in) {
    struct vault_sealed_created created = {0};
    int err = create_within_share(call, in, &created);
    if (err < 0) response_error(call->resp, err);
    else respond_created(call, &created);
    explicit_bzero(&created, sizeof(created));
}

/*
 * Count an upload of the client ${key}.  Where servers share a store, another one may have seen the
 * end of some uploads, so check them in the store before a refusal.  Returns a ticket, or 0 if the
 * client has too many.
 */
static uint64_t
begin_upload(struct api *api, const uint8_t key[static 16], int64_t ttl) {
    struct upload_limits_begun begun[UPLOAD_LIMITS_PER_CLIENT];
    uint64_t ticket = upload_limits_begin(api->upload_limits, key, ttl, api->monotonic_ms());
    if (ticket != 0) return ticket;

    size_t count = upload_limits_list(api->upload_limits, key, begun);
    for (size_t i = 0; i < count; i++)
        if (begun[i].ref.len > 0 && vault_sealed_uploading(api->vault, &begun[i].ref) == 0)
            upload_limits_cancel(api->upload_limits, begun[i].ticket);
    return upload_limits_begin(api->upload_limits, key, ttl, api->monotonic_ms());
}

static void
create_upload(struct api_call *call, const struct vault_sealed_new *in) {
    struct upload_limits *limits = call->api->upload_limits;
    struct vault_sealed_created created = {0};
    uint8_t key[16];

    http_address_group(&call->req->client, key);
    uint64_t ticket = begin_upload(call->api, key, in->ttl);
    if (ticket == 0) {
        problem_respond(call->resp, PROBLEM_TOO_MANY_UPLOADS, NULL);
        http_response_setf(call->resp, "Retry-After", "%d", UPLOAD_LIMITS_IDLE);
        return;
    }

    /* The ticket counts from before the create, so that concurrent creates are limited, too. */
    int err = create_within_share(call, in, &created);
    if (err < 0) {
        upload_limits_cancel(limits, ticket);
        response_error(call->resp, err);
    } else {
        struct store_ref ref;
        vault_sealed_ref(call->api->vault, created.id, &ref);
        upload_limits_name(limits, ticket, created.id, &ref);
        respond_created(call, &created);
    }

    explicit_bzero(&created, sizeof(created));
}

static void
create_from_fields(struct api_call *call, const struct fields *f) {
    struct buf content = BUF_INIT(call->api->config.inline_max), wrap = BUF_INIT(RECORD_WRAP_MAX);
    const struct field_value *wrap_text = &f->values[WRAP];
    struct envelope_header header;
    struct actor by;
    access_actor(&call->api->config, call->req, true, &by);
    struct vault_sealed_new in = {
        .views = (int)f->values[VIEWS].number,
        .ttl = f->values[TTL].number,
        .attempts = (int)f->values[ATTEMPTS].number,
        .passphrase = f->values[PASSPHRASE].flag,
        .size = (uint64_t)f->values[SIZE].number,
        .by = &by,
    };

    memcpy(in.verifier, f->values[VERIFIER].bytes, sizeof(in.verifier));
    memcpy(in.header, f->values[HEADER].bytes, sizeof(in.header));
    if (f->values[GATE_VERIFIER].present) in.gate_verifier = f->values[GATE_VERIFIER].bytes;

    if (wrap_text->present) {
        if (v1_read_wrap(call, wrap_text->text, wrap_text->len, &wrap) != 0) goto out;
        in.wrap = &wrap;
    }

    /* Without content an upload of parts follows. */
    if (envelope_header_parse(in.header, &header) != 0)
        problem_field(call->resp, "header", "It is not the header of an envelope.");
    else if (!f->values[CONTENT].present) create_upload(call, &in);
    else if (read_content(call, f, &content) == 0) {
        in.content = &content;
        create_inline(call, &in);
    }

out:
    buf_free(&wrap);
    buf_free(&content);
    explicit_bzero(&in, sizeof(in));
}

void
v1_create(struct api_call *call) {
    struct fields f;
    if (read_create(call, &f) == 0 && check_attempts(call, &f) == 0 &&
        check_passphrase(call, &f) == 0 && check_wrap(call, &f) == 0)
        create_from_fields(call, &f);
    fields_clear(&f);
}
