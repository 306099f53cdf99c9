/* SPDX-License-Identifier: MIT */
#include "crypto/envelope/opener.h"

#include "base/err.h"
#include "base/size.h"

enum { META_PREFIX_LEN = 4 };

struct envelope_opener {
    struct envelope_keys keys;
    envelope_sink sink;
    void *ctx;
    struct envelope_meta meta;
    uint64_t content_start; /* offset in the plaintext; 0 until the metadata is known */
    uint64_t next;          /* number of the chunk that is being collected */
    int failed;             /* the first failure, or 0 */
    bool ended;
    size_t header_len; /* bytes received of the header */
    uint8_t header[ENVELOPE_HEADER_LEN];
    size_t filled;                            /* bytes received of the chunk */
    uint8_t chunk[ENVELOPE_SEALED_CHUNK_LEN]; /* ${filled} of it are sealed, then it is opened */
    struct aead_key *aead;
};

struct envelope_opener *
envelope_opener_new(const struct envelope_keys *keys, envelope_sink sink, void *ctx) {
    struct envelope_opener *o = malloc(sizeof(*o));
    if (o == NULL) return NULL;
    memset(o, 0, sizeof(*o));
    o->keys = *keys;
    o->sink = sink;
    o->ctx = ctx;
    o->aead = aead_key_new(AEAD_AES_256_GCM, keys->key);
    if (o->aead != NULL) return o;
    envelope_opener_free(o);
    return NULL;
}

/* Read the metadata, with which the ${len} plaintext bytes of the first chunk, at ${c}, begin. */
static int
opener_read_meta(struct envelope_opener *o, const uint8_t *c, size_t len) {
    if (len < META_PREFIX_LEN) return ENVELOPE_CONTENT_FAILURE;

    uint32_t n = (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3];
    if (n > ENVELOPE_METADATA_MAX || n > len - META_PREFIX_LEN) return ENVELOPE_CONTENT_FAILURE;
    int verdict = envelope_meta_parse(c + META_PREFIX_LEN, n, &o->meta);
    if (verdict == ENVELOPE_OK) o->content_start = META_PREFIX_LEN + n;
    return verdict;
}

