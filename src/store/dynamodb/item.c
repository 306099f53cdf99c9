/* SPDX-License-Identifier: MIT */
/* From records to items. */
#include "store/dynamodb/item.h"

#include "base/text/base64.h"
#include "store/dynamodb/store.h"
#include "vault/policy.h"

/* {"${type}": ${value}}; takes over the reference to ${value}, NULL included. */
static json_t *
typed(const char *type, json_t *value) {
    json_t *o = value != NULL ? json_object() : NULL;
    if (o != NULL && json_object_set_new(o, type, value) == 0) return o;
    if (o == NULL) json_decref(value);
    json_decref(o);
    return NULL;
}

/* [${value}]; takes over the reference. */
static json_t *
list_of(json_t *value) {
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
    return typed("S", json_stringn(text, len));
}

json_t *
dynamodb_item_n(int64_t number) {
    return typed("N", number_text(number));
}

json_t *
dynamodb_item_b(const void *data, size_t len) {
    return typed("B", base64_text(data, len));
}

json_t *
dynamodb_item_bs(const void *data, size_t len) {
    return typed("BS", list_of(base64_text(data, len)));
}

json_t *
dynamodb_item_ns(int64_t number) {
    return typed("NS", list_of(number_text(number)));
}

json_t *
dynamodb_item_bool(bool b) {
    return typed("BOOL", json_boolean(b));
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
        return typed("M", o);
    json_decref(o);
    return NULL;
}

json_t *
dynamodb_item_lease(const struct lease *l) {
    return typed("L", list_of(lease_value(l)));
}

json_t *
dynamodb_item_leases(const struct record *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->lease_count && list != NULL; i++) {
        if (json_array_append_new(list, lease_value(&r->leases[i])) == 0) continue;
        json_decref(list);
        list = NULL;
    }
    return typed("L", list);
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
    return r->kind == RECORD_SEALED ? r->expires_at + POLICY_RECEIPT_LIFE : r->expires_at;
}

/* An item under construction; once memory is short it is NULL, and stays so. */
static void
put(json_t **item, const char *name, json_t *value) {
    if (*item != NULL && json_object_set_new(*item, name, value) == 0) return;
    if (*item == NULL) json_decref(value);
    json_decref(*item);
    *item = NULL;
}

static void
put_base64(json_t **item, const char *name, const void *data, size_t len) {
    put(item, name, typed("S", base64_text(data, len)));
}

static void
put_common(json_t **item, const char *id, const struct record *r,
           const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    char shard[2];
    dynamodb_item_shard(id, strlen(id), shard);
    put(item, "secret_id", dynamodb_item_s(id, strlen(id)));
    put(item, "ttl", dynamodb_item_n(dynamodb_item_ttl(r)));
    put(item, "rev", dynamodb_item_n((int64_t)r->rev));
    put(item, "content", dynamodb_item_n(r->content));
    put(item, "size", dynamodb_item_n((int64_t)r->size));
    put(item, "mark", dynamodb_item_b(mark, DYNAMODB_MARK_LEN));
    put(item, "sweep", dynamodb_item_s(shard, 1));
    put(item, "sweep_at", dynamodb_item_n(policy_sweep_at(r)));
}

static void
put_classic(json_t **item, const struct record *r, const struct buf *content, const char *bucket) {
    const struct classic_box *box = &r->box;
    put_base64(item, "nonce", box->nonce, box->nonce_len);
    put_base64(item, "salt", box->salt, sizeof(box->salt));
    put_base64(item, "tag", box->tag, sizeof(box->tag));
    put_base64(item, "header", box->header, sizeof(box->header));
    put(item, "view_count", dynamodb_item_n(r->views_left));
    /* An empty text has an empty `data`; where that is not allowed, `content` alone tells. */
    if (content != NULL && content->len > 0) put_base64(item, "data", content->data, content->len);
    if (r->kind != RECORD_CLASSIC_FILE) return;
    char info[256];
    int n = snprintf(info, sizeof(info), "{\"bucket\": \"%s\", \"key\": \"%s\"}", bucket, r->blob);
    put(item, "file_name", dynamodb_item_s(r->file_name, strlen(r->file_name)));
    put(item, "s3_info",
        n > 0 && (size_t)n < sizeof(info) ? dynamodb_item_s(info, (size_t)n) : NULL);
}

static void
put_sealed(json_t **item, const struct record *r) {
    put(item, "v", dynamodb_item_n(1));
    put(item, "phase", dynamodb_item_n(r->phase));
    put(item, "created_at", dynamodb_item_n(r->created_at));
    put(item, "expires_at", dynamodb_item_n(r->expires_at));
    put(item, "views", dynamodb_item_n(r->views));
    put(item, "views_left", dynamodb_item_n(r->views_left));
    put(item, "verifier", dynamodb_item_b(r->verifier, sizeof(r->verifier)));
    put(item, "owner", dynamodb_item_b(r->owner_hash, sizeof(r->owner_hash)));
    put(item, "header", dynamodb_item_b(r->header, sizeof(r->header)));
    put(item, "passphrase", dynamodb_item_bool(r->passphrase));
    put(item, "attempts", dynamodb_item_n(r->attempts));
    put(item, "attempts_left", dynamodb_item_n(r->attempts_left));
    put(item, "part_size", dynamodb_item_n(r->part_size));
    put(item, "parts_stored", dynamodb_item_n(r->parts_stored));
    put(item, "part_at", dynamodb_item_n(r->part_at));
    put(item, "ended_at", dynamodb_item_n(r->ended_at));
    put(item, "burnt_by_owner", dynamodb_item_bool(r->burnt_by_owner));
    put(item, "leases", dynamodb_item_leases(r));
    if (r->blob[0] != '\0') put(item, "blob", dynamodb_item_s(r->blob, strlen(r->blob)));
}

json_t *
dynamodb_item_write(const char *id, const struct record *r, const struct buf *content,
                    const char *bucket, const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    json_t *item = json_object();
    put_common(&item, id, r, mark);
    if (r->kind == RECORD_SEALED) put_sealed(&item, r);
    else put_classic(&item, r, content, bucket);
    return item;
}

json_t *
dynamodb_item_write_content(const char *id, const struct record *r, const struct buf *content,
                            const uint8_t mark[static DYNAMODB_MARK_LEN]) {
    json_t *item = json_object();
    char key[TOKEN_SEALED_ID_LEN + sizeof(DYNAMODB_CONTENT_SUFFIX)];
    int n = snprintf(key, sizeof(key), "%s" DYNAMODB_CONTENT_SUFFIX, id);
    put(&item, "secret_id",
        n > 0 && (size_t)n < sizeof(key) ? dynamodb_item_s(key, (size_t)n) : NULL);
    put(&item, "ttl", dynamodb_item_n(r->expires_at));
    put(&item, "mark", dynamodb_item_b(mark, DYNAMODB_MARK_LEN));
    put(&item, "bytes", dynamodb_item_b(content->data, content->len));
    return item;
}
