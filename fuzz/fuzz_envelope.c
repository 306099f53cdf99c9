/* SPDX-License-Identifier: MIT */
/* Any bytes as an envelope: header and opener.  No key fits, so nothing may be released.  Input:
 * length of the blocks, envelope. */
#include "crypto/envelope/opener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
refuse(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n) {
    (void)ctx, (void)offset, (void)bytes, (void)n;
    abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct envelope_keys keys = {0};
    struct envelope_header h;
    uint8_t again[ENVELOPE_HEADER_LEN];
    if (len < 1 + ENVELOPE_HEADER_LEN) return 0;
    size_t piece = 1 + (size_t)data[0] * 300, n;
    const uint8_t *sealed = data + 1, *end = data + len;
    if (envelope_header_parse(sealed, &h) == 0) {
        if (((uint64_t)128 * h.r << h.log2_n) > (256 << 20) || h.p < 1 || h.p > 16) abort();
        envelope_header_write(&h, again);
        if (memcmp(sealed, again, sizeof(again)) != 0) abort();
    }
    memcpy(keys.header, sealed, sizeof(keys.header));
    struct envelope_opener *o = envelope_opener_new(&keys, refuse, NULL);
    for (; sealed < end; sealed += n) {
        n = (size_t)(end - sealed) < piece ? (size_t)(end - sealed) : piece;
        if (envelope_opener_add(o, sealed, n) != ENVELOPE_OK) break;
    }
    if (envelope_opener_end(o) != ENVELOPE_PAYLOAD_FAILURE) abort();
    envelope_opener_free(o);
    return 0;
}
