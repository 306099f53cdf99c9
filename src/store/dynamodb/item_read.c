/* SPDX-License-Identifier: MIT */
/* From items to records. */
#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/parse.h"
#include "store/dynamodb/item.h"

/* The value of type ${type} of attribute ${name}, or NULL. */
static const json_t *
attribute(const json_t *item, const char *name, const char *type) {
    return json_object_get(json_object_get(item, name), type);
}

/* Read the number ${name} within 0 .. ${max}; absent: ${otherwise}.  Returns whether it
 * is right. */
static bool
read_number(const json_t *item, const char *name, int64_t max, int64_t otherwise, int64_t *out) {
    const json_t *v = attribute(item, name, "N");
    *out = otherwise;
    if (v == NULL) return json_object_get(item, name) == NULL && otherwise >= 0;
    return json_is_string(v) &&
           parse_number(json_string_value(v), json_string_length(v), 0, max, out) == 0;
}

static bool
read_int(const json_t *item, const char *name, int max, int *out) {
    int64_t n = 0;
    bool ok = read_number(item, name, max, -1, &n);
    *out = (int)n;
    return ok;
}

/* Decode attribute ${name}, base64 of type ${type}, into exactly ${len} bytes. */
static bool
read_bytes(const json_t *item, const char *name, const char *type, void *out, size_t len) {
    const json_t *v = attribute(item, name, type);
    return json_is_string(v) && base64_decode_exact(BASE64_STD, json_string_value(v),
                                                    json_string_length(v), out, len) == 0;
}

/* Copy the text ${name}, which must have no NUL; absent: "". */
static bool
read_text(const json_t *item, const char *name, char *out, size_t room) {
    const json_t *v = attribute(item, name, "S");
    out[0] = '\0';
    if (v == NULL) return true;
    size_t len = json_string_length(v);
    if (len >= room || strlen(json_string_value(v)) != len) return false;
    memcpy(out, json_string_value(v), len + 1);
    return true;
}

/* The key of s3_info is the name in the blob store. */
static bool
read_s3_info(const json_t *item, struct record *out) {
    const json_t *v = attribute(item, "s3_info", "S");
    if (!json_is_string(v)) return false;
    json_t *info = json_loadb(json_string_value(v), json_string_length(v), 0, NULL);
    const json_t *key = json_object_get(info, "key");
    size_t len = json_string_length(key);
    bool ok = json_is_string(key) && len > 0 && len < sizeof(out->blob);
    if (ok) memcpy(out->blob, json_string_value(key), len + 1);
    json_decref(info);
    return ok;
}

/* The box of both generations: the later one has a nonce of 96 bytes and no tag. */
static bool
read_box(const json_t *item, struct classic_box *box) {
    if (!read_bytes(item, "salt", "S", box->salt, sizeof(box->salt)) ||
        !read_bytes(item, "header", "S", box->header, sizeof(box->header)))
        return false;
    box->nonce_len = attribute(item, "tag", "S") != NULL ? CLASSIC_NONCE_LEN : CLASSIC_NONCE2_LEN;
    if (box->nonce_len == CLASSIC_NONCE_LEN &&
        !read_bytes(item, "tag", "S", box->tag, sizeof(box->tag)))
        return false;
    return read_bytes(item, "nonce", "S", box->nonce, box->nonce_len);
}

static int
read_classic(const json_t *item, struct record *out) {
    bool file = attribute(item, "s3_info", "S") != NULL;
    int64_t content = 0, ttl = 0, size = 0;
    if (!read_number(item, "content", CONTENT_DOOMED, file ? CONTENT_BLOBS : CONTENT_INLINE,
                     &content) ||
        !read_number(item, "ttl", INT64_MAX / 2, -1, &ttl) ||
        !read_number(item, "size", INT64_MAX / 2, 0, &size) ||
        !read_int(item, "view_count", INT32_MAX, &out->views_left))
        return ERR_STORE;
    if (content == CONTENT_NONE) return 0;
    out->kind = file ? RECORD_CLASSIC_FILE : RECORD_CLASSIC_TEXT;
    out->phase = PHASE_OPEN;
    out->content = (enum record_content)content;
    out->expires_at = ttl;
    out->size = (uint64_t)size;
    out->views = out->views_left;
    if (!read_box(item, &out->box) || (file && !read_s3_info(item, out)) ||
        !read_text(item, "file_name", out->file_name, sizeof(out->file_name)))
        return ERR_STORE;
    return 1;
}

static int
read_leases(const json_t *item, struct record *out) {
    const json_t *list = attribute(item, "leases", "L"), *one = NULL;
    size_t i = 0;
    if (!json_is_array(list) || json_array_size(list) > RECORD_VIEWS_MAX) return ERR_STORE;
    json_array_foreach(list, i, one) {
        const json_t *m = json_object_get(one, "M");
        int end = 0;
        struct lease *l = record_add_lease(out);
        if (l == NULL) return ERR_NOMEM;
        if (!read_bytes(m, "hash", "B", l->hash, sizeof(l->hash)) ||
            !read_number(m, "opened", INT64_MAX / 2, -1, &l->opened_at) ||
            !read_number(m, "renewed", INT64_MAX / 2, -1, &l->renewed_at) ||
            !read_number(m, "ended", INT64_MAX / 2, -1, &l->ended_at) ||
            !read_int(m, "end", LEASE_BURNT, &end))
            return ERR_STORE;
        l->end = (enum lease_end)end;
    }
    return 1;
}

