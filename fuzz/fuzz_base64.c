/* SPDX-License-Identifier: MIT */
/* Any text as base64: what decodes encodes to the same text.  Input: alphabet, text. */
#include "base/err.h"
#include "base/text/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len < 1) return 0;
    enum base64_kind kind = data[0] & 1 ? BASE64_URL : BASE64_STD;
    const char *text = (const char *)data + 1;
    size_t n = len - 1;
    struct buf bytes = BUF_INIT(len), again = BUF_INIT(2 * len + 4);
    int err = base64_decode(kind, text, n, &bytes);
    if (err != 0 && err != ERR_INVALID) abort();
    if (err == 0) {
        uint8_t *exact = malloc(bytes.len + 1);
        if (base64_encode(kind, bytes.data, bytes.len, &again) != 0) abort();
        if (!buf_equals(&again, text, n)) abort();
        if (base64_encoded_len(kind, bytes.len) != n) abort();
        if (base64_decode_exact(kind, text, n, exact, bytes.len) != 0) abort();
        if (!buf_equals(&bytes, exact, bytes.len)) abort();
        if (base64_decode_exact(kind, text, n, exact, bytes.len + 1) != ERR_INVALID) abort();
        free(exact);
    }
    buf_free(&bytes);
    buf_free(&again);
    return 0;
}
