/* SPDX-License-Identifier: MIT */
/* The vectors of tests/vectors/envelope-v1.json, which an independent writer made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"
#include "crypto/envelope/opener.h"
#include "crypto/token.h"
#include "vectors.h"

#define FILE_NAME "tests/vectors/envelope-v1.json"

static const char *const verdicts[] = {"ok", "header failure", "payload failure",
                                       "content failure"};

static int
collect(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct buf *content = ctx;
    assert_true(offset == content->len);
    return buf_add(content, data, len);
}

static int
derive(const json_t *vector, const struct buf *sealed, struct envelope_keys *keys) {
    const char *link_key = vectors_text(vector, "link_key");
    const char *passphrase = json_string_value(json_object_get(vector, "passphrase"));
    struct envelope_header h;
    struct buf secret = BUF_INIT(2048);
    if (sealed->len < ENVELOPE_HEADER_LEN || envelope_header_parse(sealed->data, &h) != 0)
        return ENVELOPE_HEADER_FAILURE;
    struct kdf_arena *arena =
        kdf_arena_new((struct kdf_params){.log2_n = h.log2_n, .r = h.r, .p = h.p});
    assert_non_null(arena);
    assert_int_equal(envelope_secret(link_key, strlen(link_key), passphrase,
                                     passphrase == NULL ? 0 : strlen(passphrase), &secret),
                     0);
    int verdict = envelope_derive(arena, sealed->data, secret.data, secret.len, keys);
    buf_free(&secret);
    kdf_arena_free(arena);
    return verdict;
}

/* Feed ${sealed} in steps of ${step} bytes. */
static int
feed(struct envelope_opener *o, const struct buf *sealed, size_t step) {
    for (size_t at = 0; at < sealed->len; at += step) {
        size_t n = sealed->len - at < step ? sealed->len - at : step;
        int verdict = envelope_opener_add(o, sealed->data + at, n);
        if (verdict != ENVELOPE_OK) return verdict;
    }
    return envelope_opener_end(o);
}

static void
check_text(const json_t *vector, const char *key, const char *got) {
    const char *want = json_string_value(json_object_get(vector, key));
    if (want != NULL) assert_string_equal(got, want);
}

static void
check_bytes(const json_t *vector, const char *key, const void *got, size_t len) {
    struct buf want = BUF_INIT(1 << 20);
    if (vectors_base64(vector, key, BASE64_URL, &want)) assert_true(buf_equals(&want, got, len));
    buf_free(&want);
}

static void
check_opened(const json_t *vector, const struct envelope_keys *keys,
             const struct envelope_meta *meta, const struct buf *content) {
    uint8_t hash[TOKEN_HASH_LEN];
    char hex[2 * TOKEN_HASH_LEN + 1];
    assert_true(meta->size == (uint64_t)json_integer_value(json_object_get(vector, "size")));
    assert_true(content->len == meta->size);
    assert_int_equal(meta->is_file, json_object_get(vector, "file_name") != NULL);
    check_text(vector, "file_name", meta->name);
    check_text(vector, "file_type", meta->type);
    check_bytes(vector, "access", keys->access, sizeof(keys->access));
    check_bytes(vector, "verifier", keys->verifier, sizeof(keys->verifier));
    check_bytes(vector, "content", content->data, content->len);
    token_hash(content->data, content->len, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(hex, vectors_text(vector, "content_sha256"));
}

static void
check_vector(const json_t *vector) {
    static const size_t pieces[] = {1 << 30, 65552, 4099, 7};
    struct buf sealed = BUF_INIT(1 << 20), content = BUF_INIT(1 << 20);
    struct envelope_keys keys;
    assert_true(vectors_base64(vector, "envelope", BASE64_URL, &sealed));
    int derived = derive(vector, &sealed, &keys);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        int verdict = derived;
        struct envelope_opener *o = envelope_opener_new(&keys, collect, &content);
        buf_reset(&content);
        if (derived == ENVELOPE_OK) verdict = feed(o, &sealed, pieces[i]);
        if (strcmp(verdicts[verdict], vectors_text(vector, "expect")) != 0)
            fail_msg("%s: %s", vectors_text(vector, "name"), verdicts[verdict]);
        if (verdict == ENVELOPE_OK) check_opened(vector, &keys, envelope_opener_meta(o), &content);
        envelope_opener_free(o);
    }
    buf_free(&sealed);
    buf_free(&content);
}

static void
every_vector_gives_its_outcome(void **state) {
    (void)state;
    unsigned counts[ARRAY_LEN(verdicts)] = {0};
    size_t i, k;
    json_t *vector, *file = vectors_load(FILE_NAME);
    json_array_foreach(json_object_get(file, "vectors"), i, vector) {
        check_vector(vector);
        for (k = 0; k < ARRAY_LEN(verdicts); k++)
            if (strcmp(verdicts[k], vectors_text(vector, "expect")) == 0) counts[k]++;
    }
    assert_int_equal(i, 43);
    assert_int_equal(counts[ENVELOPE_OK], 15);
    assert_int_equal(counts[ENVELOPE_HEADER_FAILURE], 11);
    assert_int_equal(counts[ENVELOPE_PAYLOAD_FAILURE], 11);
    assert_int_equal(counts[ENVELOPE_CONTENT_FAILURE], 6);
    json_decref(file);
}

static void
lengths_are_padded_as_the_table_says(void **state) {
    (void)state;
    size_t i;
    json_t *pair, *file = vectors_load(FILE_NAME);
    json_array_foreach(json_object_get(file, "padded_length"), i, pair) {
        uint64_t len = (uint64_t)json_integer_value(json_array_get(pair, 0));
        uint64_t want = (uint64_t)json_integer_value(json_array_get(pair, 1));
        assert_true(envelope_padded_len(len) == want);
    }
    assert_int_equal(i, 15);
    json_decref(file);
}

int
main(void) {
    json_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_padded_as_the_table_says),
        cmocka_unit_test(every_vector_gives_its_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
