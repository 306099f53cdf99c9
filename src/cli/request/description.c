/* SPDX-License-Identifier: MIT */
#include "cli/request/description.h"

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/json.h"

enum { DESCRIPTION_VERSION = 1, KEYS = 4, NONCE_LEN = 32, NONCE_TEXT_LEN = 43 };

/* Return the recipients of ${d} as a list, or NULL. */
static json_t *
recipients_json(const struct description *d) {
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < d->count; i++) {
        char text[AGE_KEY_TEXT_MAX + 1];
        age_recipient_write(d->recipients[i], text);
        if (json_array_append_new(list, json_string(text)) == 0) continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

int
description_write(const struct random *r, const struct description *d, struct buf *out) {
    uint8_t nonce[NONCE_LEN];
    char text[NONCE_TEXT_LEN + 1];
    json_t *list = recipients_json(d), *note = json_string(d->note);
    int err = ERR_NOMEM;

    random_fill(r, nonce, sizeof(nonce));
    base64_encode_text(BASE64_URL, nonce, sizeof(nonce), text);
    json_t *json = NULL;
    if (list != NULL && note == NULL) err = ERR_INVALID;
    else if (list != NULL)
        json = json_pack("{s:i, s:O, s:O, s:s}", "v", DESCRIPTION_VERSION, "note", note,
                         "recipients", list, "nonce", text);
    if (json != NULL) err = json_write(json, out);

    json_decref(json);
    json_decref(note);
    json_decref(list);
    return err;
}

/* Read the recipients.  Returns whether they are 1 to AGE_RECIPIENTS_MAX of X25519. */
static bool
read_recipients(const json_t *list, struct description *out) {
    const json_t *one = NULL;
    size_t i = 0;
    if (!json_is_array(list) || json_array_size(list) > AGE_RECIPIENTS_MAX) return false;

    json_array_foreach(list, i, one) {
        const char *text = json_string_value(one);
        size_t len = json_string_length(one);
        if (text == NULL || age_recipient_read(text, len, out->recipients[i]) != 0) return false;
    }
    out->count = json_array_size(list);
    return out->count > 0;
}

/* Read the note.  Returns whether it is a text without U+0000. */
static bool
read_note(const json_t *note, struct description *out) {
    const char *text = json_string_value(note);
    size_t len = json_string_length(note);
    if (text == NULL || len > DESCRIPTION_MAX || strlen(text) != len) return false;
    memcpy(out->note, text, len + 1);
    return true;
}

int
description_read(const void *text, size_t len, struct description *out) {
    uint8_t nonce[NONCE_LEN];
    *out = (struct description){0};
    if (len > DESCRIPTION_MAX) return ERR_INVALID;
    json_t *json = json_parse_object(text, len);
    const json_t *version = json_object_get(json, "v"), *salt = json_object_get(json, "nonce");

    /* Exactly these keys: what an older program does not understand, it does not answer. */
    bool ok = json_object_size(json) == KEYS && json_is_integer(version) &&
              json_integer_value(version) == DESCRIPTION_VERSION && json_is_string(salt) &&
              base64_decode_exact(BASE64_URL, json_string_value(salt), json_string_length(salt),
                                  nonce, sizeof(nonce)) == 0 &&
              read_note(json_object_get(json, "note"), out) &&
              read_recipients(json_object_get(json, "recipients"), out);
    json_decref(json);
    return ok ? 0 : ERR_INVALID;
}
