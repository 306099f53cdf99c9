/* SPDX-License-Identifier: MIT */
/* Any path with any method, with a token or without.  Input: method, has token, path. */
#include "fuzzed_api.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char path[512];
    if (len < 2 || len - 2 >= sizeof(path)) return 0;
    memcpy(path, data + 2, len - 2);
    path[len - 2] = '\0';
    struct http_request req = {
        .method = (enum http_method)(data[0] % (HTTP_OTHER + 1)), .path = path, .query = ""};
    if (data[1] & 1)
        req.headers[HTTP_AUTHORIZATION] = "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    req.headers[HTTP_CONTENT_TYPE] = "application/json";
    (void)fuzzed_ask(&req, (const uint8_t *)"{}", data[1] & 2 ? 2 : 0);
    return 0;
}
