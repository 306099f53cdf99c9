/* SPDX-License-Identifier: MIT */
/* Any body to the routes that accept JSON.  Input: route, body. */
#include "fuzzed_api.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const char *const paths[] = {"/encrypt", "/decrypt", "/api/v1/secrets",
                                        "/api/v1/secrets/abcdefghijklmnopqrstuv/open"};
    if (len < 1) return 0;
    struct http_request req = {
        .method = HTTP_POST, .path = paths[data[0] % ARRAY_LEN(paths)], .query = ""};
    req.headers[HTTP_CONTENT_TYPE] = "application/json";
    (void)fuzzed_ask(&req, data + 1, len - 1);
    return 0;
}
