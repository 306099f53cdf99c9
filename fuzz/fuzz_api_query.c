/* SPDX-License-Identifier: MIT */
/* Any query string to /encrypt. */
#include "fuzzed_api.h"

#include "base/text/utf8.h"
#include "http/query.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char query[1024], name[256];
    if (len >= sizeof(query)) return 0;
    memcpy(query, data, len);
    query[len] = '\0';
    struct http_request req = {.method = HTTP_POST, .path = "/encrypt", .query = query};
    int status = fuzzed_ask(&req, (const uint8_t *)"{}", 2);
    int found = query_value(query, "file_name", name, sizeof(name));
    /* A name that is good gets as far as the derivation, which is too large for this arena. */
    bool good = found == 1 && name[0] != '\0' && utf8_valid(name, strlen(name)) &&
                !utf8_has_control(name, strlen(name));
    fuzzed_require(status == (good ? 413 : 422));
    return 0;
}
