/* SPDX-License-Identifier: MIT */
/* Envelopes of content whose length is known only at its end open like any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"
#include "crypto/envelope/opener.h"
#include "crypto/envelope/sealer.h"

#define SECRET "0123456789abcdef"

static struct kdf_arena *arena;

struct sealed {
    struct buf bytes;    /* the envelope, with each write at its offset */
    uint8_t seen[64];    /* how often each chunk was written */
    uint64_t last_begin; /* offset of the last write */
};

static int
place(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct sealed *s = ctx;
    size_t end = (size_t)offset + len;
    if (end > s->bytes.len) {
        uint8_t *room = buf_space(&s->bytes, end - s->bytes.len);
        assert_non_null(room);
        memset(room, 0, end - s->bytes.len);
        s->bytes.len = end;
    }
    memcpy(s->bytes.data + offset, data, len);
    if (offset >= ENVELOPE_HEADER_LEN)
        s->seen[(offset - ENVELOPE_HEADER_LEN) / ENVELOPE_SEALED_CHUNK_LEN]++;
    s->last_begin = offset;
    return 0;
}

static int
collect(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct buf *out = ctx;
    assert_true(offset == out->len);
    return buf_add(out, data, len);
}

static void
seal_stream(const struct buf *content, size_t piece, struct sealed *out,
            struct envelope_keys *keys) {
    struct envelope_meta meta;
    struct envelope_sealer *s = NULL;
    assert_int_equal(envelope_meta_set(&meta, 0, "a name", "a/type"), 0);
    meta.size = ENVELOPE_SIZE_UNKNOWN;
    assert_int_equal(envelope_sealer_new(&s, &random_system, arena, ENVELOPE_COST_LINK, SECRET,
                                         strlen(SECRET), &meta, place, out),
                     0);
    assert_true(envelope_sealer_size(s) == 0);
    for (size_t at = 0; at < content->len; at += piece) {
        size_t n = content->len - at < piece ? content->len - at : piece;
        assert_int_equal(envelope_sealer_add(s, content->data + at, n), 0);
    }
    assert_int_equal(envelope_sealer_end(s), 0);
    assert_true(envelope_sealer_size(s) == out->bytes.len);
    assert_int_not_equal(envelope_sealer_end(s), 0);
    *keys = *envelope_sealer_keys(s);
    envelope_sealer_free(s);
}

/* Open ${sealed}, which this overwrites, in pieces of ${piece} bytes, where they are.  Returns the
 * verdict, with what was released in ${opened}. */
static int
open_in_place(const struct envelope_keys *keys, struct buf *sealed, size_t piece,
              struct buf *opened) {
    int verdict = ENVELOPE_OK;
    struct envelope_opener *o = envelope_opener_new(keys, collect, opened);
    for (size_t at = 0; at < sealed->len && verdict == ENVELOPE_OK; at += piece) {
        size_t n = sealed->len - at < piece ? sealed->len - at : piece;
        verdict = envelope_opener_add_in_place(o, sealed->data + at, n);
    }
    if (verdict == ENVELOPE_OK) verdict = envelope_opener_end(o);
    envelope_opener_free(o);
    return verdict;
}

static void
check_in_place(const struct envelope_keys *keys, const struct buf *sealed,
               const struct buf *content) {
    static const size_t pieces[] = {1 << 20, 200000, 65553, 65552, 4099};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct buf copy = BUF_INIT(2 << 20), opened = BUF_INIT(1 << 20);
        assert_int_equal(buf_add(&copy, sealed->data, sealed->len), 0);
        assert_int_equal(open_in_place(keys, &copy, pieces[i], &opened), ENVELOPE_OK);
        assert_true(buf_equals(&opened, content->data, content->len));
        buf_free(&copy);
        buf_free(&opened);
    }
}

