/* SPDX-License-Identifier: MIT */
/* From items to records. */
#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/parse.h"
#include "store/dynamodb/item.h"

/* Returns the value of type ${type} of attribute ${name}, or NULL. */
static const json_t *
item_attribute(const json_t *item, const char *name, const char *type) {
    return json_object_get(json_object_get(item, name), type);
}

/* Read the number ${name}, 0 .. ${max}, into ${out}.  If it is absent it is ${otherwise}, or an
 * error if that is negative.  Returns false on an error. */
static bool
item_read_number(const json_t *item, const char *name, int64_t max, int64_t otherwise,
                 int64_t *out) {
    const json_t *v = item_attribute(item, name, "N");
    *out = otherwise;
    if (v == NULL) return json_object_get(item, name) == NULL && otherwise >= 0;
    return json_is_string(v) &&
           parse_number(json_string_value(v), json_string_length(v), 0, max, out) == 0;
}

static bool
item_read_int(const json_t *item, const char *name, int max, int *out) {
    int64_t n = 0;
    bool ok = item_read_number(item, name, max, -1, &n);
    *out = (int)n;
    return ok;
}

/* Decode attribute ${name} of type ${type}, which must be the base64 of exactly ${len} bytes. */
static bool
item_read_bytes(const json_t *item, const char *name, const char *type, void *out, size_t len) {
    const json_t *v = item_attribute(item, name, type);
    return json_is_string(v) && base64_decode_exact(BASE64_STD, json_string_value(v),
                                                    json_string_length(v), out, len) == 0;
}

/* Copy the text ${name}, which must have no NUL, to ${out}; "" if it is absent. */
static bool
item_read_text(const json_t *item, const char *name, char *out, size_t room) {
    const json_t *v = item_attribute(item, name, "S");
    out[0] = '\0';
    if (v == NULL) return true;

    size_t len = json_string_length(v);
    if (len >= room || strlen(json_string_value(v)) != len) return false;
    memcpy(out, json_string_value(v), len + 1);
    return true;
}

/* Read the key in s3_info, which is the name in the blob store, into out->blob. */
static bool
item_read_s3_info(const json_t *item, struct record *out) {
    const json_t *v = item_attribute(item, "s3_info", "S");

    if (!json_is_string(v)) return false;
    json_t *info = json_loadb(json_string_value(v), json_string_length(v), 0, NULL);
    const json_t *key = json_object_get(info, "key");
    size_t len = json_string_length(key);
    bool ok = json_is_string(key) && len > 0 && len < sizeof(out->blob);
    if (ok) memcpy(out->blob, json_string_value(key), len + 1);
    json_decref(info);
    return ok;
}

/* Read the cipher's parameters of both generations of pysecrets.  The later one has a nonce of 96
 * bytes and no tag. */
static bool
item_read_cipher(const json_t *item, struct classic_record *classic) {
    if (!item_read_bytes(item, "salt", "S", classic->salt, sizeof(classic->salt)) ||
        !item_read_bytes(item, "header", "S", classic->header, sizeof(classic->header)))
        return false;

    classic->nonce_len = CLASSIC_NONCE2_LEN;
    if (item_attribute(item, "tag", "S") != NULL) {
        classic->nonce_len = CLASSIC_NONCE_LEN;
        if (!item_read_bytes(item, "tag", "S", classic->tag, sizeof(classic->tag))) return false;
    }
    return item_read_bytes(item, "nonce", "S", classic->nonce, classic->nonce_len);
}

static int
item_read_classic(const json_t *item, struct record *out) {
    bool file = item_attribute(item, "s3_info", "S") != NULL;
    /* pysecrets did not write `content`. */
    int64_t usual = file ? CONTENT_BLOBS : CONTENT_INLINE;
    int64_t content = 0, ttl = 0, size = 0;

    if (!item_read_number(item, "content", CONTENT_DOOMED, usual, &content) ||
        !item_read_number(item, "ttl", INT64_MAX / 2, -1, &ttl) ||
        !item_read_number(item, "size", INT64_MAX / 2, 0, &size) ||
        !item_read_int(item, "view_count", INT32_MAX, &out->views_left))
        return ERR_STORE;
    if (content == CONTENT_NONE) return 0; /* a tombstone */

    out->kind = file ? RECORD_CLASSIC_FILE : RECORD_CLASSIC_TEXT;
    out->phase = PHASE_OPEN;
    out->content = (enum record_content)content;
    out->expires_at = ttl;
    out->size = (uint64_t)size;
    out->views = out->views_left;

    if (!item_read_cipher(item, &out->classic) || (file && !item_read_s3_info(item, out)) ||
        !item_read_text(item, "file_name", out->file_name, sizeof(out->file_name)))
        return ERR_STORE;
    return 1;
}

