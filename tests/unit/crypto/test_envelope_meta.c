/* SPDX-License-Identifier: MIT */
/* The contents of an envelope: metadata, padding, and resuming in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"
#include "sealed.h"

enum { LARGEST = 1 << 21 };

static struct prng prng;

static int
verdict_of(const char *json, size_t len) {
    struct envelope_meta meta;
    return envelope_meta_parse((const uint8_t *)json, len, &meta);
}

static void
metadata_in_any_spelling(void **state) {
    (void)state;
    static const char *const good[] = {
        "{\"size\":0}",
        " {\n\t\"size\" : 9007199254740992\r}",
        "{\"si\\u007ae\":3}",
        "{\"size\":3.0}",
        "{\"size\":3e2}",
        "{\"size\":-0}",
        "{\"name\":\"a\",\"type\":\"\",\"size\":1}",
        "{\"size\":1,\"type\":\"text/plain\",\"name\":\"../\\u0000\\n/etc\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (verdict_of(good[i], strlen(good[i])) != ENVELOPE_OK) fail_msg("refused: %s", good[i]);
}

static void
any_other_metadata_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"size\":-1}",
        "{\"size\":1.5}",
        "{\"size\":9007199254740993}",
        "{\"size\":9007199254740994.0}",
        "{\"size\":1e999}",
        "{\"size\":\"1\"}",
        "{\"size\":null}",
        "{\"size\":true}",
        "{\"size\":[1]}",
        "{\"Size\":1}",
        "{\"size\":1,\"size\":1}",
        "{\"size\":1,\"s\\u0069ze\":1}",
        "{\"size\":1}x",
        "{\"size\":1}{}",
        "\xEF\xBB\xBF{\"size\":1}",
        "{\"size\":1,\"other\":1}",
        "{\"size\":1,\"name\":\"a\"}",
        "{\"size\":1,\"type\":\"a\"}",
        "{\"size\":1,\"name\":\"\",\"type\":\"a\"}",
        "{\"size\":1,\"name\":null,\"type\":null}",
        "{\"size\":1,\"name\":1,\"type\":\"a\"}",
        "{\"size\":1,\"name\":\"a\",\"type\":1}",
        "{\"size\":1,\"name\":\"a\",\"type\":\"b\",\"more\":1}",
        "{\"size\":1,\"name\":\"\\ud800\",\"type\":\"b\"}",
        "{\"size\":1,\"name\":\"\xFF\",\"type\":\"b\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (verdict_of(bad[i], strlen(bad[i])) != ENVELOPE_CONTENT_FAILURE)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(verdict_of("{\"size\":1}\0", 11), ENVELOPE_CONTENT_FAILURE);
}

static void
names_and_types_have_their_lengths(void **state) {
    (void)state;
    for (int name_len = 254; name_len <= 257; name_len++)
        for (int type_len = 126; type_len <= 128; type_len++) {
            char name[300], type[300], json[700];
            struct envelope_meta meta;
            bool may = name_len <= ENVELOPE_NAME_MAX && type_len <= ENVELOPE_TYPE_MAX;
            snprintf(name, sizeof(name), "%0*d", name_len, 7);
            snprintf(type, sizeof(type), "%0*d", type_len, 7);
            snprintf(json, sizeof(json), "{\"size\":1,\"name\":\"%s\",\"type\":\"%s\"}", name,
                     type);
            assert_int_equal(verdict_of(json, strlen(json)),
                             may ? ENVELOPE_OK : ENVELOPE_CONTENT_FAILURE);
            assert_int_equal(envelope_meta_set(&meta, 1, name, type), may ? 0 : ERR_INVALID);
        }
    struct envelope_meta meta;
    assert_int_equal(envelope_meta_set(&meta, 1, "", "a"), ERR_INVALID);
    assert_int_equal(envelope_meta_set(&meta, 1, "\xC3", "a"), ERR_INVALID);
    assert_int_equal(envelope_meta_set(&meta, 1, "a", "\xC3"), ERR_INVALID);
    assert_int_equal(envelope_meta_set(&meta, UINT64_C(1) << 48, NULL, NULL), ERR_TOO_LARGE);
}

static void
metadata_is_read_as_written(void **state) {
    (void)state;
    struct envelope_meta meta, back;
    struct buf json = BUF_INIT(ENVELOPE_METADATA_MAX);
    char name[256];
    memset(name, 1, 255); /* six characters each, once escaped */
    name[255] = '\0';
    assert_int_equal(envelope_meta_set(&meta, 12345678901, name, "text/plain"), 0);
    assert_int_equal(envelope_meta_write(&meta, &json), 0);
    assert_int_equal(envelope_meta_parse(json.data, json.len, &back), ENVELOPE_OK);
    assert_memory_equal(&meta, &back, sizeof(meta));
    buf_free(&json);
}

