/* SPDX-License-Identifier: MIT */
#include "vault_fixture.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "memory_blobs.h"
#include "memory_store.h"

static int64_t
fixture_now(void *ctx) {
    return atomic_load(&((struct vault_fixture *)ctx)->now);
}

/* SplitMix64: enough for a test, and one atomic add a word. */
static void
fixture_fill(void *ctx, void *out, size_t len) {
    struct vault_fixture *w = ctx;
    uint8_t *to = out;
    while (len > 0) {
        uint64_t z = atomic_fetch_add(&w->seed, UINT64_C(0x9E3779B97F4A7C15));
        size_t n = len < sizeof(z) ? len : sizeof(z);
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        z ^= z >> 31;
        memcpy(to, &z, n);
        to += n;
        len -= n;
    }
}

void
fixture_init(struct vault_fixture *w, struct store *store, struct blobs *blobs, uint64_t seed) {
    *w = (struct vault_fixture){
        .vault = {.store = store,
                  .blobs = blobs,
                  .clock = {.now = fixture_now, .ctx = w},
                  .random = {.fill = fixture_fill, .ctx = w},
                  .limits = {.part_size = FIXTURE_PART}},
        .now = FIXTURE_T0,
        .seed = seed,
    };
}

void
fixture_open(struct vault_fixture *w) {
    fixture_init(w, memory_store_open(FIXTURE_INLINE_MAX), memory_blobs_open(), 1);
    assert_non_null(w->vault.store);
    assert_non_null(w->vault.blobs);
}

void
fixture_close(struct vault_fixture *w) {
    w->vault.store->ops->close(w->vault.store);
    w->vault.blobs->ops->close(w->vault.blobs);
}

struct kdf_pool *fixture_kdf;

int
fixture_start_kdf(void **state) {
    (void)state;
    fixture_kdf = kdf_pool_new(
        &(struct kdf_pool_config){.threads = 2, .queue_max = 64, .params = KDF_CLASSIC});
    return fixture_kdf == NULL ? -1 : 0;
}

int
fixture_stop_kdf(void **state) {
    (void)state;
    kdf_pool_free(fixture_kdf);
    return 0;
}

void
fixture_access(unsigned n, uint8_t access[static 32], uint8_t verifier[static 32]) {
    memset(access, 0x5A, 32);
    memcpy(access, &n, sizeof(n));
    token_hash(access, 32, verifier);
}

void
fixture_header(uint8_t header[static ENVELOPE_HEADER_LEN]) {
    struct envelope_header h = {.log2_n = 14, .r = 8, .p = 1};
    memset(h.salt, 0x33, sizeof(h.salt));
    envelope_header_write(&h, header);
}

struct buf
fixture_envelope(size_t size) {
    struct buf b = BUF_INIT(size);
    uint8_t header[ENVELOPE_HEADER_LEN];
    fixture_header(header);
    assert_int_equal(buf_add(&b, header, sizeof(header)), 0);
    while (b.len < size)
        assert_int_equal(buf_add_byte(&b, (uint8_t)(b.len * 7 + (b.len >> 9))), 0);
    return b;
}

struct vault_sealed_new
fixture_new(int views, int attempts, uint64_t size, const struct buf *content) {
    struct vault_sealed_new in = {
        .views = views, .ttl = 86400, .attempts = attempts, .size = size, .content = content};
    uint8_t access[32];
    fixture_access(1, access, in.verifier);
    fixture_header(in.header);
    return in;
}

static int
keep(void *ctx, const struct vault_classic_opened *o) {
    struct fixture_reader *r = ctx;
    r->calls++;
    if (r->refuse != 0) return r->refuse;
    buf_init(&r->got.plain, o->plain.len);
    memcpy(r->got.file_name, o->file_name, sizeof(r->got.file_name));
    return buf_add(&r->got.plain, o->plain.data, o->plain.len);
}

void
fixture_reader(struct fixture_reader *r, size_t text_max, size_t file_max) {
    *r = (struct fixture_reader){
        .base = {.text_max = text_max, .file_max = file_max, .prepare = keep, .ctx = r}};
}

void
fixture_reader_end(struct fixture_reader *r) {
    buf_free(&r->got.plain);
}

const char *
fixture_token(unsigned n, char out[static TOKEN_LEN + 1]) {
    (void)snprintf(out, TOKEN_LEN + 1, "Token%038u", n);
    return out;
}

enum verdict
fixture_open_secret(struct vault_fixture *w, const char *id, unsigned access, unsigned lease,
                    const struct buf *want) {
    struct vault_sealed_opened o;
    uint8_t key[32], verifier[32];
    char token[TOKEN_LEN + 1];
    fixture_access(access, key, verifier);
    assert_int_equal(
        vault_sealed_open(&w->vault, id,
                          &(struct vault_sealed_opening){.access = key,
                                                         .lease = fixture_token(lease, token),
                                                         .content_max = FIXTURE_INLINE_MAX},
                          &o),
        1);
    bool given = o.verdict == VERDICT_OK || o.verdict == VERDICT_REPEAT;
    assert_true(given || (!o.has_content && o.content.len == 0));
    if (given && want != NULL) {
        assert_true(o.has_content);
        assert_true(buf_equals(&o.content, want->data, want->len));
    }
    enum verdict verdict = o.verdict;
    vault_sealed_opened_clear(&o);
    return verdict;
}

struct fixture_later {
    struct store_later later;
    atomic_bool done;
};

static void
post_outcome(struct store_later *l) {
    atomic_store(&((struct fixture_later *)l)->done, true);
}

static void
wait_for_outcome(struct fixture_later *l) {
    while (!atomic_load(&l->done))
        (void)sched_yield();
}

int
fixture_create_later(struct vault *v, const struct vault_sealed_new *in,
                     struct vault_sealed_created *out) {
    struct fixture_later l = {.later = {.done = post_outcome}};
    struct vault_sealed_creation c;
    if (!vault_has_later(v)) return vault_sealed_create(v, in, out);

    *out = (struct vault_sealed_created){0};
    int result = vault_sealed_begin_create(v, in, &c, &l.later);
    if (result != 0) return result;
    wait_for_outcome(&l);
    return vault_sealed_end_create(v, &c, &l.later, out);
}

int
fixture_open_later(struct vault *v, const char *id, const struct vault_sealed_opening *in,
                   struct vault_sealed_opened *out) {
    struct fixture_later l = {.later = {.done = post_outcome}};
    struct vault_sealed_claim c;
    if (!vault_has_later(v)) return vault_sealed_open(v, id, in, out);

    *out = (struct vault_sealed_opened){0};
    int result = vault_sealed_begin_open(v, id, in, &c, &l.later);
    if (result != 0) return result;
    wait_for_outcome(&l);
    result = vault_sealed_end_open(v, &c, &l.later, out);
    return result == 0 ? vault_sealed_open(v, id, in, out) : result;
}