static int
item_read_leases(const json_t *item, struct record *out) {
    const json_t *list = item_attribute(item, "leases", "L"), *one = NULL;
    size_t i = 0;

    if (!json_is_array(list) || json_array_size(list) > RECORD_VIEWS_MAX) return ERR_STORE;
    json_array_foreach(list, i, one) {
        /* {"M": {"hash": ..., "opened": ..., "renewed": ..., "ended": ..., "end": ...}} */
        const json_t *m = json_object_get(one, "M");
        int end = 0;
        struct lease *l = record_add_lease(out);

        if (l == NULL) return ERR_NOMEM;
        if (!item_read_bytes(m, "hash", "B", l->hash, sizeof(l->hash)) ||
            !item_read_number(m, "opened", INT64_MAX / 2, -1, &l->opened_at) ||
            !item_read_number(m, "renewed", INT64_MAX / 2, -1, &l->renewed_at) ||
            !item_read_number(m, "ended", INT64_MAX / 2, -1, &l->ended_at) ||
            !item_read_int(m, "end", LEASE_BURNT, &end))
            return ERR_STORE;
        l->end = (enum lease_end)end;
    }
    return 1;
}

/* Read the id ${name} of a record, which may be absent, into ${out}. */
static bool
item_read_ref(const json_t *item, const char *name, struct store_ref *out) {
    const json_t *v = item_attribute(item, name, "S");
    size_t len = json_string_length(v);
    *out = (struct store_ref){.len = len};
    if (len > sizeof(out->bytes)) return false;
    if (len > 0) memcpy(out->bytes, json_string_value(v), len);
    return true;
}

static int
item_read_answers(const json_t *item, struct record *out) {
    const json_t *list = item_attribute(item, "answers", "L"), *one = NULL;
    size_t i = 0;

    if (!json_is_array(list) || json_array_size(list) > RECORD_ANSWERS_MAX) return ERR_STORE;
    json_array_foreach(list, i, one) {
        /* {"M": {"id": ..., "at": ...}} */
        const json_t *m = json_object_get(one, "M");
        struct record_answer answer;

        if (!item_read_ref(m, "id", &answer.ref) || answer.ref.len == 0 ||
            !item_read_number(m, "at", INT64_MAX / 4, -1, &answer.at))
            return ERR_STORE;
        int err = record_add_answer(out, &answer);
        if (err != 0) return err;
    }
    return 1;
}

/* Read what only requests, or only answers have.  Returns 1 or a code. */
static int
item_read_asked(const json_t *item, struct record *out) {
    int64_t size = 0;
    if (!item_read_ref(item, "request", &out->request)) return ERR_STORE;
    if (json_object_get(item, "answer_ttl") == NULL) return 1;

    out->kind = RECORD_REQUEST;
    if (!item_read_number(item, "answer_ttl", INT64_MAX / 4, -1, &out->answer_ttl) ||
        !item_read_number(item, "answer_size", INT64_MAX / 2, -1, &size))
        return ERR_STORE;
    out->answer_size = (uint64_t)size;
    return item_read_answers(item, out);
}

static bool
item_read_sealed_numbers(const json_t *item, struct record *out) {
    int64_t size = 0, part_size = 0, parts = 0, wrap_len = 0;
    int phase = 0, content = 0;

    bool ok = item_read_int(item, "phase", PHASE_BURNT, &phase) &&
              item_read_int(item, "content", CONTENT_DOOMED, &content) &&
              item_read_number(item, "created_at", INT64_MAX / 2, -1, &out->created_at) &&
              item_read_number(item, "expires_at", INT64_MAX / 2, -1, &out->expires_at) &&
              item_read_int(item, "views", RECORD_VIEWS_MAX, &out->views) &&
              item_read_int(item, "views_left", RECORD_VIEWS_MAX, &out->views_left) &&
              item_read_number(item, "size", INT64_MAX / 2, -1, &size) &&
              item_read_int(item, "attempts", RECORD_ATTEMPTS_MAX, &out->attempts) &&
              item_read_int(item, "attempts_left", RECORD_ATTEMPTS_MAX, &out->attempts_left) &&
              item_read_number(item, "part_size", UINT32_MAX, -1, &part_size) &&
              item_read_number(item, "parts_stored", UINT32_MAX, -1, &parts) &&
              item_read_number(item, "part_at", INT64_MAX / 2, -1, &out->part_at) &&
              item_read_number(item, "ended_at", INT64_MAX / 2, -1, &out->ended_at) &&
              item_read_number(item, "wrap_len", RECORD_WRAP_MAX, 0, &wrap_len);

    /* The limits above make the conversions safe. */
    out->phase = (enum record_phase)phase;
    out->content = (enum record_content)content;
    out->size = (uint64_t)size;
    out->part_size = (uint32_t)part_size;
    out->parts_stored = (uint32_t)parts;
    out->wrap_len = (uint32_t)wrap_len;
    return ok && phase != 0;
}