/* Whether the ${len} bytes at ${data} are zero: the first is, and each equals the one before. */
static bool
opener_all_zero(const uint8_t *data, size_t len) {
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

static uint64_t
opener_clamp(uint64_t v, uint64_t low, uint64_t high) {
    if (v < low) return low;
    if (v > high) return high;
    return v;
}

/* Release the content among the ${len} bytes at ${plain}, which begin at offset ${begin} of the
 * plaintext, after a check that the padding after it is zero. */
static int
opener_release(struct envelope_opener *o, const uint8_t *plain, uint64_t begin, size_t len) {
    uint64_t content_end = o->content_start + o->meta.size, end = begin + len;
    uint64_t from = opener_clamp(o->content_start, begin, end),
             to = opener_clamp(content_end, begin, end);
    if (!opener_all_zero(plain + (to - begin), (size_t)(end - to))) return ENVELOPE_CONTENT_FAILURE;
    if (from >= to) return ENVELOPE_OK;

    return o->sink(o->ctx, from - o->content_start, plain + (from - begin), (size_t)(to - from));
}

/* Verify the chunk of ${size} bytes at ${sealed}, decrypt it to ${plain}, which may be ${sealed},
 * and release what it contains. */
static int
opener_open_chunk(struct envelope_opener *o, const uint8_t *sealed, size_t size, uint8_t *plain,
                  bool last) {
    uint8_t nonce[AEAD_NONCE_LEN];
    if (size < AEAD_TAG_LEN || o->next > UINT32_MAX) return ENVELOPE_PAYLOAD_FAILURE;
    size_t len = size - AEAD_TAG_LEN;
    if (len == 0 && o->next > 0) return ENVELOPE_PAYLOAD_FAILURE;

    uint64_t begin = o->next * ENVELOPE_CHUNK_LEN;
    struct aead_params params = envelope_chunk_params(&o->keys, (uint32_t)o->next, last, nonce);
    int err = aead_key_open(o->aead, &params, sealed, len, sealed + len, plain);
    if (err == ERR_TAG) return ENVELOPE_PAYLOAD_FAILURE;
    if (err != 0) return err;

    o->next++;
    o->filled = 0;
    if (begin == 0 && (err = opener_read_meta(o, plain, len)) != 0) return err;

    /* A content that ends too early is reported before anything of the last chunk is released. */
    if (last && begin + len < o->content_start + o->meta.size) return ENVELOPE_CONTENT_FAILURE;
    return opener_release(o, plain, begin, len);
}

/* Collect the header and advance ${*data} and ${*len}.  The header is public, so it may be compared
 * with an early exit. */
static int
opener_take_header(struct envelope_opener *o, const uint8_t **data, size_t *len) {
    size_t n = size_min(*len, sizeof(o->header) - o->header_len);

    memcpy(o->header + o->header_len, *data, n);
    o->header_len += n;
    *data += n;
    *len -= n;

    if (o->header_len < sizeof(o->header)) return ENVELOPE_OK;
    if (memcmp(o->header, o->keys.header, sizeof(o->header)) != 0) return ENVELOPE_HEADER_FAILURE;
    return ENVELOPE_OK;
}

/* Collect bytes of the chunk from the ${len} at ${data}.  Returns how many. */
static size_t
opener_collect(struct envelope_opener *o, const uint8_t *data, size_t len) {
    size_t n = size_min(len, sizeof(o->chunk) - o->filled);
    memcpy(o->chunk + o->filled, data, n);
    o->filled += n;
    return n;
}

/* Remember the first failure and wipe the chunk.  Returns ${result}. */
static int
opener_finish(struct envelope_opener *o, int result) {
    if (result != ENVELOPE_OK && o->failed == 0) {
        o->failed = result;
        explicit_bzero(o->chunk, sizeof(o->chunk));
    }
    return result;
}

/* Read the ${len} bytes at ${data}.  A chunk that lies whole in them is opened to the same place of
 * ${room}, or to o->chunk if ${room} is NULL. */
static int
opener_feed(struct envelope_opener *o, const uint8_t *data, size_t len, uint8_t *room) {
    const uint8_t *begin = data;
    if (o->failed != 0) return o->failed;
    if (o->ended && len > 0) return opener_finish(o, ENVELOPE_PAYLOAD_FAILURE);

    if (o->header_len < sizeof(o->header) && len > 0) {
        int err = opener_take_header(o, &data, &len);
        if (err != 0) return opener_finish(o, err);
    }

    /* A full chunk is opened only when more bytes come, which tell that it is not the last one.
     * A chunk that lies whole in ${data} is not collected first. */
    while (len > 0) {
        size_t n = 0;
        int err = 0;
        if (o->filled == sizeof(o->chunk)) {
            err = opener_open_chunk(o, o->chunk, o->filled, o->chunk, false);
        } else if (o->filled == 0 && len > sizeof(o->chunk)) {
            uint8_t *plain = o->chunk;
            n = sizeof(o->chunk);
            if (room != NULL) plain = room + (data - begin);
            err = opener_open_chunk(o, data, n, plain, false);
        } else {
            n = opener_collect(o, data, len);
        }

        if (err != 0) return opener_finish(o, err);
        data += n;
        len -= n;
    }
    return ENVELOPE_OK;
}

int
envelope_opener_add(struct envelope_opener *o, const void *sealed, size_t len) {
    return opener_feed(o, sealed, len, NULL);
}

int
envelope_opener_add_in_place(struct envelope_opener *o, void *sealed, size_t len) {
    return opener_feed(o, sealed, len, sealed);
}

int
envelope_opener_end(struct envelope_opener *o) {
    if (o->failed != 0 || o->ended) return o->failed;
    o->ended = true;
    if (o->header_len < sizeof(o->header)) return opener_finish(o, ENVELOPE_HEADER_FAILURE);
    return opener_finish(o, opener_open_chunk(o, o->chunk, o->filled, o->chunk, true));
}

const struct envelope_meta *
envelope_opener_meta(const struct envelope_opener *o) {
    if (o->content_start == 0) return NULL;
    return &o->meta;
}

uint64_t
envelope_opener_chunks(const struct envelope_opener *o) {
    return o->next;
}

uint64_t
envelope_opener_resume_point(const struct envelope_opener *o, uint64_t have, uint64_t *content) {
    uint64_t known = opener_clamp(have, 0, o->meta.size);

    /* If all the content is there, the chunk of its last byte is opened again, to verify what
     * follows it. */
    if (known == o->meta.size && known > 0) known--;

    uint64_t number = (o->content_start + known) / ENVELOPE_CHUNK_LEN;
    *content = 0;
    if (number > 0) *content = number * ENVELOPE_CHUNK_LEN - o->content_start;
    return number;
}

int
envelope_opener_resume(struct envelope_opener *o, uint64_t number) {
    uint64_t content_end = o->content_start + o->meta.size;
    if (o->failed != 0 || o->ended || o->content_start == 0 || number < o->next ||
        number > UINT32_MAX || number * ENVELOPE_CHUNK_LEN >= content_end)
        return ERR_INVALID;
    o->next = number;
    o->filled = 0;
    return 0;
}

void
envelope_opener_free(struct envelope_opener *o) {
    if (o == NULL) return;
    aead_key_free(o->aead);
    explicit_bzero(o, sizeof(*o));
    free(o);
}