static void
round_trip(size_t size, size_t piece) {
    struct buf content = BUF_INIT(1 << 20), opened = BUF_INIT(1 << 20);
    struct sealed sealed = {.bytes = BUF_INIT(2 << 20)};
    struct envelope_keys keys;
    uint8_t *room = buf_space(&content, size);
    assert_non_null(room);
    random_fill(&random_system, room, size);
    content.len = size;
    seal_stream(&content, piece, &sealed, &keys);
    size_t chunks = (sealed.bytes.len - ENVELOPE_HEADER_LEN + ENVELOPE_SEALED_CHUNK_LEN - 1) /
                    ENVELOPE_SEALED_CHUNK_LEN;
    for (size_t i = 0; i < chunks; i++)
        assert_int_equal(sealed.seen[i], 1); /* no number twice */
    assert_true(sealed.last_begin == ENVELOPE_HEADER_LEN);
    struct envelope_opener *o = envelope_opener_new(&keys, collect, &opened);
    assert_int_equal(envelope_opener_add(o, sealed.bytes.data, sealed.bytes.len), ENVELOPE_OK);
    assert_int_equal(envelope_opener_end(o), ENVELOPE_OK);
    assert_true(envelope_opener_meta(o)->size == size);
    assert_string_equal(envelope_opener_meta(o)->name, "a name");
    assert_true(buf_equals(&opened, content.data, content.len));
    envelope_opener_free(o);
    check_in_place(&keys, &sealed.bytes, &content);
    buf_free(&content);
    buf_free(&opened);
    buf_free(&sealed.bytes);
}

static void
test_lengths_around_chunk_edges(void **state) {
    (void)state;
    for (size_t chunk = 0; chunk <= 3; chunk++) {
        for (long d = -62; d <= -54; d++) { /* length and metadata take 58 bytes */
            long size = (long)(chunk * ENVELOPE_CHUNK_LEN) + d;
            if (size >= 0) round_trip((size_t)size, ENVELOPE_CHUNK_LEN);
        }
    }
}

static void
test_pieces_of_any_length(void **state) {
    static const size_t pieces[] = {1, 7, 4099, 65536, 70000, 300000};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        round_trip(300000, pieces[i]);
}

/* Nothing of a changed chunk is released, nor left where it was. */
static void
test_a_changed_chunk_stays_closed_in_place(void **state) {
    enum { CHANGED = ENVELOPE_HEADER_LEN + 2 * ENVELOPE_SEALED_CHUNK_LEN };
    static const uint8_t zeros[ENVELOPE_CHUNK_LEN];
    struct buf content = BUF_INIT(1 << 20), opened = BUF_INIT(1 << 20);
    struct sealed sealed = {.bytes = BUF_INIT(2 << 20)};
    struct envelope_keys keys;
    (void)state;
    uint8_t *room = buf_space(&content, 300000);
    assert_non_null(room);
    memset(room, 'c', 300000);
    content.len = 300000;
    seal_stream(&content, 300000, &sealed, &keys);

    sealed.bytes.data[CHANGED + 7] ^= 1;
    int verdict = open_in_place(&keys, &sealed.bytes, sealed.bytes.len, &opened);
    assert_int_equal(verdict, ENVELOPE_PAYLOAD_FAILURE);
    assert_in_range(opened.len, 1, 2 * ENVELOPE_CHUNK_LEN);
    assert_memory_equal(opened.data, content.data, opened.len);
    assert_memory_equal(sealed.bytes.data + CHANGED, zeros, sizeof(zeros));
    buf_free(&content);
    buf_free(&opened);
    buf_free(&sealed.bytes);
}

/* An unfinished envelope cannot be opened, because its first chunk was never written. */
static void
test_unfinished_is_nothing(void **state) {
    struct sealed sealed = {.bytes = BUF_INIT(1 << 20)};
    static uint8_t content[200000];
    struct envelope_meta meta;
    struct envelope_sealer *s = NULL;
    (void)state;
    assert_int_equal(envelope_meta_set(&meta, 0, NULL, NULL), 0);
    meta.size = ENVELOPE_SIZE_UNKNOWN;
    assert_int_equal(envelope_sealer_new(&s, &random_system, arena, ENVELOPE_COST_LINK, SECRET,
                                         strlen(SECRET), &meta, place, &sealed),
                     0);
    assert_int_equal(envelope_sealer_add(s, content, sizeof(content)), 0);
    assert_int_equal(sealed.seen[0], 0);
    assert_int_equal(sealed.seen[1], 1);
    envelope_sealer_free(s);
    buf_free(&sealed.bytes);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_around_chunk_edges),
        cmocka_unit_test(test_pieces_of_any_length),
        cmocka_unit_test(test_a_changed_chunk_stays_closed_in_place),
        cmocka_unit_test(test_unfinished_is_nothing),
    };
    json_setup();
    arena = kdf_arena_new(ENVELOPE_COST_LINK);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kdf_arena_free(arena);
    return failed;
}
