/* SPDX-License-Identifier: MIT */
#include "api/v1/v1.h"

#include "api/answer.h"
#include "api/receipt.h"
#include "vault/sealed.h"

enum { RECEIPT_LEN = 512 };

static void
put_events(struct answer *a, const struct record *r, int64_t now) {
    struct receipt_event events[RECEIPT_EVENTS_MAX];
    size_t count = receipt_events(r, now, events);
    answer_array_open(a, "events");
    for (size_t i = 0; i < count; i++) {
        answer_object_open(a);
        answer_string(a, "event", receipt_event_name(events[i].kind));
        answer_number(a, "at", events[i].at);
        answer_object_close(a);
    }
    answer_array_close(a);
}

static void
answer_receipt(struct api_call *call, const struct record *r) {
    int64_t now = vault_now(call->api->vault);
    struct answer a;
    answer_begin(&a, call->resp, RECEIPT_LEN);
    answer_string(&a, "state", receipt_state_name(policy_receipt_state(r, now)));
    answer_number(&a, "created_at", r->created_at);
    answer_number(&a, "expires_at", r->expires_at);
    answer_number(&a, "views", r->views);
    answer_number(&a, "views_left", r->views_left);
    if (r->attempts > 0) answer_number(&a, "attempts_left", r->attempts_left);
    put_events(&a, r, now);
    answer_end(&a, 200);
}

void
v1_receipt(struct api_call *call) {
    struct record r = {0};
    int found = 0;
    if (call->id[0] != '\0')
        found = vault_sealed_receipt(call->api->vault, call->id, call->token, &r);
    if (found > 0) answer_receipt(call, &r);
    else if (found == 0) v1_absent(call);
    else answer_error(call->resp, found);
    record_clear(&r);
}
