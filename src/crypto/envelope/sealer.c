/* SPDX-License-Identifier: MIT */
#include "crypto/envelope/sealer.h"

#include "base/err.h"

#define CONTENT_MAX ((uint64_t)1 << 47) /* chunks of it surely have 32-bit numbers */

struct envelope_sealer {
    struct envelope_keys keys;
    envelope_sink sink;
    void *ctx;
    uint64_t padded;           /* length of the whole plaintext */
    uint64_t chunks;           /* of the whole envelope */
    uint64_t next;             /* number of the chunk in the making */
    uint64_t remaining;        /* content still announced */
    int failed;                /* the first error; nothing goes on after it */
    bool begun;                /* the header is out */
    bool open_ended;           /* the size is not known yet; padded and chunks are beyond any */
    struct envelope_meta meta; /* only where it is not */
    size_t meta_len;
    uint8_t *first; /* likewise: plaintext of the first chunk, ENVELOPE_SEALED_CHUNK_LEN of room */
    size_t filled;
    uint8_t chunk[ENVELOPE_SEALED_CHUNK_LEN]; /* plaintext, sealed in place */
};

/* Plaintext bytes of the chunk in the making. */
static size_t
chunk_len(const struct envelope_sealer *s) {
    uint64_t left = s->padded - s->next * ENVELOPE_CHUNK_LEN;
    return left < ENVELOPE_CHUNK_LEN ? (size_t)left : ENVELOPE_CHUNK_LEN;
}

/* Seal the ${len} bytes at ${chunk} in place, with room for the tag, and hand them on. */
static int
seal(struct envelope_sealer *s, uint64_t number, uint8_t *chunk, size_t len) {
    uint8_t nonce[AEAD_NONCE_LEN];
    struct aead_params params =
        envelope_chunk_params(&s->keys, (uint32_t)number, number + 1 == s->chunks, nonce);
    int err = aead_seal(&params, chunk, len, chunk, chunk + len);
    if (err != 0) return err;
    return s->sink(s->ctx, envelope_chunk_offset(number), chunk, len + AEAD_TAG_LEN);
}

/* Seal the chunk, which is full, and hand it on; the header before the first. */
static int
seal_chunk(struct envelope_sealer *s) {
    uint64_t number = s->next++; /* whatever follows, this number is used up */
    size_t len = s->filled;
    if (!s->begun) {
        int err = s->sink(s->ctx, 0, s->keys.header, sizeof(s->keys.header));
        if (err != 0) return err;
        s->begun = true;
    }
    s->filled = 0;
    if (!s->open_ended || number > 0) return seal(s, number, s->chunk, len);
    memcpy(s->first, s->chunk, len);
    return 0;
}

/* Take ${len} plaintext bytes, zeros if ${data} is NULL; every chunk but the last goes out as soon
 * as it is full. */
static int
take(struct envelope_sealer *s, const uint8_t *data, uint64_t len) {
    while (len > 0) {
        /* Of what has no known end, a full chunk is the last one until more comes. */
        if (s->open_ended && s->filled == ENVELOPE_CHUNK_LEN) {
            int err = seal_chunk(s);
            if (err != 0) return err;
        }
        size_t room = chunk_len(s) - s->filled;
        size_t n = len < room ? (size_t)len : room;
        if (data == NULL) memset(s->chunk + s->filled, 0, n);
        else memcpy(s->chunk + s->filled, data, n);
        if (data != NULL) data += n;
        s->filled += n;
        len -= n;
        if (s->open_ended || s->filled < ENVELOPE_CHUNK_LEN || s->next + 1 == s->chunks) continue;
        int err = seal_chunk(s);
        if (err != 0) return err;
    }
    return 0;
}

/* How long the whole is, for ${plain} bytes of plaintext without padding. */
static int
set_length(struct envelope_sealer *s, uint64_t plain) {
    s->padded = envelope_padded_len(plain);
    s->chunks = (s->padded + ENVELOPE_CHUNK_LEN - 1) / ENVELOPE_CHUNK_LEN;
    return s->chunks > UINT32_MAX ? ERR_TOO_LARGE : 0;
}

/* Prepare for content of unknown length: its size goes where the largest one has room. */
static int
begin_open_ended(struct envelope_sealer *s, struct envelope_meta *meta) {
    meta->size = CONTENT_MAX;
    s->meta = *meta;
    s->open_ended = true;
    s->padded = s->chunks = UINT64_MAX;
    s->first = malloc(ENVELOPE_SEALED_CHUNK_LEN);
    return s->first == NULL ? ERR_NOMEM : 0;
}

