/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"
#include "crypto/token.h"
#include "sealed.h"

enum { LARGEST = 1 << 22 };

static struct prng prng;

static void
round_trip(size_t size, const char *name) {
    struct random r = prng_random(&prng);
    struct envelope_meta meta;
    struct envelope_keys keys;
    struct buf content = BUF_INIT(LARGEST), sealed = BUF_INIT(LARGEST), back = BUF_INIT(LARGEST);
    assert_int_equal(envelope_meta_set(&meta, size, name, "text/plain"), 0);
    uint8_t *to = buf_space(&content, size);
    assert_non_null(to);
    random_fill(&r, to, size);
    content.len = size;
    sealed_write(&prng, &meta, &content, &sealed, &keys);
    assert_int_equal(sealed_open(&prng, &keys, sealed.data, sealed.len, &back), ENVELOPE_OK);
    assert_true(buf_equals(&back, content.data, content.len));
    buf_free(&content);
    buf_free(&sealed);
    buf_free(&back);
}

static void
any_size_in_any_pieces_round_trips(void **state) {
    (void)state;
    static const char text_meta[] = "????{\"size\":65536}";
    size_t edge = ENVELOPE_CHUNK_LEN - strlen(text_meta);
    for (size_t size = 0; size < 300; size += 23)
        round_trip(size, NULL);
    for (size_t chunk = 1; chunk <= 4; chunk++)
        for (size_t size = chunk * ENVELOPE_CHUNK_LEN - 24; size <= chunk * ENVELOPE_CHUNK_LEN + 2;
             size++)
            round_trip(size, NULL);
    round_trip(edge, NULL); /* content, metadata and no padding at all */
    for (int i = 0; i < 30; i++)
        round_trip(prng_below(&prng, 1000000), i % 2 == 0 ? "имя файла.txt" : NULL);
}

static void
lengths_are_as_computed(void **state) {
    (void)state;
    assert_true(envelope_sealed_len(ENVELOPE_PADDED_MIN) == ENVELOPE_SIZE_MIN);
    assert_true(envelope_sealed_len(65536) == 32 + 65536 + 16);
    assert_true(envelope_sealed_len(65537) == 32 + 65537 + 2 * 16);
    assert_true(envelope_chunk_offset(2) == 32 + 2 * 65552);
    for (uint64_t len = 256, last = 0; len < (UINT64_C(1) << 50); len += len / 3 + 1) {
        uint64_t padded = envelope_padded_len(len);
        assert_true(padded >= len && padded >= last);
        assert_true(padded - len <= len * 12 / 100);
        assert_true(envelope_padded_len(padded) == padded);
        last = padded;
    }
}

/* Write a small envelope to ${sealed}, and its keys. */
static void
small_envelope(struct buf *sealed, struct envelope_keys *keys) {
    struct envelope_meta meta;
    struct buf content = BUF_INIT(100);
    assert_int_equal(buf_add_text(&content, "correct horse battery staple"), 0);
    assert_int_equal(envelope_meta_set(&meta, content.len, NULL, NULL), 0);
    sealed_write(&prng, &meta, &content, sealed, keys);
    assert_int_equal(sealed->len, ENVELOPE_SIZE_MIN);
    buf_free(&content);
}

/* Derive and open with only the bytes, as a reader does. */
static int
read_all(const struct buf *sealed, struct buf *content) {
    struct envelope_keys keys;
    struct envelope_header h;
    if (envelope_header_parse(sealed->data, &h) != 0) return ENVELOPE_HEADER_FAILURE;
    struct kdf_arena *arena =
        kdf_arena_new((struct kdf_params){.log2_n = h.log2_n, .r = h.r, .p = h.p});
    assert_non_null(arena);
    int verdict = envelope_derive(arena, sealed->data, SEALED_SECRET, strlen(SEALED_SECRET), &keys);
    kdf_arena_free(arena);
    assert_int_equal(verdict, ENVELOPE_OK);
    return sealed_open(NULL, &keys, sealed->data, sealed->len, content);
}

