/* SPDX-License-Identifier: MIT */
#include "crypto/envelope/sealer.h"

#include "base/err.h"
#include "base/size.h"

/* The chunks of content up to this size have 32-bit numbers, whatever the padding adds. */
#define CONTENT_MAX ((uint64_t)1 << 47)

struct envelope_sealer {
    struct envelope_keys keys;
    envelope_sink sink;
    void *ctx;
    uint64_t padded;    /* length of the whole plaintext */
    uint64_t chunks;    /* of the whole envelope */
    uint64_t next;      /* number of the chunk that is being filled */
    uint64_t remaining; /* bytes of content still to come */
    int failed;         /* the first error, or 0 */
    bool begun;         /* the sink has the header */

    /* Only if the size is not known yet; padded and chunks are UINT64_MAX then. */
    bool open_ended;
    struct envelope_meta meta;
    size_t meta_len; /* bytes of JSON in the first chunk */
    uint8_t *first;  /* the plaintext of the first chunk, in ENVELOPE_SEALED_CHUNK_LEN bytes */

    size_t filled;
    uint8_t chunk[ENVELOPE_SEALED_CHUNK_LEN]; /* plaintext, encrypted in place */
};

/* Return how many plaintext bytes the chunk that is being filled has. */
static size_t
sealer_chunk_len(const struct envelope_sealer *s) {
    uint64_t left = s->padded - s->next * ENVELOPE_CHUNK_LEN;
    if (left > ENVELOPE_CHUNK_LEN) return ENVELOPE_CHUNK_LEN;
    return (size_t)left;
}

/* Seal the ${len} bytes at ${chunk} in place, where there is room for the tag, and give them to the
 * sink. */
static int
sealer_seal(struct envelope_sealer *s, uint64_t number, uint8_t *chunk, size_t len) {
    uint8_t nonce[AEAD_NONCE_LEN];
    struct aead_params params =
        envelope_chunk_params(&s->keys, (uint32_t)number, number + 1 == s->chunks, nonce);
    int err = aead_seal(&params, chunk, len, chunk, chunk + len);
    if (err != 0) return err;
    return s->sink(s->ctx, envelope_chunk_offset(number), chunk, len + AEAD_TAG_LEN);
}

/* Seal the chunk, which is full, and give it to the sink, after the header if it is the first.  The
 * first chunk of content of unknown size is kept instead. */
static int
sealer_seal_chunk(struct envelope_sealer *s) {
    uint64_t number = s->next++; /* never used again, whatever fails below */
    size_t len = s->filled;

    if (!s->begun) {
        int err = s->sink(s->ctx, 0, s->keys.header, sizeof(s->keys.header));
        if (err != 0) return err;
        s->begun = true;
    }

    s->filled = 0;
    if (!s->open_ended || number > 0) return sealer_seal(s, number, s->chunk, len);
    memcpy(s->first, s->chunk, len);
    return 0;
}

/* Add ${len} plaintext bytes from ${data}, or zeros if ${data} is NULL.  Every chunk but the
 * last is sealed as soon as it is full. */
static int
sealer_take(struct envelope_sealer *s, const uint8_t *data, uint64_t len) {
    while (len > 0) {
        /* Without a known size, a full chunk may be the last one until more bytes come. */
        if (s->open_ended && s->filled == ENVELOPE_CHUNK_LEN) {
            int err = sealer_seal_chunk(s);
            if (err != 0) return err;
        }

        size_t n = (size_t)size_min(len, sealer_chunk_len(s) - s->filled);
        if (data == NULL) memset(s->chunk + s->filled, 0, n);
        else memcpy(s->chunk + s->filled, data, n);
        if (data != NULL) data += n;
        s->filled += n;
        len -= n;

        if (s->open_ended || s->filled < ENVELOPE_CHUNK_LEN || s->next + 1 == s->chunks) continue;
        int err = sealer_seal_chunk(s);
        if (err != 0) return err;
    }
    return 0;
}

/* Set the length of the envelope for ${plain} bytes of plaintext without padding.  Returns 0 or
 * ERR_TOO_LARGE. */
