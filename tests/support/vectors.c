/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

json_t *
vectors_load(const char *path) {
    json_error_t error;
    json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (json == NULL) fail_msg("%s: %s", path, error.text);
    return json;
}

json_t *
vectors_load_shared(const char *path) {
    char whole[1024];
    const char *folder = getenv("SHARED");
    snprintf(whole, sizeof(whole), "%s/%s", folder != NULL ? folder : "../shared", path);
    FILE *f = fopen(whole, "r");
    if (f == NULL) {
        printf("SKIP %s is not there\n", whole);
        return NULL;
    }
    fclose(f);
    return vectors_load(whole);
}

const char *
vectors_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) fail_msg("no text \"%s\" in a vector", key);
    return text;
}

bool
vectors_base64(const json_t *object, const char *key, enum base64_kind kind, struct buf *out) {
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) return false;
    assert_int_equal(base64_decode(kind, text, strlen(text), out), 0);
    return true;
}

void
vectors_hex(const json_t *object, const char *key, struct buf *out) {
    unsigned byte = 0;
    for (const char *s = vectors_text(object, key); *s != '\0'; s += 2) {
        assert_int_equal(sscanf(s, "%2x", &byte), 1);
        assert_int_equal(buf_add_byte(out, (uint8_t)byte), 0);
    }
}