static void
every_flipped_bit_is_refused(void **state) {
    (void)state;
    struct envelope_keys keys;
    unsigned header = 0, payload = 0;
    struct buf sealed = BUF_INIT(LARGEST), content = BUF_INIT(100);
    small_envelope(&sealed, &keys);
    assert_int_equal(read_all(&sealed, &content), ENVELOPE_OK);
    buf_reset(&content);
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        int verdict = bit < 8 * ENVELOPE_HEADER_LEN
                          ? read_all(&sealed, &content)
                          : sealed_open(NULL, &keys, sealed.data, sealed.len, &content);
        header += verdict == ENVELOPE_HEADER_FAILURE;
        payload += verdict == ENVELOPE_PAYLOAD_FAILURE;
        assert_int_equal(content.len, 0); /* nothing was released */
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(header + payload, 8 * sealed.len);
    assert_true(header >= 40); /* magic and reserved byte at least */
    buf_free(&sealed);
    buf_free(&content);
}

static void
every_other_length_is_refused(void **state) {
    (void)state;
    struct envelope_keys keys;
    struct buf sealed = BUF_INIT(LARGEST), content = BUF_INIT(100);
    small_envelope(&sealed, &keys);
    for (size_t len = 0; len < sealed.len; len++) {
        int want = len < ENVELOPE_HEADER_LEN ? ENVELOPE_HEADER_FAILURE : ENVELOPE_PAYLOAD_FAILURE;
        assert_int_equal(sealed_open(&prng, &keys, sealed.data, len, &content), want);
    }
    for (int i = 0; i < 40; i++) {
        assert_int_equal(buf_add_byte(&sealed, 0), 0);
        assert_int_equal(sealed_open(&prng, &keys, sealed.data, sealed.len, &content),
                         ENVELOPE_PAYLOAD_FAILURE);
    }
    assert_int_equal(content.len, 0);
    buf_free(&sealed);
    buf_free(&content);
}

static void
a_chunk_counts_only_where_it_was_sealed(void **state) {
    (void)state;
    struct envelope_keys keys, others;
    struct buf plain = BUF_INIT(LARGEST), sealed = BUF_INIT(LARGEST), content = BUF_INIT(LARGEST);
    sealed_keys(&prng, &keys);
    sealed_keys(&prng, &others);
    assert_int_equal(buf_add(&plain, "\0\0\0\x0E{\"size\":65518}", 18), 0);
    uint8_t *to = buf_space(&plain, ENVELOPE_CHUNK_LEN);
    assert_non_null(to);
    memset(to, 'c', ENVELOPE_CHUNK_LEN);
    plain.len = ENVELOPE_CHUNK_LEN;
    sealed_write_raw(&keys, &plain, &sealed);
    assert_int_equal(sealed_open(NULL, &keys, sealed.data, sealed.len, &content), ENVELOPE_OK);
    assert_int_equal(sealed_open(NULL, &others, sealed.data, sealed.len, &content),
                     ENVELOPE_HEADER_FAILURE);
    buf_reset(&content);
    /* The same content, followed by an empty last chunk that verifies. */
    sealed.len = ENVELOPE_HEADER_LEN;
    sealed_write_chunk(&keys, 0, false, plain.data, plain.len, &sealed);
    sealed_write_chunk(&keys, 1, true, NULL, 0, &sealed);
    assert_int_equal(sealed_open(NULL, &keys, sealed.data, sealed.len, &content),
                     ENVELOPE_PAYLOAD_FAILURE);
    buf_free(&plain);
    buf_free(&sealed);
    buf_free(&content);
}

static void
an_empty_plaintext_has_no_metadata(void **state) {
    (void)state;
    struct envelope_keys keys;
    struct buf plain = BUF_INIT(10), sealed = BUF_INIT(100), content = BUF_INIT(10);
    sealed_keys(&prng, &keys);
    for (size_t len = 0; len < 4; len++) {
        buf_reset(&sealed);
        sealed_write_raw(&keys, &plain, &sealed);
        assert_int_equal(sealed_open(NULL, &keys, sealed.data, sealed.len, &content),
                         ENVELOPE_CONTENT_FAILURE);
        assert_int_equal(buf_add_byte(&plain, 0), 0);
    }
    buf_free(&plain);
    buf_free(&sealed);
    buf_free(&content);
}

static int
ignore(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    (void)ctx, (void)offset, (void)data, (void)len;
    return 0;
}

/* Return a sealer for ${size} bytes of text. */
static struct envelope_sealer *
sealer_of(uint64_t size, envelope_sink sink, void *ctx) {
    struct envelope_sealer *s = NULL;
    struct envelope_meta meta;
    struct kdf_arena *arena = kdf_arena_new(SEALED_COST);
    assert_int_equal(envelope_meta_set(&meta, size, NULL, NULL), 0);
    assert_int_equal(envelope_sealer_new(&s, &random_system, arena, SEALED_COST, SEALED_SECRET,
                                         strlen(SEALED_SECRET), &meta, sink, ctx),
                     0);
    kdf_arena_free(arena);
    return s;
}