/* Seal "length | json | content | padding" as given and open it.  Returns the verdict. */
static int
open_plaintext(uint32_t meta_len, const char *json, size_t content, size_t padding,
               size_t not_zero) {
    struct envelope_keys keys;
    struct buf plain = BUF_INIT(LARGEST), sealed = BUF_INIT(LARGEST), got = BUF_INIT(LARGEST);
    uint8_t len[4] = {(uint8_t)(meta_len >> 24), (uint8_t)(meta_len >> 16),
                      (uint8_t)(meta_len >> 8), (uint8_t)meta_len};
    sealed_keys(&prng, &keys);
    assert_int_equal(buf_add(&plain, len, sizeof(len)), 0);
    assert_int_equal(buf_add_text(&plain, json), 0);
    uint8_t *to = buf_space(&plain, content + padding);
    assert_non_null(to);
    memset(to, 'c', content);
    memset(to + content, 0, padding);
    plain.len += content + padding;
    if (not_zero != SIZE_MAX) to[content + not_zero] = 1;
    sealed_write_raw(&keys, &plain, &sealed);
    int verdict = sealed_open(&prng, &keys, sealed.data, sealed.len, &got);
    if (verdict == ENVELOPE_OK) assert_int_equal(got.len, content);
    buf_free(&plain);
    buf_free(&sealed);
    buf_free(&got);
    return verdict;
}

static void
padding_is_zero_to_the_last_byte(void **state) {
    (void)state;
    static const size_t places[] = {0, 1, 65000, 65536 - 16, 65536, 131072, 199999};
    assert_int_equal(open_plaintext(10, "{\"size\":6}", 6, 200000, SIZE_MAX), ENVELOPE_OK);
    assert_int_equal(open_plaintext(10, "{\"size\":6}", 6, 0, SIZE_MAX), ENVELOPE_OK);
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        assert_int_equal(open_plaintext(10, "{\"size\":6}", 6, 200000, places[i]),
                         ENVELOPE_CONTENT_FAILURE);
}

static void
the_plaintext_is_as_long_as_it_says(void **state) {
    (void)state;
    assert_int_equal(open_plaintext(10, "{\"size\":7}", 6, 0, SIZE_MAX), ENVELOPE_CONTENT_FAILURE);
    assert_int_equal(open_plaintext(15, "{\"size\":200000}", 199999, 0, SIZE_MAX),
                     ENVELOPE_CONTENT_FAILURE);
    assert_int_equal(open_plaintext(11, "{\"size\":6}", 0, 0, SIZE_MAX), ENVELOPE_CONTENT_FAILURE);
    assert_int_equal(open_plaintext(4097, "{\"size\":6}", 6, 5000, SIZE_MAX),
                     ENVELOPE_CONTENT_FAILURE);
    assert_int_equal(open_plaintext(0, "", 0, 300, SIZE_MAX), ENVELOPE_CONTENT_FAILURE);
    assert_int_equal(open_plaintext(UINT32_MAX, "{\"size\":6}", 6, 200000, SIZE_MAX),
                     ENVELOPE_CONTENT_FAILURE);
}

/* A sink that writes at offsets, as to a file. */
static int
write_at(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct buf *file = ctx;
    assert_true(offset <= file->len);
    if (offset + len > file->len) {
        size_t more = (size_t)offset + len - file->len;
        if (buf_space(file, more) == NULL) return ERR_NOMEM;
        file->len += more;
    }
    memcpy(file->data + offset, data, len);
    return 0;
}

