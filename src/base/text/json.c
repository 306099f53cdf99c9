/* SPDX-License-Identifier: MIT */
#include "base/text/json.h"

#include <stdbool.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/text/utf8.h"

void
json_setup(void) {
    json_set_alloc_funcs(malloc, heap_wiping_free);
}

/*
 * Return whether ${text} nests at most JSON_MAX_NESTING deep and has at most ${max} opening
 * brackets and commas outside of strings.  This runs before the parser recurses or allocates
 * values.
 */
static bool
json_structure_ok(const char *text, size_t len, size_t max) {
    int depth = 0;
    size_t count = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') i++;
            else if (c == '"') in_string = false;
        } else if (c == '"') in_string = true;
        else if (c == '{' || c == '[') {
            if (++depth > JSON_MAX_NESTING || ++count > max) return false;
        } else if (c == ',') {
            if (++count > max) return false;
        } else if (c == '}' || c == ']') depth--;
    }
    return true;
}

/* Return whether no object in ${value} has more than JSON_MAX_KEYS keys. */
static bool
json_keys_ok(json_t *value) {
    const char *key;
    json_t *child;
    size_t i;

    if (json_is_object(value)) {
        if (json_object_size(value) > JSON_MAX_KEYS) return false;
        json_object_foreach(value, key, child)
            if (!json_keys_ok(child)) return false;
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, child)
            if (!json_keys_ok(child)) return false;
    }
    return true;
}

/* Parse ${text} as one object within all limits.  Returns NULL if it is not one, with ${error}
 * of the parser. */
static json_t *
json_parse(const char *text, size_t len, size_t flags, size_t max, json_error_t *error) {
    *error = (json_error_t){0};
    if (!utf8_valid(text, len) || !json_structure_ok(text, len, max)) return NULL;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | flags, error);
    if (value != NULL && json_is_object(value) && json_keys_ok(value)) return value;
    json_decref(value);
    return NULL;
}

json_t *
json_parse_object(const char *text, size_t len) {
    json_error_t error;
    json_t *value = json_parse(text, len, 0, SIZE_MAX, &error);
    explicit_bzero(&error, sizeof(error)); /* it quotes the input */
    return value;
}

json_t *
json_parse_any_number(const char *text, size_t len) {
    json_error_t error;
    json_t *value = json_parse(text, len, 0, SIZE_MAX, &error);
    if (value == NULL && json_error_code(&error) == json_error_numeric_overflow)
        value = json_parse(text, len, JSON_DECODE_INT_AS_REAL, SIZE_MAX, &error);
    explicit_bzero(&error, sizeof(error)); /* it quotes the input */
    return value;
}

/* Return the string whose closing quote is character ${end} - 1 of ${text}. */
static struct json_twice
json_string_before(const char *text, size_t end) {
    size_t start = 0;
    bool inside = false;
    for (size_t i = 0; i + 1 < end; i++) {
        if (inside && text[i] == '\\') i++;
        else if (text[i] == '"') {
            inside = !inside;
            start = i + 1;
        }
    }

    if (!inside || text[end - 1] != '"') return (struct json_twice){0};
    return (struct json_twice){.key = text + start, .len = end - 1 - start};
}

json_t *
json_parse_fields(const char *text, size_t len, struct json_twice *twice) {
    json_error_t error;
    json_t *value = json_parse(text, len, JSON_DECODE_INT_AS_REAL, JSON_MAX_VALUES, &error);
    *twice = (struct json_twice){0};

    /* The parser stops right after the second of two equal keys. */
    if (value == NULL && json_error_code(&error) == json_error_duplicate_key &&
        error.position > 0 && (size_t)error.position <= len)
        *twice = json_string_before(text, (size_t)error.position);

    explicit_bzero(&error, sizeof(error)); /* it quotes the input */
    return value;
}

static int
json_write_chunk(const char *data, size_t len, void *out) {
    return buf_add(out, data, len);
}

int
json_write(const json_t *value, struct buf *out) {
    size_t before = out->len;
    if (json_dump_callback(value, json_write_chunk, out, JSON_COMPACT) == 0) return 0;
    if (out->len > before) explicit_bzero(out->data + before, out->len - before);
    out->len = before;
    return ERR_TOO_LARGE;
}