static void
a_sealer_takes_exactly_what_was_announced(void **state) {
    (void)state;
    struct buf out = BUF_INIT(LARGEST);
    struct envelope_sealer *s = sealer_of(5, sealed_collect, &out);
    assert_int_equal(envelope_sealer_add(s, "four", 4), 0);
    assert_int_equal(envelope_sealer_add(s, "xy", 2), ERR_TOO_LARGE);
    assert_int_equal(envelope_sealer_add(s, "x", 1), ERR_TOO_LARGE); /* it has failed for good */
    assert_int_equal(envelope_sealer_end(s), ERR_TOO_LARGE);
    envelope_sealer_free(s);
    s = sealer_of(5, sealed_collect, &out);
    assert_int_equal(envelope_sealer_add(s, "four", 4), 0);
    assert_int_equal(envelope_sealer_end(s), ERR_INVALID);
    assert_int_equal(envelope_sealer_add(s, "x", 1), ERR_INVALID);
    envelope_sealer_free(s);
    assert_int_equal(out.len, 0); /* neither released its last chunk */
    s = sealer_of(0, sealed_collect, &out);
    assert_int_equal(envelope_sealer_end(s), 0);
    assert_int_equal(out.len, ENVELOPE_SIZE_MIN);
    assert_int_equal(envelope_sealer_end(s), ERR_INVALID); /* never sealed twice */
    assert_int_equal(out.len, ENVELOPE_SIZE_MIN);
    envelope_sealer_free(s);
    envelope_sealer_free(NULL);
    buf_free(&out);
}

/* A sink that fails at call number ${*ctx}. */
static int
fail_later(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    (void)offset, (void)data, (void)len;
    return --*(int *)ctx == 0 ? ERR_IO : 0;
}

static void
a_failing_sink_ends_the_work(void **state) {
    (void)state;
    static uint8_t data[5 * ENVELOPE_CHUNK_LEN];
    for (int nth = 1; nth <= 5; nth++) {
        int left = nth;
        struct envelope_sealer *s = sealer_of(sizeof(data), fail_later, &left);
        assert_int_equal(envelope_sealer_add(s, data, sizeof(data)), ERR_IO);
        left = 100;
        assert_int_equal(envelope_sealer_add(s, data, 1), ERR_IO);
        assert_int_equal(envelope_sealer_end(s), ERR_IO);
        assert_int_equal(left, 100); /* the chunk was neither sealed nor given to the sink again */
        envelope_sealer_free(s);
    }
}

static void
two_envelopes_of_the_same_share_nothing(void **state) {
    (void)state;
    struct envelope_sealer *a = sealer_of(5, ignore, NULL), *b = sealer_of(5, ignore, NULL);
    const struct envelope_keys *x = envelope_sealer_keys(a), *y = envelope_sealer_keys(b);
    uint8_t hash[TOKEN_HASH_LEN];
    assert_memory_not_equal(x->header, y->header, sizeof(x->header));
    assert_memory_not_equal(x->key, y->key, sizeof(x->key));
    assert_memory_not_equal(x->access, x->key, sizeof(x->key));
    token_hash(x->access, sizeof(x->access), hash);
    assert_memory_equal(hash, x->verifier, sizeof(hash));
    envelope_sealer_free(a);
    envelope_sealer_free(b);
}

static void
costs_that_readers_refuse_are_not_written(void **state) {
    (void)state;
    struct envelope_sealer *s = NULL;
    struct envelope_meta meta;
    struct kdf_arena *arena = kdf_arena_new(SEALED_COST);
    struct kdf_params low = {.log2_n = 9, .r = 8, .p = 1}, high = ENVELOPE_COST_LINK;
    assert_int_equal(envelope_meta_set(&meta, 1, NULL, NULL), 0);
    assert_int_equal(
        envelope_sealer_new(&s, &random_system, arena, low, "s", 1, &meta, ignore, NULL),
        ERR_INVALID);
    assert_int_equal(
        envelope_sealer_new(&s, &random_system, arena, high, "s", 1, &meta, ignore, NULL),
        ERR_TOO_LARGE);
    assert_null(s);
    kdf_arena_free(arena);
}