/* Put the metadata and its length in front.  Returns 0, ERR_TOO_LARGE, ERR_NOMEM. */
static int
take_meta(struct envelope_sealer *s, const struct envelope_meta *meta) {
    struct buf json = BUF_INIT(ENVELOPE_METADATA_MAX);
    int err = envelope_meta_write(meta, &json);
    if (err == 0) {
        uint8_t len[4] = {0, 0, (uint8_t)(json.len >> 8), (uint8_t)json.len};
        s->remaining = meta->size;
        s->meta_len = json.len;
        if (!s->open_ended) err = set_length(s, sizeof(len) + json.len + meta->size);
        if (err == 0) err = take(s, len, sizeof(len));
        if (err == 0) err = take(s, json.data, json.len);
    }
    buf_free(&json);
    return err;
}

int
envelope_sealer_new(struct envelope_sealer **out, const struct random *random,
                    struct kdf_arena *arena, struct kdf_params cost, const void *secret,
                    size_t secret_len, const struct envelope_meta *meta, envelope_sink sink,
                    void *ctx) {
    struct envelope_header h = {.log2_n = cost.log2_n, .r = cost.r, .p = cost.p};
    uint8_t header[ENVELOPE_HEADER_LEN];
    *out = NULL;
    random_fill(random, h.salt, sizeof(h.salt));
    envelope_header_write(&h, header);
    struct envelope_sealer *s = malloc(sizeof(*s));
    if (s == NULL) return ERR_NOMEM;
    memset(s, 0, sizeof(*s));
    s->sink = sink;
    s->ctx = ctx;
    int err = envelope_derive(arena, header, secret, secret_len, &s->keys);
    if (err == ENVELOPE_HEADER_FAILURE) err = ERR_INVALID;
    struct envelope_meta known = *meta;
    if (err == 0 && meta->size == ENVELOPE_SIZE_UNKNOWN) err = begin_open_ended(s, &known);
    if (err == 0) err = take_meta(s, &known);
    explicit_bzero(&known, sizeof(known));
    if (err == 0) *out = s;
    else envelope_sealer_free(s);
    return err;
}

const struct envelope_keys *
envelope_sealer_keys(const struct envelope_sealer *s) {
    return &s->keys;
}

uint64_t
envelope_sealer_size(const struct envelope_sealer *s) {
    return s->open_ended ? 0 : envelope_sealed_len(s->padded);
}

int
envelope_sealer_add(struct envelope_sealer *s, const void *content, size_t len) {
    if (s->failed != 0) return s->failed;
    if (len > s->remaining) return s->failed = ERR_TOO_LARGE;
    s->remaining -= len;
    return s->failed = take(s, content, len);
}

/* Write the true size into the metadata, with spaces in the room that is left. */
static int
patch_meta(struct envelope_sealer *s, uint8_t *first) {
    struct buf json = BUF_INIT(ENVELOPE_METADATA_MAX);
    s->meta.size = CONTENT_MAX - s->remaining;
    int err = envelope_meta_write(&s->meta, &json);
    if (err == 0) {
        memcpy(first + 4, json.data, json.len);
        memset(first + 4 + json.len, ' ', s->meta_len - json.len);
    }
    buf_free(&json);
    return err;
}

/* Now that the size is known: pad, seal the rest, and the first chunk behind it. */
static int
end_open_ended(struct envelope_sealer *s) {
    uint64_t taken = s->next * ENVELOPE_CHUNK_LEN + s->filled;
    int err = set_length(s, taken);
    if (err == 0) err = take(s, NULL, s->padded - taken);
    if (err == 0) err = patch_meta(s, s->chunks == 1 ? s->chunk : s->first);
    if (err == 0 && s->chunks > 1) {
        err = seal_chunk(s);
        s->open_ended = false;
        return err == 0 ? seal(s, 0, s->first, ENVELOPE_CHUNK_LEN) : err;
    }
    s->open_ended = false;
    return err == 0 ? seal_chunk(s) : err;
}

int
envelope_sealer_end(struct envelope_sealer *s) {
    if (s->failed != 0) return s->failed;
    if (s->open_ended) return s->failed = end_open_ended(s);
    if (s->remaining > 0 || s->next == s->chunks) return s->failed = ERR_INVALID;
    uint64_t taken = s->next * ENVELOPE_CHUNK_LEN + s->filled;
    s->failed = take(s, NULL, s->padded - taken);
    if (s->failed == 0) s->failed = seal_chunk(s);
    return s->failed;
}

void
envelope_sealer_free(struct envelope_sealer *s) {
    if (s == NULL) return;
    if (s->first != NULL) explicit_bzero(s->first, ENVELOPE_SEALED_CHUNK_LEN);
    free(s->first);
    explicit_bzero(s, sizeof(*s));
    free(s);
}