static int
sealer_set_length(struct envelope_sealer *s, uint64_t plain) {
    s->padded = envelope_padded_len(plain);
    s->chunks = (s->padded + ENVELOPE_CHUNK_LEN - 1) / ENVELOPE_CHUNK_LEN;
    if (s->chunks > UINT32_MAX) return ERR_TOO_LARGE;
    return 0;
}

/* Prepare for content of unknown size.  The metadata is written with the largest size, so that the
 * true one has room in its place. */
static int
sealer_begin_open_ended(struct envelope_sealer *s, struct envelope_meta *meta) {
    meta->size = CONTENT_MAX;
    s->meta = *meta;
    s->open_ended = true;
    s->padded = s->chunks = UINT64_MAX;
    s->first = malloc(ENVELOPE_SEALED_CHUNK_LEN);
    if (s->first == NULL) return ERR_NOMEM;
    return 0;
}

/* Begin the plaintext with the length of the metadata and the metadata.  Returns 0,
 * ERR_TOO_LARGE or ERR_NOMEM. */
static int
sealer_take_meta(struct envelope_sealer *s, const struct envelope_meta *meta) {
    struct buf json = BUF_INIT(ENVELOPE_METADATA_MAX);
    int err = envelope_meta_write(meta, &json);
    if (err == 0) {
        uint8_t len[4] = {0, 0, (uint8_t)(json.len >> 8), (uint8_t)json.len};
        s->remaining = meta->size;
        s->meta_len = json.len;
        if (!s->open_ended) err = sealer_set_length(s, sizeof(len) + json.len + meta->size);
        if (err == 0) err = sealer_take(s, len, sizeof(len));
        if (err == 0) err = sealer_take(s, json.data, json.len);
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

    /* Every envelope has its own salt and so its own key, under which no nonce repeats. */
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
    if (err == 0 && meta->size == ENVELOPE_SIZE_UNKNOWN) err = sealer_begin_open_ended(s, &known);
    if (err == 0) err = sealer_take_meta(s, &known);
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
    if (s->open_ended) return 0;
    return envelope_sealed_len(s->padded);
}

int
envelope_sealer_add(struct envelope_sealer *s, const void *content, size_t len) {
    if (s->failed != 0) return s->failed;
    if (len > s->remaining) return s->failed = ERR_TOO_LARGE;
    s->remaining -= len;
    return s->failed = sealer_take(s, content, len);
}

/* Write the true size into the metadata of the chunk at ${first}, and fill the rest of it with
 * spaces. */
static int
sealer_patch_meta(struct envelope_sealer *s, uint8_t *first) {
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

/* End content whose size is known now: pad it, seal what is left, and then seal the first chunk. */
static int
sealer_end_open_ended(struct envelope_sealer *s) {
    uint64_t taken = s->next * ENVELOPE_CHUNK_LEN + s->filled;
    int err = sealer_set_length(s, taken);
    if (err == 0) err = sealer_take(s, NULL, s->padded - taken);

    /* The only chunk has not been kept, so it is patched where it is. */
    if (s->chunks == 1) {
        s->open_ended = false;
        if (err == 0) err = sealer_patch_meta(s, s->chunk);
        if (err == 0) err = sealer_seal_chunk(s);
        return err;
    }

    if (err == 0) err = sealer_patch_meta(s, s->first);
    if (err == 0) err = sealer_seal_chunk(s);
    s->open_ended = false;
    if (err == 0) err = sealer_seal(s, 0, s->first, ENVELOPE_CHUNK_LEN);
    return err;
}

int
envelope_sealer_end(struct envelope_sealer *s) {
    if (s->failed != 0) return s->failed;
    if (s->open_ended) return s->failed = sealer_end_open_ended(s);
    if (s->remaining > 0 || s->next == s->chunks) return s->failed = ERR_INVALID;

    uint64_t taken = s->next * ENVELOPE_CHUNK_LEN + s->filled;
    s->failed = sealer_take(s, NULL, s->padded - taken);
    if (s->failed == 0) s->failed = sealer_seal_chunk(s);
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
