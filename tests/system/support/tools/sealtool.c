/* SPDX-License-Identifier: MIT */
/*
 * Seals and opens for tests in other languages: each line on standard input is a request, one JSON
 * object; each gets one line on standard output.  Bytes are base64 (standard alphabet).
 *
 *   {"op":"seal","link_key":K,"log2_n":N,"r":R,"p":P,"content":B,"name":T?,"type":T?,"piece":n}
 *       {"envelope":B,"access":B,"verifier":B}
 *   {"op":"open","link_key":K,"passphrase":T?,"envelope":B,"piece":n}
 *       {"outcome":"ok","size":n,"name":T?,"type":T?,"content":B,"access":B}, or another outcome
 *   {"op":"classic-seal","passphrase":T,"content":B}
 *       {"salt":B,"header":B,"nonce":B,"tag":B,"data":B}
 *   {"op":"classic-open","passphrase":T,"salt":B,"header":B,"nonce":B,"tag":B?,"data":B}
 *       {"outcome":"ok","content":B} or {"outcome":"refused"}
 */
#include <stdarg.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/json.h"
#include "crypto/classic.h"
#include "crypto/envelope/opener.h"
#include "crypto/envelope/sealer.h"

enum { BYTES_MAX = 64 << 20 };

static void
must(bool ok, const char *what) {
    if (ok) return;
    fprintf(stderr, "sealtool: %s\n", what);
    exit(1);
}

static void
get_bytes(const json_t *in, const char *key, struct buf *out) {
    const char *text = json_string_value(json_object_get(in, key));
    *out = BUF_INIT(BYTES_MAX);
    if (text != NULL) must(base64_decode(BASE64_STD, text, strlen(text), out) == 0, key);
}

/* The bytes at ${key}, which must be ${len}. */
static void
get_exact(const json_t *in, const char *key, uint8_t *out, size_t len) {
    struct buf b;
    get_bytes(in, key, &b);
    must(b.len == len, key);
    memcpy(out, b.data, len);
    buf_free(&b);
}

static void
put_bytes(json_t *out, const char *key, const void *data, size_t len) {
    struct buf b = BUF_INIT(2 * (size_t)BYTES_MAX);
    must(base64_encode(BASE64_STD, data, len, &b) == 0, key);
    must(json_object_set_new(out, key, json_string(buf_text(&b))) == 0, key);
    buf_free(&b);
}

static const char *
get_text(const json_t *in, const char *key) {
    return json_string_value(json_object_get(in, key));
}

static uint8_t
get_byte(const json_t *in, const char *key) {
    return (uint8_t)json_integer_value(json_object_get(in, key));
}

static size_t
get_piece(const json_t *in) {
    json_int_t piece = json_integer_value(json_object_get(in, "piece"));
    return piece > 0 ? (size_t)piece : BYTES_MAX;
}

static int
collect(void *ctx, uint64_t offset, const uint8_t *data, size_t len) {
    struct buf *out = ctx;
    must(offset == out->len, "out of order");
    return buf_add(out, data, len);
}

static void
get_secret(const json_t *in, struct buf *out) {
    const char *link_key = get_text(in, "link_key"), *passphrase = get_text(in, "passphrase");
    *out = BUF_INIT(4096);
    must(envelope_secret(link_key, strlen(link_key), passphrase,
                         passphrase == NULL ? 0 : strlen(passphrase), out) == 0,
         "secret");
}

static void
seal(const json_t *in, json_t *out) {
    struct kdf_params cost = {
        .log2_n = get_byte(in, "log2_n"), .r = get_byte(in, "r"), .p = get_byte(in, "p")};
    struct buf content, secret, sealed = BUF_INIT(BYTES_MAX);
    struct envelope_meta meta;
    struct envelope_sealer *s = NULL;
    struct kdf_arena *arena = kdf_arena_new(cost);
    size_t piece = get_piece(in), n;
    get_bytes(in, "content", &content);
    get_secret(in, &secret);
    must(envelope_meta_set(&meta, content.len, get_text(in, "name"), get_text(in, "type")) == 0,
         "metadata");
    must(envelope_sealer_new(&s, &random_system, arena, cost, secret.data, secret.len, &meta,
                             collect, &sealed) == 0,
         "sealer");
    for (size_t at = 0; at < content.len; at += n) {
        n = content.len - at < piece ? content.len - at : piece;
        must(envelope_sealer_add(s, content.data + at, n) == 0, "add");
    }
    must(envelope_sealer_end(s) == 0, "end");
    put_bytes(out, "envelope", sealed.data, sealed.len);
    put_bytes(out, "access", envelope_sealer_keys(s)->access, 32);
    put_bytes(out, "verifier", envelope_sealer_keys(s)->verifier, 32);
    envelope_sealer_free(s);
    kdf_arena_free(arena);
    buf_free(&content);
    buf_free(&secret);
    buf_free(&sealed);
}

static int
derive(const json_t *in, const struct buf *sealed, struct envelope_keys *keys) {
    struct envelope_header h;
    struct buf secret;
    if (sealed->len < ENVELOPE_HEADER_LEN || envelope_header_parse(sealed->data, &h) != 0)
        return ENVELOPE_HEADER_FAILURE;
    struct kdf_arena *arena =
        kdf_arena_new((struct kdf_params){.log2_n = h.log2_n, .r = h.r, .p = h.p});
    get_secret(in, &secret);
    int verdict = envelope_derive(arena, sealed->data, secret.data, secret.len, keys);
    buf_free(&secret);
    kdf_arena_free(arena);
    return verdict;
}

