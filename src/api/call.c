/* SPDX-License-Identifier: MIT */
#include "api/call.h"

void
call_about(struct api_call *call, const char *id) {
    _Static_assert(sizeof(call->resp->secret) == TOKEN_TAG_LEN + 1, "it takes a tag");
    _Static_assert(sizeof(call->api->tag_key) == TOKEN_TAG_KEY_LEN, "it is a key of tags");
    token_tag(call->api->tag_key, id, strlen(id), call->resp->secret);
}
