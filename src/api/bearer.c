/* SPDX-License-Identifier: MIT */
#include "api/bearer.h"

#include "crypto/token.h"

bool
bearer_is_token(const char *text, size_t len) {
    if (len != TOKEN_LEN) return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return true;
}

const char *
bearer_of(const struct http_request *req) {
    static const char scheme[] = "Bearer ";
    const char *value = req->headers[HTTP_AUTHORIZATION];
    if (value == NULL || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0) return NULL;
    value += sizeof(scheme) - 1;
    value += strspn(value, " ");
    return bearer_is_token(value, strlen(value)) ? value : NULL;
}
