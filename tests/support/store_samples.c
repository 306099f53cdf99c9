/* SPDX-License-Identifier: MIT */
#include "store_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

enum { SAMPLE_PART = 65536 };

void
sample_hash(unsigned n, uint8_t out[static TOKEN_HASH_LEN]) {
    token_hash(&n, sizeof(n), out);
}

static struct record
sample_record(enum record_kind kind, int views, uint64_t size) {
    return (struct record){
        .kind = kind,
        .phase = PHASE_OPEN,
        .content = CONTENT_INLINE,
        .rev = 1,
        .created_at = SAMPLE_T0,
        .expires_at = SAMPLE_T0 + SAMPLE_TTL,
        .views = views,
        .views_left = views,
        .size = size,
    };
}

struct record
sample_sealed(int views, int attempts, uint64_t size) {
    struct record r = sample_record(RECORD_SEALED, views, size);
    sample_hash(SAMPLE_PROOF, r.verifier);
    sample_hash(SAMPLE_OWNER, r.owner_hash);
    for (size_t i = 0; i < sizeof(r.header); i++)
        r.header[i] = (uint8_t)(200 + i);
    r.passphrase = attempts > 0;
    r.attempts = r.attempts_left = attempts;
    return r;
}

/* Put a blob name that nothing else has into ${r}. */
static void
name_blob(struct record *r) {
    static atomic_uint count;
    (void)snprintf(r->blob, sizeof(r->blob), "Blob%018u", atomic_fetch_add(&count, 1));
    r->content = CONTENT_BLOBS;
}

struct record
sample_upload(int views, uint32_t parts) {
    struct record r = sample_sealed(views, 0, (uint64_t)(parts - 1) * SAMPLE_PART + 500);
    r.phase = PHASE_UPLOADING;
    r.part_size = SAMPLE_PART;
    name_blob(&r);
    return r;
}

static void
fill_classic(struct classic_record *classic) {
    memset(classic->salt, 0xA1, sizeof(classic->salt));
    memset(classic->header, 0xFF, sizeof(classic->header));
    memset(classic->nonce, 0xC3, CLASSIC_NONCE_LEN);
    memset(classic->tag, 0x00, sizeof(classic->tag));
    classic->nonce_len = CLASSIC_NONCE_LEN;
}

struct record
sample_text(int views, uint64_t size) {
    struct record r = sample_record(RECORD_CLASSIC_TEXT, views, size);
    fill_classic(&r.classic);
    return r;
}

struct record
sample_file(uint64_t size) {
    struct record r = sample_record(RECORD_CLASSIC_FILE, 1, size);
    fill_classic(&r.classic);
    (void)snprintf(r.file_name, sizeof(r.file_name), "r\xC3\xA9sum\xC3\xA9 \"1\".pdf");
    name_blob(&r);
    return r;
}

struct buf
sample_content(uint64_t size) {
    struct buf b = BUF_INIT((size_t)size + 1);
    for (uint64_t i = 0; i < size; i++)
        assert_int_equal(buf_add_byte(&b, (uint8_t)(i * 31 + (i >> 8))), 0);
    return b;
}

/* A wrap of ${len} bytes.  Free it with buf_free(). */
static struct buf
sample_wrap(uint32_t len) {
    struct buf b = BUF_INIT(len + 1);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(buf_add_byte(&b, (uint8_t)(i * 17 + (i >> 8) + 3)), 0);
    return b;
}

struct store_ref
sample_create(struct store *s, const struct record *r) {
    static atomic_uint count;
    struct store_ref ref = {0};
    char id[TOKEN_SEALED_ID_LEN + 1];
    bool classic = record_is_classic(r);
    (void)snprintf(id, sizeof(id), "Id%0*u", classic ? 14 : 20, atomic_fetch_add(&count, 1));
    s->ops->ref(s, id, &ref);
    struct buf content = sample_content(r->content == CONTENT_INLINE ? r->size : 0);
    struct buf wrap = sample_wrap(r->wrap_len);
    assert_int_equal(s->ops->create(s, &ref, r, r->content == CONTENT_INLINE ? &content : NULL,
                                    r->wrap_len > 0 ? &wrap : NULL),
                     1);
    buf_free(&content);
    buf_free(&wrap);
    return ref;
}

static enum verdict
decide(struct store *s, const struct store_ref *ref, const struct change *c) {
    struct effect effect;
    assert_int_equal(s->ops->change(s, ref, c, &effect, NULL), 1);
    return effect.verdict;
}

enum verdict
sample_change(struct store *s, const struct store_ref *ref, enum change_kind kind, int64_t now,
              unsigned hash, unsigned proof) {
    struct change c = {.kind = kind, .now = now};
    sample_hash(hash, c.hash);
    sample_hash(proof, c.proof);
    memcpy(c.mark, &hash, sizeof(hash));
    return decide(s, ref, &c);
}

enum verdict
sample_part(struct store *s, const struct store_ref *ref, int64_t now, unsigned hash,
            uint32_t part) {
    struct change c = {.kind = CHANGE_PART, .now = now, .part = part};
    sample_hash(hash, c.hash);
    return decide(s, ref, &c);
}

struct record
sample_load(struct store *s, const struct store_ref *ref) {
    struct record r;
    assert_int_equal(s->ops->load(s, ref, &r, NULL), 1);
    return r;
}

bool
sample_exists(struct store *s, const struct store_ref *ref) {
    struct record r;
    int found = s->ops->load(s, ref, &r, NULL);
    assert_true(found >= 0);
    record_clear(&r);
    return found == 1;
}

bool
sample_has_content(struct store *s, const struct store_ref *ref, uint64_t size) {
    struct record r;
    struct buf got = BUF_INIT((size_t)size), want = sample_content(size);
    int found = s->ops->load(s, ref, &r, &got);
    assert_true(found >= 0);
    bool there = found == 1 && r.content == CONTENT_INLINE;
    assert_true(!there || buf_equals(&got, want.data, want.len));
    assert_true(there || got.len == 0);
    record_clear(&r);
    buf_free(&got);
    buf_free(&want);
    return there;
}

bool
sample_has_wrap(struct store *s, const struct store_ref *ref, uint32_t len) {
    struct record r;
    struct buf got = BUF_INIT(len + 1), want = sample_wrap(len);
    int found = s->ops->load_wrap(s, ref, &r, &got);
    assert_true(found >= 0);
    bool there = found == 1 && record_has_wrap(&r);
    assert_true(!there || buf_equals(&got, want.data, want.len));
    assert_true(there || got.len == 0);
    record_clear(&r);
    buf_free(&got);
    buf_free(&want);
    return there;
}
