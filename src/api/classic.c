/* SPDX-License-Identifier: MIT */
#include "api/classic.h"

#include "api/access/access.h"
#include "api/fields.h"
#include "api/response.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/utf8.h"
#include "http/query.h"
#include "vault/classic.h"

enum {
    CREATED_LEN = 128,
    OPENED_LEN = 2048, /* of the response without content: every byte of a name may be escaped */
    JSON_GROWTH = 6,   /* escaping makes at most 6 bytes (\u00XX) of one */
    FIELDS_LEN = 4096, /* of a request apart from its text */
};

enum { SECRET, VIEW_COUNT, TTL, ENCRYPT_FIELDS };
enum { SECRET_ID, PASSPHRASE, DECRYPT_FIELDS };

bool
classic_is_file(const struct http_request *req) {
    char name[RECORD_NAME_MAX + 1];
    int found = query_value(req->query, "file_name", name, sizeof(name));
    explicit_bzero(name, sizeof(name));
    return found != 0;
}

uint64_t
classic_text_body_max(uint64_t text_max) {
    return JSON_GROWTH * text_max + FIELDS_LEN;
}

/* Clamp a view count as pysecrets does: the absolute value, at least 1, at most 10; or at most
 * ${max}, if that is less. */
static int
clamp_views(int64_t count, int max) {
    if (max > RECORD_CLASSIC_VIEWS_MAX) max = RECORD_CLASSIC_VIEWS_MAX;
    if (count < 0) count = -count;
    if (count < 1) return 1;
    if (count > max) return max;
    return (int)count;
}

/* Create the secret ${in}, and respond with its id and passphrase. */
static void
create_classic_secret(struct api_call *call, const struct vault_classic_new *in) {
    struct vault_classic_created created = {0};
    struct response_writer w;

    /* The share of the network before anything that costs. */
    const struct vault_charge charge = vault_classic_charge(call->api->vault, in);
    int err = call_storage_take(call, &charge, in->ttl);
    if (err == 0) {
        err = vault_classic_create(call->api->vault, call->api->kdf, in, &created);
        if (!vault_stored(err)) call_storage_return(call, &charge, in->ttl);
    }
    if (err < 0) {
        response_error(call->resp, err);
    } else {
        call_about(call, created.id);
        response_begin(&w, call->resp, CREATED_LEN);
        response_string(&w, "secret_id", created.id);
        response_string(&w, "passphrase", created.passphrase);
        response_end(&w, 200);
    }
    explicit_bzero(&created, sizeof(created));
}

static void
encrypt_file(struct api_call *call) {
    const struct http_request *req = call->req;
    struct actor by;
    char name[RECORD_NAME_MAX + 1];
    int found = query_value(req->query, "file_name", name, sizeof(name));
    size_t len = 0;
    if (found > 0) len = strlen(name);

    /* The name is shown to people. */
    if (len == 0 || !utf8_valid(name, len) || utf8_has_control(name, len)) {
        problem_field(call->resp, "file_name",
                      "It must be 1 to 255 bytes of UTF-8 without control characters.");
    } else {
        access_actor(&call->api->config, call->req, true, &by);
        struct vault_classic_new in = {
            .by = &by,
            .plain = req->body.data,
            .len = req->body.len,
            .file_name = name,
            .views = 1,
            .ttl = call->api->config.ttl_default,
            .client = http_address_party(&call->req->client),
        };
        create_classic_secret(call, &in);
    }

    explicit_bzero(name, sizeof(name));
}

static void
encrypt_text(struct api_call *call) {
    const struct api_config *config = &call->api->config;
    const struct field table[ENCRYPT_FIELDS] = {
        [SECRET] = {"secret", FIELD_TEXT, true, 1, (int64_t)config->text_max},
        [VIEW_COUNT] = {"view_count", FIELD_COUNT, false, 0, 0},
        [TTL] = {"ttl", FIELD_INTEGER, false, RECORD_TTL_MIN, config->ttl_max},
    };
    struct fields f;
    struct actor by;

    /* An unknown field may be a misspelt one, and its sender would not get what was meant. */
    if (fields_read(call->req, table, ENCRYPT_FIELDS, FIELDS_CLASSIC, &f, call->resp) == 0) {
        access_actor(config, call->req, true, &by);
        struct vault_classic_new in = {
            .by = &by,
            .plain = f.values[SECRET].text,
            .len = f.values[SECRET].len,
            .views = 1,
            .ttl = config->ttl_default,
            .client = http_address_party(&call->req->client),
        };
        if (f.values[VIEW_COUNT].present)
            in.views = clamp_views(f.values[VIEW_COUNT].number, config->views_max);
        if (f.values[TTL].present) in.ttl = f.values[TTL].number;
        create_classic_secret(call, &in);
    }

    fields_clear(&f);
}