static void
header_bounds_are_exact(void **state) {
    (void)state;
    static const struct {
        uint8_t log2_n, r, p;
        int want;
    } costs[] = {
        {10, 1, 1, 0},           {9, 1, 1, ERR_INVALID},
        {20, 2, 2, 0},           {20, 2, 3, ERR_INVALID},
        {20, 3, 1, ERR_INVALID}, {21, 1, 1, ERR_INVALID},
        {16, 32, 2, 0},          {16, 32, 3, ERR_INVALID},
        {17, 16, 2, 0},          {16, 33, 1, ERR_INVALID},
        {10, 32, 16, 0},         {10, 32, 17, ERR_INVALID},
        {18, 8, 2, 0},           {18, 8, 3, ERR_INVALID},
        {18, 9, 1, ERR_INVALID}, {14, 0, 1, ERR_INVALID},
        {14, 8, 0, ERR_INVALID}, {255, 255, 255, ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        uint8_t bytes[ENVELOPE_HEADER_LEN], again[ENVELOPE_HEADER_LEN];
        struct envelope_header h = {.log2_n = costs[i].log2_n, .r = costs[i].r, .p = costs[i].p};
        memset(h.salt, 's', sizeof(h.salt));
        envelope_header_write(&h, bytes);
        if (envelope_header_parse(bytes, &h) != costs[i].want) fail_msg("cost %zu", i);
        envelope_header_write(&h, again);
        assert_memory_equal(bytes, again, sizeof(bytes));
    }
}

static void
the_floor_is_memory_and_work(void **state) {
    (void)state;
    static const struct {
        uint8_t log2_n, r, p;
        bool enough;
    } costs[] = {
        {11, 24, 16, false}, /* less memory, as much work */
        {14, 8, 6, false},   /* half the memory, the same work */
        {15, 8, 3, true},    {16, 8, 2, true},  {17, 8, 1, true},
        {15, 8, 2, false},   {16, 8, 1, false}, {10, 1, 1, false},
        {14, 8, 1, false},   {14, 16, 3, true}, {20, 2, 2, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        struct envelope_header h = {.log2_n = costs[i].log2_n, .r = costs[i].r, .p = costs[i].p};
        if (envelope_header_meets_floor(&h) != costs[i].enough) fail_msg("cost %zu", i);
    }
}

static void
the_secret_is_the_link_key_and_what_a_person_adds(void **state) {
    (void)state;
    static char long_one[ENVELOPE_PASSPHRASE_MAX + 1];
    struct buf out = BUF_INIT(2000);
    memset(long_one, 'p', sizeof(long_one));
    assert_int_equal(envelope_secret("key", 3, NULL, 0, &out), 0);
    assert_true(buf_equals(&out, "key", 3));
    buf_reset(&out);
    assert_int_equal(envelope_secret("key", 3, "\xC3\xA9 ", 3, &out), 0);
    assert_true(buf_equals(&out, "key\0\xC3\xA9 ", 7));
    assert_int_equal(envelope_secret("key", 3, "\xC3", 1, &out), ERR_INVALID);
    assert_int_equal(envelope_secret("key", 3, long_one, sizeof(long_one), &out), ERR_INVALID);
    assert_int_equal(envelope_secret("key", 3, long_one, sizeof(long_one) - 1, &out), 0);
    assert_int_equal(envelope_secret("key", 3, long_one, sizeof(long_one) - 1, &out),
                     ERR_TOO_LARGE);
    assert_int_equal(out.len, 7 + 4 + 1024);
    buf_free(&out);
}

int
main(void) {
    json_setup();
    prng.state = prng_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_size_in_any_pieces_round_trips),
        cmocka_unit_test(lengths_are_as_computed),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(a_chunk_counts_only_where_it_was_sealed),
        cmocka_unit_test(an_empty_plaintext_has_no_metadata),
        cmocka_unit_test(a_sealer_takes_exactly_what_was_announced),
        cmocka_unit_test(a_failing_sink_ends_the_work),
        cmocka_unit_test(two_envelopes_of_the_same_share_nothing),
        cmocka_unit_test(costs_that_readers_refuse_are_not_written),
        cmocka_unit_test(header_bounds_are_exact),
        cmocka_unit_test(the_floor_is_memory_and_work),
        cmocka_unit_test(the_secret_is_the_link_key_and_what_a_person_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
