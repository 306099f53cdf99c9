/* SPDX-License-Identifier: MIT */
#include "crypto/envelope/envelope.h"

#include "base/err.h"
#include "base/text/json.h"
#include "base/text/utf8.h"
#include "crypto/token.h"

/* Every JSON parser reads integers up to this exactly. */
#define SIZE_LIMIT ((uint64_t)1 << 53)

/* The chunks of content up to this size have 32-bit numbers, whatever the padding adds. */
#define SEALABLE_MAX  ((uint64_t)1 << 47)

#define META_JSON_MAX ENVELOPE_METADATA_MAX

int
envelope_secret(const void *link_key, size_t link_key_len, const char *passphrase,
                size_t passphrase_len, struct buf *out) {
    size_t before = out->len;

    if (passphrase_len > ENVELOPE_PASSPHRASE_MAX || !utf8_valid(passphrase, passphrase_len))
        return ERR_INVALID;
    int err = buf_add(out, link_key, link_key_len);
    if (err == 0 && passphrase_len > 0) err = buf_add_byte(out, 0);
    if (err == 0 && passphrase_len > 0) err = buf_add(out, passphrase, passphrase_len);
    if (err == 0) return 0;

    if (out->len > before) explicit_bzero(out->data + before, out->len - before);
    out->len = before;
    return err;
}

int
envelope_derive(struct kdf_arena *arena, const uint8_t header[static ENVELOPE_HEADER_LEN],
                const void *secret, size_t secret_len, struct envelope_keys *out) {
    struct envelope_header h;
    uint8_t okm[sizeof(out->key) + sizeof(out->access)];
    if (envelope_header_parse(header, &h) != 0) return ENVELOPE_HEADER_FAILURE;

    struct kdf_params cost = {.log2_n = h.log2_n, .r = h.r, .p = h.p};
    int err = kdf_derive(arena, cost, secret, secret_len, h.salt, sizeof(h.salt), okm, sizeof(okm));
    if (err == 0) {
        memcpy(out->header, header, sizeof(out->header));
        memcpy(out->key, okm, sizeof(out->key));
        memcpy(out->access, okm + sizeof(out->key), sizeof(out->access));
        token_hash(out->access, sizeof(out->access), out->verifier);
    }
    explicit_bzero(okm, sizeof(okm));
    return err;
}

static bool
envelope_text_ok(const char *text, size_t len, size_t min, size_t max) {
    return len >= min && len <= max && utf8_valid(text, len);
}

int
envelope_meta_set(struct envelope_meta *meta, uint64_t size, const char *name, const char *type) {
    *meta = (struct envelope_meta){.size = size, .is_file = name != NULL};
    if (size > SEALABLE_MAX) return ERR_TOO_LARGE;
    if (name == NULL) return 0;

    size_t name_len = strlen(name), type_len = strlen(type);
    if (!envelope_text_ok(name, name_len, 1, ENVELOPE_NAME_MAX) ||
        !envelope_text_ok(type, type_len, 0, ENVELOPE_TYPE_MAX))
        return ERR_INVALID;

    memcpy(meta->name, name, name_len);
    memcpy(meta->type, type, type_len);
    meta->name_len = name_len;
    return 0;
}

int
envelope_meta_write(const struct envelope_meta *meta, struct buf *out) {
    int err = ERR_NOMEM;
    if (meta->size > SIZE_LIMIT) return ERR_TOO_LARGE;

    json_t *json = json_object();
    if (json_object_set_new(json, "size", json_integer((json_int_t)meta->size)) != 0) goto out;
    if (meta->is_file &&
        (json_object_set_new(json, "name", json_stringn(meta->name, meta->name_len)) != 0 ||
         json_object_set_new(json, "type", json_string(meta->type)) != 0))
        goto out;

    err = json_write(json, out);

out:
    json_decref(json);
    return err;
}

/* Read the size of the content: a whole number in any spelling, as a reader in JavaScript sees
 * it. */
static bool
envelope_read_size(const json_t *value, uint64_t *out) {
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);
        *out = (uint64_t)n;
        return n >= 0 && *out <= SIZE_LIMIT;
    }

    double d = json_real_value(value); /* 0 for anything but a real */
    if (!json_is_real(value) || !(d >= 0 && d <= (double)SIZE_LIMIT)) return false;
    *out = (uint64_t)d;
    return (double)*out == d;
}

static bool
envelope_read_text(const json_t *value, size_t min, size_t max, char *out, size_t *len) {
    if (!json_is_string(value)) return false;
    *len = json_string_length(value);
    if (*len < min || *len > max) return false;
    memcpy(out, json_string_value(value), *len);
    out[*len] = '\0';
    return true;
}

static bool
envelope_read_meta(const json_t *json, struct envelope_meta *meta) {
    const json_t *name = json_object_get(json, "name"), *type = json_object_get(json, "type");
    size_t type_len = 0;
    meta->is_file = name != NULL;

    if (!envelope_read_size(json_object_get(json, "size"), &meta->size)) return false;
    if (name == NULL) return json_object_size(json) == 1;
    return json_object_size(json) == 3 &&
           envelope_read_text(name, 1, ENVELOPE_NAME_MAX, meta->name, &meta->name_len) &&
           envelope_read_text(type, 0, ENVELOPE_TYPE_MAX, meta->type, &type_len);
}

int
envelope_meta_parse(const uint8_t *json, size_t len, struct envelope_meta *out) {
    *out = (struct envelope_meta){0};
    if (len > META_JSON_MAX) return ENVELOPE_CONTENT_FAILURE;
    json_t *value = json_parse_object((const char *)json, len);
    bool ok = value != NULL && envelope_read_meta(value, out);
    json_decref(value);
    if (!ok) return ENVELOPE_CONTENT_FAILURE;
    return ENVELOPE_OK;
}

uint64_t
envelope_chunk_offset(uint64_t number) {
    return ENVELOPE_HEADER_LEN + number * ENVELOPE_SEALED_CHUNK_LEN;
}

struct aead_params
envelope_chunk_params(const struct envelope_keys *keys, uint32_t number, bool last,
                      uint8_t nonce[static AEAD_NONCE_LEN]) {
    memset(nonce, 0, AEAD_NONCE_LEN);
    for (unsigned i = 0; i < 4; i++)
        nonce[7 + i] = (uint8_t)(number >> (24 - 8 * i));
    nonce[11] = last;

    return (struct aead_params){.key = keys->key,
                                .nonce = nonce,
                                .nonce_len = AEAD_NONCE_LEN,
                                .aad = keys->header,
                                .aad_len = sizeof(keys->header)};
}