/* Resume a download of which ${have} bytes are in ${file}. */
static int
resume(const struct envelope_keys *keys, const struct buf *sealed, struct buf *file, size_t have) {
    uint64_t written = 0;
    struct envelope_opener *o = envelope_opener_new(keys, write_at, file);
    assert_non_null(o);
    assert_int_equal(envelope_opener_resume(o, 1), ERR_INVALID); /* not without the metadata */
    assert_int_equal(envelope_opener_add(o, sealed->data, envelope_chunk_offset(1) + 1), 0);
    assert_non_null(envelope_opener_meta(o));
    uint64_t chunk = envelope_opener_resume_point(o, have, &written);
    assert_true(written <= have && (chunk == 0) == (written == 0));
    uint64_t at = envelope_chunk_offset(1) + 1;
    if (chunk > 0) {
        assert_int_equal(envelope_opener_resume(o, chunk), 0);
        assert_true(envelope_opener_chunks(o) == chunk);
        at = envelope_chunk_offset(chunk);
    }
    int verdict = envelope_opener_add(o, sealed->data + at, sealed->len - at);
    if (verdict == ENVELOPE_OK) verdict = envelope_opener_end(o);
    envelope_opener_free(o);
    return verdict;
}

static void
a_download_goes_on_where_it_was(void **state) {
    (void)state;
    enum { SIZE = 300000 };
    struct random r = prng_random(&prng);
    struct envelope_meta meta;
    struct envelope_keys keys;
    struct buf content = BUF_INIT(SIZE), sealed = BUF_INIT(LARGEST);
    uint8_t *to = buf_space(&content, SIZE);
    assert_non_null(to);
    random_fill(&r, to, SIZE);
    content.len = SIZE;
    assert_int_equal(envelope_meta_set(&meta, SIZE, "a", "b"), 0);
    sealed_write(&prng, &meta, &content, &sealed, &keys);
    for (size_t have = 0; have <= SIZE; have += have == SIZE ? 1 : SIZE / 10) {
        struct buf file = BUF_INIT(SIZE);
        assert_int_equal(buf_add(&file, content.data, have), 0);
        assert_int_equal(resume(&keys, &sealed, &file, have), ENVELOPE_OK);
        assert_true(buf_equals(&file, content.data, content.len));
        buf_free(&file);
    }
    sealed.data[sealed.len - 1] ^= 1;
    assert_int_equal(resume(&keys, &sealed, &content, SIZE), ENVELOPE_PAYLOAD_FAILURE);
    buf_free(&content);
    buf_free(&sealed);
}

static void
a_resume_stays_within_the_content(void **state) {
    (void)state;
    struct envelope_meta meta;
    struct envelope_keys keys;
    struct buf content = BUF_INIT(LARGEST), sealed = BUF_INIT(LARGEST), file = BUF_INIT(LARGEST);
    uint8_t *to = buf_space(&content, 200000);
    assert_non_null(to);
    memset(to, 'c', 200000);
    content.len = 200000;
    assert_int_equal(envelope_meta_set(&meta, content.len, NULL, NULL), 0);
    sealed_write(&prng, &meta, &content, &sealed, &keys);
    struct envelope_opener *o = envelope_opener_new(&keys, write_at, &file);
    assert_int_equal(envelope_opener_add(o, sealed.data, 2 * 65552 + 33), 0);
    assert_true(envelope_opener_chunks(o) == 2);
    assert_int_equal(envelope_opener_resume(o, 0), ERR_INVALID);
    assert_int_equal(envelope_opener_resume(o, 1), ERR_INVALID);
    assert_int_equal(envelope_opener_resume(o, 4), ERR_INVALID);
    assert_int_equal(envelope_opener_resume(o, UINT64_MAX), ERR_INVALID);
    assert_int_equal(envelope_opener_resume(o, 3), 0);
    assert_int_equal(envelope_opener_end(o), ENVELOPE_PAYLOAD_FAILURE);
    assert_int_equal(envelope_opener_resume(o, 3), ERR_INVALID);
    envelope_opener_free(o);
    envelope_opener_free(NULL);
    buf_free(&content);
    buf_free(&sealed);
    buf_free(&file);
}

int
main(void) {
    json_setup();
    prng.state = prng_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_in_any_spelling),
        cmocka_unit_test(any_other_metadata_is_refused),
        cmocka_unit_test(names_and_types_have_their_lengths),
        cmocka_unit_test(metadata_is_read_as_written),
        cmocka_unit_test(padding_is_zero_to_the_last_byte),
        cmocka_unit_test(the_plaintext_is_as_long_as_it_says),
        cmocka_unit_test(a_download_goes_on_where_it_was),
        cmocka_unit_test(a_resume_stays_within_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