void
classic_encrypt(struct api_call *call) {
    if (classic_is_file(call->req)) encrypt_file(call);
    else encrypt_text(call);
}

/* Respond for everything that cannot be opened as pysecrets does: 404 without a body. */
static void
respond_unopened(struct http_response *resp) {
    buf_reset(&resp->body);
    resp->status = 404;
}

/* Write the body for ${o}.  A text that is not UTF-8 cannot be sent as JSON.  Returns 0 or a
 * code. */
static int
write_opened(struct http_response *resp, const struct vault_classic_opened *o) {
    const char *text = (const char *)o->plain.data;
    size_t len = o->plain.len;
    struct response_writer w;

    if (o->file_name[0] != '\0') {
        response_begin(&w, resp, OPENED_LEN + len + len / 3);
        response_base64(&w, "data", o->plain.data, len);
        response_string(&w, "file_name", o->file_name);
        return response_close(&w);
    }

    if (!utf8_valid(text, len)) return ERR_INVALID;
    response_begin(&w, resp, OPENED_LEN + len);
    response_text(&w, "data", text, len);
    return response_close(&w);
}

/* Write the whole body before a view is taken.  For vault_classic_reader.prepare. */
static int
prepare_opened(void *ctx, const struct vault_classic_opened *o) {
    struct http_response *resp = ctx;
    int err = write_opened(resp, o);
    if (err == 0) err = response_reserve(resp, resp->body.len); /* escaping makes a text longer */
    return err;
}

/* Reserve the response for content of ${len} bytes.  For vault_classic_reader.reserve. */
static int
reserve_classic_response(void *resp, bool is_file, size_t len) {
    if (is_file) len = base64_encoded_len(BASE64_STD, len);
    return response_reserve(resp, OPENED_LEN + len);
}

/* Open the classic secret ${id} and respond with its content. */
static void
open_classic_secret(struct api_call *call, const struct field_value *id,
                    const struct field_value *passphrase) {
    struct http_response *resp = call->resp;
    uint64_t room = 0; /* bytes of the response that are left for content */
    if (call->api->config.response_max > OPENED_LEN)
        room = call->api->config.response_max - OPENED_LEN;

    call_about(call, id->text);
    struct actor by;
    access_actor(&call->api->config, call->req, call->api->config.name_openers, &by);
    const struct vault_classic_reader reader = {
        .client = http_address_party(&call->req->client),
        .by = &by,
        .text_max = room / JSON_GROWTH,
        .file_max = room / 4 * 3,
        .reserve = reserve_classic_response,
        .prepare = prepare_opened,
        .ctx = resp,
    };

    int found = vault_classic_open(call->api->vault, call->api->kdf, id->text, passphrase->text,
                                   passphrase->len, &reader);
    if (found > 0) response_set_status(resp, 200);
    else if (found == 0) respond_unopened(resp);
    else response_error(resp, found);
}

void
classic_decrypt(struct api_call *call) {
    static const struct field table[DECRYPT_FIELDS] = {
        [SECRET_ID] = {"secret_id", FIELD_TEXT, true, 0, INT64_MAX},
        [PASSPHRASE] = {"passphrase", FIELD_TEXT, true, 0, INT64_MAX},
    };
    struct fields f;
    if (fields_read(call->req, table, DECRYPT_FIELDS, FIELDS_OPEN, &f, call->resp) == 0) {
        const struct field_value *id = &f.values[SECRET_ID];
        const struct field_value *passphrase = &f.values[PASSPHRASE];

        /* HMAC pads its key with zeros, so scrypt takes a passphrase with zeros after it for the
         * passphrase itself.  No secret has one with a zero. */
        bool zero = memchr(passphrase->text, 0, passphrase->len) != NULL;
        if (!zero && token_is_classic_id(id->text, id->len))
            open_classic_secret(call, id, passphrase);
        else respond_unopened(call->resp);
    }
    fields_clear(&f);
}
