/* SPDX-License-Identifier: MIT */
/* From records to items. */
#include "store/dynamodb/item.h"

#include "base/text/base64.h"
#include "store/dynamodb/store.h"
#include "vault/policy.h"

/* Returns {"TYPE": ${value}}.  Takes over the reference to ${value}; NULL gives NULL. */
static json_t *
typed_value(const char *type, json_t *value) {
    json_t *o = value != NULL ? json_object() : NULL;
    if (o != NULL && json_object_set_new(o, type, value) == 0) return o;
    if (o == NULL) json_decref(value);
    json_decref(o);
    return NULL;
}

/* Returns [${value}].  Takes over the reference to ${value}; NULL gives NULL. */
static json_t *
list_of_one(json_t *value) {
    json_t *list = value != NULL ? json_array() : NULL;
    if (list != NULL && json_array_append_new(list, value) == 0) return list;
    if (list == NULL) json_decref(value);
    json_decref(list);
    return NULL;
}

static json_t *
base64_text(const void *data, size_t len) {
    struct buf text = BUF_INIT(base64_encoded_len(BASE64_STD, len));
    json_t *value = NULL;

    if (base64_encode(BASE64_STD, data, len, &text) == 0)
        value = json_stringn_nocheck(buf_text(&text), text.len);
    buf_free(&text);
    return value;
}

static json_t *
number_text(int64_t number) {
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)number);
    return json_string(text);
}

json_t *
dynamodb_item_s(const char *text, size_t len) {
    return typed_value("S", json_stringn(text, len));
}

json_t *
dynamodb_item_n(int64_t number) {
    return typed_value("N", number_text(number));
}

json_t *
dynamodb_item_b(const void *data, size_t len) {
    return typed_value("B", base64_text(data, len));
}

json_t *
dynamodb_item_bs(const void *data, size_t len) {
    return typed_value("BS", list_of_one(base64_text(data, len)));
}

json_t *
dynamodb_item_ns(int64_t number) {
    return typed_value("NS", list_of_one(number_text(number)));
}

json_t *
dynamodb_item_bool(bool b) {
    return typed_value("BOOL", json_boolean(b));
}

static json_t *
lease_value(const struct lease *l) {
    json_t *o = json_object();

    if (o != NULL &&
        json_object_set_new(o, "hash", dynamodb_item_b(l->hash, sizeof(l->hash))) == 0 &&
        json_object_set_new(o, "opened", dynamodb_item_n(l->opened_at)) == 0 &&
        json_object_set_new(o, "renewed", dynamodb_item_n(l->renewed_at)) == 0 &&
        json_object_set_new(o, "ended", dynamodb_item_n(l->ended_at)) == 0 &&
        json_object_set_new(o, "end", dynamodb_item_n(l->end)) == 0)
        return typed_value("M", o);

    json_decref(o);
    return NULL;
}

json_t *
dynamodb_item_lease(const struct lease *l) {
    return typed_value("L", list_of_one(lease_value(l)));
}

json_t *
dynamodb_item_leases(const struct record *r) {
    json_t *list = json_array();

    for (size_t i = 0; i < r->lease_count && list != NULL; i++) {
        if (json_array_append_new(list, lease_value(&r->leases[i])) == 0) continue;
        json_decref(list);
        list = NULL;
    }
    return typed_value("L", list);
}

/* The address of a record is its id. */
static json_t *
ref_value(const struct store_ref *ref) {
    return dynamodb_item_s((const char *)ref->bytes, ref->len);
}

static json_t *
answer_value(const struct record_answer *a) {
    json_t *o = json_object();

    if (o != NULL && json_object_set_new(o, "id", ref_value(&a->ref)) == 0 &&
        json_object_set_new(o, "at", dynamodb_item_n(a->at)) == 0)
        return typed_value("M", o);

    json_decref(o);
    return NULL;
}

json_t *
dynamodb_item_answer(const struct record_answer *a) {
    return typed_value("L", list_of_one(answer_value(a)));
}

