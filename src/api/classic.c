/* SPDX-License-Identifier: MIT */
#include "api/classic.h"

#include "api/answer.h"
#include "api/fields.h"
#include "base/err.h"
#include "base/text/utf8.h"
#include "http/query.h"
#include "vault/classic.h"

enum {
    CREATED_LEN = 128,
    OPENED_LEN = 2048, /* of the answer apart from the content: names may be escaped throughout */
    JSON_GROWTH = 6,   /* the most that escaping adds to a text */
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

/* What pysecrets made of a count: its absolute value, 0 is 1, above ten is ten. */
static int
clamp_views(int64_t count) {
    if (count < 0) count = -count;
    if (count < 1) return 1;
    return count > RECORD_CLASSIC_VIEWS_MAX ? RECORD_CLASSIC_VIEWS_MAX : (int)count;
}

static void
store(struct api_call *call, const struct vault_classic_new *in) {
    struct vault_classic_created created = {0};
    struct answer a;
    int err = vault_classic_create(call->api->vault, call->api->kdf, in, &created);
    if (err < 0) answer_error(call->resp, err);
    else {
        call_about(call, created.id);
        answer_begin(&a, call->resp, CREATED_LEN);
        answer_string(&a, "secret_id", created.id);
        answer_string(&a, "passphrase", created.passphrase);
        answer_end(&a, 200);
    }
    explicit_bzero(&created, sizeof(created));
}

static void
encrypt_file(struct api_call *call) {
    const struct http_request *req = call->req;
    char name[RECORD_NAME_MAX + 1];
    int found = query_value(req->query, "file_name", name, sizeof(name));
    size_t len = found > 0 ? strlen(name) : 0;
    if (len == 0 || !utf8_valid(name, len) || utf8_has_control(name, len)) {
        problem_field(call->resp, "file_name",
                      "It must be 1 to 255 bytes of UTF-8 without control characters.");
    } else {
        struct vault_classic_new in = {
            .plain = req->body.data,
            .len = req->body.len,
            .file_name = name,
            .views = 1,
            .ttl = call->api->config.ttl_default,
        };
        store(call, &in);
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
    if (fields_read(call->req, table, ENCRYPT_FIELDS, FIELDS_OPEN, &f, call->resp) == 0) {
        const struct field_value *count = &f.values[VIEW_COUNT], *ttl = &f.values[TTL];
        struct vault_classic_new in = {
            .plain = f.values[SECRET].text,
            .len = f.values[SECRET].len,
            .views = count->present ? clamp_views(count->number) : 1,
            .ttl = ttl->present ? ttl->number : config->ttl_default,
        };
        store(call, &in);
    }
    fields_clear(&f);
}

void
classic_encrypt(struct api_call *call) {
    if (classic_is_file(call->req)) encrypt_file(call);
    else encrypt_text(call);
}

/* The one answer for everything that cannot be opened, as pysecrets gave it: without a body. */
static void
answer_closed(struct http_response *resp) {
    buf_reset(&resp->body);
    resp->status = 404;
}

/* The whole body, before a view is taken for it.  What is no UTF-8 cannot be told as a text. */
static int
prepare_opened(void *resp, const struct vault_classic_opened *o) {
    bool file = o->file_name[0] != '\0';
    struct answer a;
    if (!file && !utf8_valid((const char *)o->plain.data, o->plain.len)) return ERR_INVALID;
    answer_begin(&a, resp, OPENED_LEN + o->plain.len + (file ? o->plain.len / 3 : 0));
    if (file) {
        answer_base64(&a, "data", o->plain.data, o->plain.len);
        answer_string(&a, "file_name", o->file_name);
    } else answer_text(&a, "data", (const char *)o->plain.data, o->plain.len);
    return answer_close(&a);
}

static void
decrypt(struct api_call *call, const struct field_value *id, const struct field_value *passphrase) {
    uint64_t room = call->api->config.answer_max;
    struct http_response *resp = call->resp;
    room = room > OPENED_LEN ? room - OPENED_LEN : 0;
    call_about(call, id->text);
    const struct vault_classic_reader reader = {
        .text_max = room / JSON_GROWTH,
        .file_max = room / 4 * 3,
        .prepare = prepare_opened,
        .ctx = resp,
    };
    int found = vault_classic_open(call->api->vault, call->api->kdf, id->text, passphrase->text,
                                   passphrase->len, &reader);
    if (found > 0) answer_give(resp, 200);
    else if (found == 0) answer_closed(resp);
    else answer_error(resp, found);
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
        if (token_is_classic_id(id->text, id->len)) decrypt(call, id, &f.values[PASSPHRASE]);
        else answer_closed(call->resp);
    }
    fields_clear(&f);
}