static int
item_read_sealed(const json_t *item, struct record *out) {
    out->kind = RECORD_SEALED;
    out->passphrase = json_is_true(item_attribute(item, "passphrase", "BOOL"));
    if (json_is_true(item_attribute(item, "burnt_by_owner", "BOOL")))
        out->burnt_by = BURNT_BY_OWNER;
    if (json_is_true(item_attribute(item, "removed", "BOOL"))) out->burnt_by = BURNT_BY_OPERATOR;
    out->has_gate = json_object_get(item, "gate_verifier") != NULL;

    if (out->has_gate && !item_read_bytes(item, "gate_verifier", "B", out->gate_verifier,
                                          sizeof(out->gate_verifier)))
        return ERR_STORE;
    if (!item_read_sealed_numbers(item, out) ||
        !item_read_bytes(item, "verifier", "B", out->verifier, sizeof(out->verifier)) ||
        !item_read_bytes(item, "owner", "B", out->owner_hash, sizeof(out->owner_hash)) ||
        !item_read_bytes(item, "header", "B", out->header, sizeof(out->header)) ||
        !item_read_text(item, "blob", out->blob, sizeof(out->blob)))
        return ERR_STORE;
    int got = item_read_leases(item, out);
    return got == 1 ? item_read_asked(item, out) : got;
}

int
dynamodb_item_read(const json_t *item, struct record *out) {
    int64_t rev = 0;
    int got = ERR_STORE;

    *out = (struct record){0};
    if (item_read_number(item, "rev", INT64_MAX / 2, 0, &rev)) {
        out->rev = (uint64_t)rev;
        if (item_attribute(item, "v", "N") != NULL) got = item_read_sealed(item, out);
        else got = item_read_classic(item, out);
    }

    if (got != 1) record_clear(out);
    return got;
}

/* Append the bytes of ${v} to ${out}.  Returns as dynamodb_item_read_content(). */
static int
append_base64(const json_t *v, struct buf *out) {
    if (!json_is_string(v)) return 0;
    int err = base64_decode(BASE64_STD, json_string_value(v), json_string_length(v), out);
    if (err == ERR_INVALID) return ERR_STORE;
    return err != 0 ? err : 1;
}

int
dynamodb_item_read_content(const json_t *item, struct buf *out) {
    const json_t *v = item_attribute(item, "data", "S");
    if (v == NULL) v = item_attribute(item, "bytes", "B");
    return append_base64(v, out);
}

int
dynamodb_item_read_wrap(const json_t *item, struct buf *out) {
    return append_base64(item_attribute(item, "wrap", "B"), out);
}

bool
dynamodb_item_is_bytes(const json_t *item, const char *name, const void *data, size_t len) {
    struct buf bytes = BUF_INIT(256);
    const json_t *v = item_attribute(item, name, "B");
    bool same =
        json_is_string(v) &&
        base64_decode(BASE64_STD, json_string_value(v), json_string_length(v), &bytes) == 0 &&
        buf_equals(&bytes, data, len);
    buf_free(&bytes);
    return same;
}

/* Whether the set ${name} of ${item}, of type ${type}, has the element ${text}. */
static bool
set_has(const json_t *item, const char *name, const char *type, const char *text) {
    const json_t *set = item_attribute(item, name, type), *element = NULL;
    size_t i = 0;

    json_array_foreach(set, i, element) {
        if (json_is_string(element) && strcmp(json_string_value(element), text) == 0) return true;
    }
    return false;
}

bool
dynamodb_item_has_bytes(const json_t *item, const char *name, const void *data, size_t len) {
    char text[256];
    if (base64_encoded_len(BASE64_STD, len) >= sizeof(text)) return false;
    base64_encode_text(BASE64_STD, data, len, text);
    return set_has(item, name, "BS", text);
}

bool
dynamodb_item_has_number(const json_t *item, const char *name, int64_t number) {
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)number);
    return set_has(item, name, "NS", text);
}