/* The answers of the request ${r}, in the order they were counted. */
static json_t *
answer_list(const struct record *r) {
    json_t *list = json_array();

    for (size_t i = 0; i < r->answer_count && list != NULL; i++) {
        if (json_array_append_new(list, answer_value(&r->answers[i])) == 0) continue;
        json_decref(list);
        list = NULL;
    }
    return typed_value("L", list);
}

void
dynamodb_item_shard(const char *id, size_t len, char out[static 2]) {
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (unsigned char)id[i];
    out[0] = (char)('0' + sum % DYNAMODB_SHARDS);
    out[1] = '\0';
}

int64_t
dynamodb_item_ttl(const struct record *r) {
    if (record_is_classic(r)) return r->expires_at;
    /* The last answer may be counted just before the request expires. */
    if (r->kind == RECORD_REQUEST) return r->expires_at + r->answer_ttl;
    return r->expires_at + POLICY_RECEIPT_LIFE;
}

int64_t
dynamodb_item_content_ttl(const struct record *r) {
    return r->kind == RECORD_REQUEST ? dynamodb_item_ttl(r) : r->expires_at;
}

/* Set ${name} of ${item}, taking over the reference to ${value}.  Once memory is short ${item} is
 * NULL, and stays NULL. */
static void
item_put(json_t **item, const char *name, json_t *value) {
    if (*item != NULL && json_object_set_new(*item, name, value) == 0) return;
    if (*item == NULL) json_decref(value);
    json_decref(*item);
    *item = NULL;
}

/* pysecrets has bytes as base64 in a text, not as B. */
static void
item_put_base64(json_t **item, const char *name, const void *data, size_t len) {
    item_put(item, name, typed_value("S", base64_text(data, len)));
}

static void
item_put_common(json_t **item, const char *id, const struct record *r,
                const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    char shard[2];

    dynamodb_item_shard(id, strlen(id), shard);
    item_put(item, "secret_id", dynamodb_item_s(id, strlen(id)));
    item_put(item, "ttl", dynamodb_item_n(dynamodb_item_ttl(r)));
    item_put(item, "rev", dynamodb_item_n((int64_t)r->rev));
    item_put(item, "content", dynamodb_item_n(r->content));
    item_put(item, "size", dynamodb_item_n((int64_t)r->size));
    item_put(item, "mark", dynamodb_item_b(mark, DYNAMODB_MARK_LEN));
    item_put(item, "sweep", dynamodb_item_s(shard, 1));
    item_put(item, "sweep_at", dynamodb_item_n(policy_sweep_at(r)));
}

static int
write_s3_info(const char *bucket, const char *blob, char *out, size_t room) {
    int n = snprintf(out, room, "{\"bucket\": \"%s\", \"key\": \"%s\"}", bucket, blob);
    return n > 0 && (size_t)n < room ? n : -1;
}

static void
item_put_classic(json_t **item, const struct record *r, const struct buf *content,
                 const char *bucket) {
    const struct classic_record *classic = &r->classic;
    char info[256];
    json_t *info_value = NULL;

    item_put_base64(item, "nonce", classic->nonce, classic->nonce_len);
    item_put_base64(item, "salt", classic->salt, sizeof(classic->salt));
    item_put_base64(item, "tag", classic->tag, sizeof(classic->tag));
    item_put_base64(item, "header", classic->header, sizeof(classic->header));
    item_put(item, "view_count", dynamodb_item_n(r->views_left));
    /* An empty text has no `data`, which must not be empty: `content` says that it is there. */
    if (content != NULL && content->len > 0)
        item_put_base64(item, "data", content->data, content->len);
    if (r->kind != RECORD_CLASSIC_FILE) return;

    int n = write_s3_info(bucket, r->blob, info, sizeof(info));
    if (n > 0) info_value = dynamodb_item_s(info, (size_t)n);
    item_put(item, "file_name", dynamodb_item_s(r->file_name, strlen(r->file_name)));
    item_put(item, "s3_info", info_value);
}

