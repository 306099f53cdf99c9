/* SPDX-License-Identifier: MIT */
#include "api/call.h"

void
call_about(struct api_call *call, const char *id) {
    _Static_assert(sizeof(call->resp->log_tag) == TOKEN_TAG_LEN + 1, "it takes a tag");
    _Static_assert(sizeof(call->api->tag_key) == TOKEN_TAG_KEY_LEN, "it is a key of tags");
    token_tag(call->api->tag_key, id, strlen(id), call->resp->log_tag);
}

bool
call_is_token(const char *text, size_t len) {
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
call_bearer(const struct http_request *req) {
    static const char scheme[] = "Bearer ";
    const char *value = req->headers[HTTP_AUTHORIZATION];
    if (value == NULL || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0) return NULL;
    value += sizeof(scheme) - 1;
    value += strspn(value, " ");
    return call_is_token(value, strlen(value)) ? value : NULL;
}
