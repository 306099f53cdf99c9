/* SPDX-License-Identifier: MIT */
#include "crypto/audit/json.h"

#include <string.h>

#include "base/err.h"
#include "base/text/hex.h"
#include "base/text/json.h"

/* Read the text member ${name} of ${o}, 2 * ${len} lower-case hexadecimal digits.  Returns whether
 * it is there. */
static bool
read_hex(const json_t *o, const char *name, uint8_t *out, size_t len) {
    const json_t *value = json_object_get(o, name);
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) != 2 * len) return false;
    return text[strcspn(text, "ABCDEF")] == '\0' && hex_read(text, out, len) == 0;
}

int
audit_json_write(const struct audit_event *e, struct buf *out) {
    char ref[2 * AUDIT_REF_LEN + 1], hash[2 * AUDIT_HASH_LEN + 1];
    hex_write(e->ref, sizeof(e->ref), ref);
    hex_write(e->hash, sizeof(e->hash), hash);

    json_t *o = json_pack("{s:I, s:I, s:s}", "number", (json_int_t)e->number, "at",
                          (json_int_t)e->at, "kind", audit_name(e->kind));
    int bad = o == NULL;
    if (audit_has_ref(e->kind)) bad |= json_object_set_new(o, "ref", json_string(ref));
    if (e->by[0] != '\0') bad |= json_object_set_new(o, "by", json_string(e->by));
    bad |= json_object_set_new(o, "hash", json_string(hash));

    /* Line and end together, or nothing. */
    size_t before = out->len;
    int err = bad ? ERR_NOMEM : json_write(o, out);
    if (err == 0) err = buf_add_byte(out, '\n');
    if (err != 0) out->len = before;
    json_decref(o);
    return err;
}

/* Read the whole number ${name} of ${o}, at least ${min}.  Returns whether it is there. */
static bool
read_event_number(const json_t *o, const char *name, int64_t min, int64_t *out) {
    const json_t *value = json_object_get(o, name);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= min;
}

/* Read the name of the creator, which may be absent.  Returns whether it is one. */
static bool
read_by(const json_t *o, char out[static AUDIT_BY_MAX + 1]) {
    const json_t *by = json_object_get(o, "by");
    size_t len = json_string_length(by);
    out[0] = '\0';
    if (by == NULL) return true;

    if (!json_is_string(by) || len == 0 || len > AUDIT_BY_MAX) return false;
    if (strlen(json_string_value(by)) != len) return false;
    memcpy(out, json_string_value(by), len + 1);
    return true;
}

int
audit_json_read(const char *line, size_t len, struct audit_event *out) {
    *out = (struct audit_event){0};
    if (len > AUDIT_JSON_MAX) return ERR_INVALID;
    json_t *o = json_parse_object(line, len);
    const char *kind = json_string_value(json_object_get(o, "kind"));
    int number = kind == NULL ? 0 : audit_kind_of(kind);

    bool ok = number != 0 && read_event_number(o, "number", 1, &out->number) &&
              read_event_number(o, "at", 0, &out->at) && read_by(o, out->by) &&
              read_hex(o, "hash", out->hash, sizeof(out->hash));
    if (ok) out->kind = (enum audit_kind)number;
    if (ok && audit_has_ref(out->kind)) ok = read_hex(o, "ref", out->ref, sizeof(out->ref));

    json_decref(o);
    return ok ? 0 : ERR_INVALID;
}