static int
feed(struct envelope_opener *o, const struct buf *sealed, size_t piece) {
    size_t n;
    int verdict = ENVELOPE_OK;
    for (size_t at = 0; at < sealed->len && verdict == ENVELOPE_OK; at += n) {
        n = sealed->len - at < piece ? sealed->len - at : piece;
        verdict = envelope_opener_add(o, sealed->data + at, n);
    }
    return verdict == ENVELOPE_OK ? envelope_opener_end(o) : verdict;
}

static void
put_opened(json_t *out, const struct envelope_meta *meta, const struct buf *content,
           const struct envelope_keys *keys) {
    json_object_set_new(out, "size", json_integer((json_int_t)meta->size));
    if (meta->is_file) {
        json_object_set_new(out, "name", json_stringn(meta->name, meta->name_len));
        json_object_set_new(out, "type", json_string(meta->type));
    }
    put_bytes(out, "content", content->data, content->len);
    put_bytes(out, "access", keys->access, sizeof(keys->access));
}

static void
open_sealed(const json_t *in, json_t *out) {
    static const char *const outcomes[] = {"ok", "header failure", "payload failure",
                                           "content failure"};
    struct buf sealed, content = BUF_INIT(BYTES_MAX);
    struct envelope_keys keys;
    get_bytes(in, "envelope", &sealed);
    int verdict = derive(in, &sealed, &keys);
    struct envelope_opener *o = envelope_opener_new(&keys, collect, &content);
    if (verdict == ENVELOPE_OK) verdict = feed(o, &sealed, get_piece(in));
    must(verdict >= 0, err_text(verdict));
    json_object_set_new(out, "outcome", json_string(outcomes[verdict]));
    if (verdict == ENVELOPE_OK) put_opened(out, envelope_opener_meta(o), &content, &keys);
    envelope_opener_free(o);
    buf_free(&sealed);
    buf_free(&content);
}

static void
classic_key(const json_t *in, const struct classic_record *classic, uint8_t *key) {
    struct kdf_arena *arena = kdf_arena_new(KDF_CLASSIC);
    const char *passphrase = get_text(in, "passphrase");
    must(kdf_derive(arena, KDF_CLASSIC, passphrase, strlen(passphrase), classic->salt,
                    sizeof(classic->salt), key, CLASSIC_KEY_LEN) == 0,
         "derivation");
    kdf_arena_free(arena);
}

static void
seal_classic(const json_t *in, json_t *out) {
    struct classic_record classic;
    struct buf content, sealed = BUF_INIT(BYTES_MAX);
    uint8_t key[CLASSIC_KEY_LEN];
    get_bytes(in, "content", &content);
    classic_init(&classic, &random_system);
    classic_key(in, &classic, key);
    must(classic_seal(&classic, key, content.data, content.len, &sealed) == 0, "seal");
    put_bytes(out, "salt", classic.salt, sizeof(classic.salt));
    put_bytes(out, "header", classic.header, sizeof(classic.header));
    put_bytes(out, "nonce", classic.nonce, classic.nonce_len);
    put_bytes(out, "tag", classic.tag, sizeof(classic.tag));
    put_bytes(out, "data", sealed.data, sealed.len);
    buf_free(&content);
    buf_free(&sealed);
}

static void
open_classic(const json_t *in, json_t *out) {
    bool tag = get_text(in, "tag") != NULL;
    struct classic_record classic = {.nonce_len = tag ? CLASSIC_NONCE_LEN : CLASSIC_NONCE2_LEN};
    struct buf sealed, content = BUF_INIT(BYTES_MAX);
    uint8_t key[CLASSIC_KEY_LEN];
    get_bytes(in, "data", &sealed);
    get_exact(in, "salt", classic.salt, sizeof(classic.salt));
    get_exact(in, "header", classic.header, sizeof(classic.header));
    get_exact(in, "nonce", classic.nonce, classic.nonce_len);
    if (tag) get_exact(in, "tag", classic.tag, sizeof(classic.tag));
    classic_key(in, &classic, key);
    int err = classic_open(&classic, key, sealed.data, sealed.len, &content);
    must(err == 0 || err == ERR_TAG, "open");
    json_object_set_new(out, "outcome", json_string(err == 0 ? "ok" : "refused"));
    if (err == 0) put_bytes(out, "content", content.data, content.len);
    buf_free(&sealed);
    buf_free(&content);
}

static void
answer(const char *line, size_t len) {
    static const struct {
        const char *name;
        void (*run)(const json_t *in, json_t *out);
    } ops[] = {{"seal", seal},
               {"open", open_sealed},
               {"classic-seal", seal_classic},
               {"classic-open", open_classic}};
    json_t *in = json_parse_object(line, len), *out = json_object();
    must(in != NULL && get_text(in, "op") != NULL, "request");
    for (size_t i = 0; i < ARRAY_LEN(ops); i++)
        if (strcmp(ops[i].name, get_text(in, "op")) == 0) ops[i].run(in, out);
    must(json_dumpf(out, stdout, JSON_COMPACT) == 0 && putchar('\n') == '\n', "answer");
    fflush(stdout);
    json_decref(in);
    json_decref(out);
}

int
main(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    json_setup();
    while ((len = getline(&line, &room, stdin)) > 0)
        answer(line, (size_t)len);
    free(line);
    return 0;
}
