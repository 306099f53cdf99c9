/* SPDX-License-Identifier: MIT */
/* Any text as JSON: what is taken is written, and read again, as the same.  What base/text/flat.h
 * reads, the parser reads as the same. */
#include "base/text/flat.h"
#include "base/text/json.h"

enum { MEMBERS_MAX = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
is_same_value(const struct flat_member *m, const json_t *value) {
    switch (m->kind) {
    case FLAT_TEXT:
        return json_is_string(value) && json_string_length(value) == m->len &&
               memcmp(json_string_value(value), m->text, m->len + 1) == 0;
    case FLAT_NUMBER: return json_is_real(value) && (int64_t)json_real_value(value) == m->number;
    case FLAT_BOOL: return json_is_boolean(value) && json_is_true(value) == m->flag;
    }
    return false;
}

static void
check_flat(const uint8_t *data, size_t len) {
    struct flat_member members[MEMBERS_MAX];
    struct json_twice twice;
    struct buf copy = BUF_INIT(len);
    if (len == 0 || buf_add(&copy, data, len) != 0) return;

    /* Only a name that occurs twice is left to the caller. */
    int n = flat_read((char *)copy.data, len, members, MEMBERS_MAX);
    json_t *doc = json_parse_fields((const char *)data, len, &twice);
    if (n >= 0 && doc == NULL && twice.key == NULL) abort();
    if (n >= 0 && doc != NULL && json_object_size(doc) != (size_t)n) abort();
    for (int i = 0; i < n && doc != NULL; i++)
        if (!is_same_value(&members[i], json_object_get(doc, members[i].name))) abort();

    json_decref(doc);
    buf_free(&copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct buf out = BUF_INIT(1 << 20);
    check_flat(data, len);
    json_t *first = json_parse_object((const char *)data, len);
    if (first == NULL) return 0;
    if (json_write(first, &out) != 0) abort();
    json_t *second = json_parse_object(buf_text(&out), out.len);
    if (second == NULL || !json_equal(first, second)) abort();
    json_decref(first);
    json_decref(second);
    buf_free(&out);
    return 0;
}