static bool
read_sealed_numbers(const json_t *item, struct record *out) {
    int64_t size = 0, part_size = 0, parts = 0;
    int phase = 0, content = 0;
    bool ok = read_int(item, "phase", PHASE_BURNT, &phase) &&
              read_int(item, "content", CONTENT_DOOMED, &content) &&
              read_number(item, "created_at", INT64_MAX / 2, -1, &out->created_at) &&
              read_number(item, "expires_at", INT64_MAX / 2, -1, &out->expires_at) &&
              read_int(item, "views", RECORD_VIEWS_MAX, &out->views) &&
              read_int(item, "views_left", RECORD_VIEWS_MAX, &out->views_left) &&
              read_number(item, "size", INT64_MAX / 2, -1, &size) &&
              read_int(item, "attempts", RECORD_ATTEMPTS_MAX, &out->attempts) &&
              read_int(item, "attempts_left", RECORD_ATTEMPTS_MAX, &out->attempts_left) &&
              read_number(item, "part_size", UINT32_MAX, -1, &part_size) &&
              read_number(item, "parts_stored", UINT32_MAX, -1, &parts) &&
              read_number(item, "part_at", INT64_MAX / 2, -1, &out->part_at) &&
              read_number(item, "ended_at", INT64_MAX / 2, -1, &out->ended_at);
    out->phase = (enum record_phase)phase;
    out->content = (enum record_content)content;
    out->size = (uint64_t)size;
    out->part_size = (uint32_t)part_size;
    out->parts_stored = (uint32_t)parts;
    return ok && phase != 0;
}

static int
read_sealed(const json_t *item, struct record *out) {
    out->kind = RECORD_SEALED;
    out->passphrase = json_is_true(attribute(item, "passphrase", "BOOL"));
    out->burnt_by_owner = json_is_true(attribute(item, "burnt_by_owner", "BOOL"));
    if (!read_sealed_numbers(item, out) ||
        !read_bytes(item, "verifier", "B", out->verifier, sizeof(out->verifier)) ||
        !read_bytes(item, "owner", "B", out->owner_hash, sizeof(out->owner_hash)) ||
        !read_bytes(item, "header", "B", out->header, sizeof(out->header)) ||
        !read_text(item, "blob", out->blob, sizeof(out->blob)))
        return ERR_STORE;
    return read_leases(item, out);
}

int
dynamodb_item_read(const json_t *item, struct record *out) {
    int64_t rev = 0;
    *out = (struct record){0};
    int got = ERR_STORE;
    if (read_number(item, "rev", INT64_MAX / 2, 0, &rev)) {
        out->rev = (uint64_t)rev;
        got = attribute(item, "v", "N") != NULL ? read_sealed(item, out) : read_classic(item, out);
    }
    if (got != 1) record_clear(out);
    return got;
}

int
dynamodb_item_read_content(const json_t *item, struct buf *out) {
    const json_t *v = attribute(item, "data", "S");
    if (v == NULL) v = attribute(item, "bytes", "B");
    if (!json_is_string(v)) return 0;
    int err = base64_decode(BASE64_STD, json_string_value(v), json_string_length(v), out);
    if (err == ERR_INVALID) return ERR_STORE;
    return err != 0 ? err : 1;
}

bool
dynamodb_item_is_bytes(const json_t *item, const char *name, const void *data, size_t len) {
    struct buf bytes = BUF_INIT(256);
    const json_t *v = attribute(item, name, "B");
    bool same =
        json_is_string(v) &&
        base64_decode(BASE64_STD, json_string_value(v), json_string_length(v), &bytes) == 0 &&
        buf_equals(&bytes, data, len);
    buf_free(&bytes);
    return same;
}

bool
dynamodb_item_has_bytes(const json_t *item, const char *name, const void *data, size_t len) {
    char text[256];
    const json_t *set = attribute(item, name, "BS"), *one = NULL;
    size_t i = 0;
    if (base64_encoded_len(BASE64_STD, len) >= sizeof(text)) return false;
    base64_encode_text(BASE64_STD, data, len, text);
    json_array_foreach(set, i, one)
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) return true;
    return false;
}

bool
dynamodb_item_has_number(const json_t *item, const char *name, int64_t number) {
    char text[24];
    const json_t *set = attribute(item, name, "NS"), *one = NULL;
    size_t i = 0;
    (void)snprintf(text, sizeof(text), "%lld", (long long)number);
    json_array_foreach(set, i, one)
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) return true;
    return false;
}
