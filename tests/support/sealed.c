/* SPDX-License-Identifier: MIT */
#include "sealed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

int
sealed_collect(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct buf *out = ctx;
    assert_true(offset == out->len);
    return buf_add(out, data, len);
}

static struct kdf_arena *
arena_of_tests(void) {
    struct kdf_arena *arena = kdf_arena_new(SEALED_COST);
    assert_non_null(arena);
    return arena;
}

void
sealed_keys(struct prng *p, struct envelope_keys *keys) {
    struct random r = prng_random(p);
    struct envelope_header h = {
        .log2_n = SEALED_COST.log2_n, .r = SEALED_COST.r, .p = SEALED_COST.p};
    uint8_t header[ENVELOPE_HEADER_LEN];
    struct kdf_arena *arena = arena_of_tests();
    random_fill(&r, h.salt, sizeof(h.salt));
    envelope_header_write(&h, header);
    assert_int_equal(envelope_derive(arena, header, SEALED_SECRET, strlen(SEALED_SECRET), keys),
                     ENVELOPE_OK);
    kdf_arena_free(arena);
}

/* The length of the next block of ${left} bytes: small ones, whole chunks and large ones all
 * occur. */
static size_t
piece(struct prng *p, size_t left) {
    static const size_t most[] = {3, 100, 5000, ENVELOPE_SEALED_CHUNK_LEN, 300000};
    size_t n = p == NULL ? left : 1 + prng_below(p, most[prng_below(p, ARRAY_LEN(most))]);
    return n < left ? n : left;
}

void
sealed_write(struct prng *p, const struct envelope_meta *meta, const struct buf *content,
             struct buf *out, struct envelope_keys *keys) {
    struct random r = prng_random(p);
    struct envelope_sealer *s = NULL;
    struct kdf_arena *arena = arena_of_tests();
    size_t n, before = out->len;
    assert_int_equal(before, 0);
    assert_int_equal(envelope_sealer_new(&s, &r, arena, SEALED_COST, SEALED_SECRET,
                                         strlen(SEALED_SECRET), meta, sealed_collect, out),
                     0);
    for (size_t at = 0; at < content->len; at += n) {
        n = piece(p, content->len - at);
        assert_int_equal(envelope_sealer_add(s, content->data + at, n), 0);
    }
    assert_int_equal(envelope_sealer_end(s), 0);
    assert_true(out->len == envelope_sealer_size(s));
    *keys = *envelope_sealer_keys(s);
    assert_memory_equal(out->data, keys->header, sizeof(keys->header));
    envelope_sealer_free(s);
    kdf_arena_free(arena);
}

void
sealed_write_chunk(const struct envelope_keys *keys, uint32_t number, bool last,
                   const uint8_t *plain, size_t len, struct buf *out) {
    uint8_t nonce[AEAD_NONCE_LEN];
    struct aead_params params = envelope_chunk_params(keys, number, last, nonce);
    uint8_t *to = buf_space(out, len + AEAD_TAG_LEN);
    assert_non_null(to);
    assert_int_equal(aead_seal(&params, plain, len, to, to + len), 0);
    out->len += len + AEAD_TAG_LEN;
}

void
sealed_write_raw(const struct envelope_keys *keys, const struct buf *plain, struct buf *out) {
    uint32_t number = 0;
    size_t at = 0;
    assert_int_equal(buf_add(out, keys->header, sizeof(keys->header)), 0);
    for (; plain->len - at > ENVELOPE_CHUNK_LEN; at += ENVELOPE_CHUNK_LEN)
        sealed_write_chunk(keys, number++, false, plain->data + at, ENVELOPE_CHUNK_LEN, out);
    sealed_write_chunk(keys, number, true, plain->data + at, plain->len - at, out);
}

int
sealed_open(struct prng *p, const struct envelope_keys *keys, const uint8_t *sealed, size_t len,
            struct buf *content) {
    struct envelope_opener *o = envelope_opener_new(keys, sealed_collect, content);
    int verdict = ENVELOPE_OK;
    size_t n;
    assert_non_null(o);
    for (size_t at = 0; at < len && verdict == ENVELOPE_OK; at += n) {
        n = piece(p, len - at);
        verdict = envelope_opener_add(o, sealed + at, n);
    }
    if (verdict == ENVELOPE_OK) verdict = envelope_opener_end(o);
    assert_int_equal(envelope_opener_end(o), verdict); /* it stays what it is */
    envelope_opener_free(o);
    return verdict;
}