int
dynamodb_item_version(const struct record *r) {
    bool unfinished = record_is_answer(r) && r->phase == PHASE_UPLOADING && r->part_size == 0;
    return r->kind == RECORD_REQUEST || unfinished ? 2 : 1;
}

/* What only requests, or only answers have. */
static void
item_put_asked(json_t **item, const struct record *r) {
    if (record_is_answer(r)) item_put(item, "request", ref_value(&r->request));
    if (r->kind != RECORD_REQUEST) return;
    item_put(item, "answer_ttl", dynamodb_item_n(r->answer_ttl));
    item_put(item, "answer_size", dynamodb_item_n((int64_t)r->answer_size));
    item_put(item, "answers", answer_list(r));
}

static void
item_put_sealed(json_t **item, const struct record *r) {
    /* `v` tells a sealed record from a classic one, which has none. */
    item_put(item, "v", dynamodb_item_n(dynamodb_item_version(r)));
    item_put(item, "phase", dynamodb_item_n(r->phase));
    item_put(item, "created_at", dynamodb_item_n(r->created_at));
    item_put(item, "expires_at", dynamodb_item_n(r->expires_at));
    item_put(item, "views", dynamodb_item_n(r->views));
    item_put(item, "views_left", dynamodb_item_n(r->views_left));
    item_put(item, "verifier", dynamodb_item_b(r->verifier, sizeof(r->verifier)));
    if (r->has_gate)
        item_put(item, "gate_verifier",
                 dynamodb_item_b(r->gate_verifier, sizeof(r->gate_verifier)));
    item_put(item, "owner", dynamodb_item_b(r->owner_hash, sizeof(r->owner_hash)));
    item_put(item, "header", dynamodb_item_b(r->header, sizeof(r->header)));
    item_put(item, "passphrase", dynamodb_item_bool(r->passphrase));
    item_put(item, "attempts", dynamodb_item_n(r->attempts));
    item_put(item, "attempts_left", dynamodb_item_n(r->attempts_left));
    item_put(item, "part_size", dynamodb_item_n(r->part_size));
    item_put(item, "parts_stored", dynamodb_item_n(r->parts_stored));
    item_put(item, "part_at", dynamodb_item_n(r->part_at));
    item_put(item, "ended_at", dynamodb_item_n(r->ended_at));
    item_put(item, "burnt_by_owner", dynamodb_item_bool(r->burnt_by == BURNT_BY_OWNER));
    item_put(item, "leases", dynamodb_item_leases(r));

    if (r->blob[0] != '\0') item_put(item, "blob", dynamodb_item_s(r->blob, strlen(r->blob)));
    if (r->wrap_len > 0) item_put(item, "wrap_len", dynamodb_item_n(r->wrap_len));
    item_put_asked(item, r);
}

json_t *
dynamodb_item_write(const char *id, const struct record *r, const struct buf *content,
                    const char *bucket, const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    json_t *item = json_object();

    item_put_common(&item, id, r, mark);
    if (record_is_classic(r)) item_put_classic(&item, r, content, bucket);
    else item_put_sealed(&item, r);
    return item;
}

json_t *
dynamodb_item_write_content(const char *id, const struct record *r, const struct buf *content,
                            const struct buf *wrap, const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    json_t *item = json_object(), *key_value = NULL;
    char key[TOKEN_SEALED_ID_LEN + sizeof(DYNAMODB_CONTENT_SUFFIX)];

    int n = snprintf(key, sizeof(key), "%s" DYNAMODB_CONTENT_SUFFIX, id);
    if (n > 0 && (size_t)n < sizeof(key)) key_value = dynamodb_item_s(key, (size_t)n);
    item_put(&item, "secret_id", key_value);
    item_put(&item, "ttl", dynamodb_item_n(dynamodb_item_content_ttl(r)));
    item_put(&item, "mark", dynamodb_item_b(mark, DYNAMODB_MARK_LEN));
    if (content != NULL) item_put(&item, "bytes", dynamodb_item_b(content->data, content->len));
    if (wrap != NULL) item_put(&item, "wrap", dynamodb_item_b(wrap->data, wrap->len));
    return item;
}
