/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/answer.h"
#include "vault/sealed.h"

enum { INFO_LEN = 256 };

static void
answer_info(struct api_call *call, const struct record *r) {
    struct answer a;
    answer_begin(&a, call->resp, INFO_LEN);
    answer_base64url(&a, "header", r->header, sizeof(r->header));
    answer_number(&a, "size", (int64_t)r->size);
    answer_number(&a, "part_size", r->part_size);
    answer_bool(&a, "passphrase", r->passphrase);
    answer_number(&a, "views_left", r->views_left);
    answer_number(&a, "expires_at", r->expires_at);
    if (r->attempts > 0) answer_number(&a, "attempts_left", r->attempts_left);
    answer_end(&a, 200);
}

void
v1_info(struct api_call *call) {
    struct record r = {0};
    int found = call->id[0] == '\0' ? 0 : vault_sealed_info(call->api->vault, call->id, &r);
    if (found > 0) answer_info(call, &r);
    else if (found == 0) v1_absent(call);
    else answer_error(call->resp, found);
    record_clear(&r);
}
