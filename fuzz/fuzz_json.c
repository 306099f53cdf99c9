/* SPDX-License-Identifier: MIT */
/* Any text as JSON: what is taken is written, and read again, as the same. */
#include "base/text/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct buf out = BUF_INIT(1 << 20);
    json_t *first = json_parse_object((const char *)data, len);
    if (first == NULL) return 0;
    if (json_write(first, &out) != 0) abort();
    json_t *second = json_parse_object(buf_text(&out), out.len);
    if (second == NULL || !json_equal(first, second)) abort();
    json_decref(first);
    json_decref(second);
    buf_free(&out);
    return 0;
}
