/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/response.h"
#include "api/v1/store.h"
#include "base/text/base64.h"

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
        [SIZE] = {"size", FIELD_INTEGER, true, ENVELOPE_SIZE_MIN,
                  v1_largest_envelope(config->file_max)},
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

static void
create_from_fields(struct api_call *call, const struct fields *f) {
    struct buf wrap = BUF_INIT(RECORD_WRAP_MAX);
    const struct field_value *wrap_text = &f->values[WRAP];
    struct actor by;
    struct v1_stored stored;
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

    /* The wrap is stored beside the content. */
    if (wrap_text->present) {
        if (v1_read_base64url(call, "wrap", wrap_text, &wrap) != 0) goto out;
        in.wrap = &wrap;
    }
    v1_store_secret(call, &in, &f->values[CONTENT], &stored);

out:
    buf_free(&wrap);
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
