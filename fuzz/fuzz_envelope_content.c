/* SPDX-License-Identifier: MIT */
/* Any plaintext in chunks that verify: metadata, content and padding. */
#include "crypto/envelope/opener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
count(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n) {
    (void)bytes;
    if (offset != *(uint64_t *)ctx) abort();
    *(uint64_t *)ctx += n;
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const struct envelope_keys keys = {.header = "ESv1\x0A\x08\x01"};
    static uint8_t chunk[ENVELOPE_SEALED_CHUNK_LEN];
    uint8_t nonce[AEAD_NONCE_LEN];
    uint64_t released = 0;
    struct envelope_opener *o = envelope_opener_new(&keys, count, &released);
    int verdict = envelope_opener_add(o, keys.header, sizeof(keys.header));
    for (size_t at = 0, n = 0, k = 0; verdict == 0 && (at == 0 || at < len); at += n, k++) {
        n = len - at < ENVELOPE_CHUNK_LEN ? len - at : ENVELOPE_CHUNK_LEN;
        struct aead_params p = envelope_chunk_params(&keys, (uint32_t)k, at + n == len, nonce);
        if (aead_seal(&p, data + at, n, chunk, chunk + n) != 0) abort();
        verdict = envelope_opener_add(o, chunk, n + AEAD_TAG_LEN);
        if (n == 0) break;
    }
    verdict = envelope_opener_end(o);
    if (verdict != ENVELOPE_OK && verdict != ENVELOPE_CONTENT_FAILURE) abort();
    if (verdict == ENVELOPE_OK && released != envelope_opener_meta(o)->size) abort();
    envelope_opener_free(o);
    return 0;
}
