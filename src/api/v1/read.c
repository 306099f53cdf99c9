/* SPDX-License-Identifier: MIT */
/* Reads without effect: config, info and receipt. */
#include "api/v1/v1.h"

#include "api/access/access.h"
#include "api/brand/brand.h"
#include "api/receipt.h"
#include "api/response.h"
#include "vault/sealed.h"

enum {
    CONFIG_LEN = 1024,
    INFO_LEN = 256,
    RECEIPT_LEN = 512,
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
};

/* The lifetimes in seconds that the page offers, up to the maximum. */
static const int ttl_choices[] = {5 * MINUTE, HOUR,    6 * HOUR, DAY,
                                  3 * DAY,    5 * DAY, 14 * DAY, 30 * DAY};

/* Write the lifetimes in ascending order, with the default among them. */
static void
put_ttl_choices(struct response_writer *w, const struct api_config *config) {
    bool named = false; /* the default was written */

    response_array_open(w, "ttl_choices");
    for (size_t i = 0; i < ARRAY_LEN(ttl_choices); i++) {
        if (ttl_choices[i] > config->ttl_max) break;

        if (!named && config->ttl_default <= ttl_choices[i]) {
            if (config->ttl_default < ttl_choices[i]) response_number(w, NULL, config->ttl_default);
            named = true;
        }

        response_number(w, NULL, ttl_choices[i]);
    }
    if (!named) response_number(w, NULL, config->ttl_default);
    response_array_close(w);
}

/* Write whether the client of ${call} may create, in which ways clients may, and as whom this one
 * does. */
static void
put_create_right(struct response_writer *w, const struct api_call *call) {
    const struct api_config *config = &call->api->config;
    struct access access = access_of(config, call->req);
    unsigned ways = config->creators.ways;
    if (call->req->plane == HTTP_PLANE_OPEN) ways = 0;

    response_object_open(w, "create");
    response_bool(w, "allowed", access.allowed);
    response_array_open(w, "ways");
    if (ways & CREATORS_TOKEN) response_string(w, NULL, "token");
    if (ways & CREATORS_USER) response_string(w, NULL, "user");
    if (ways & CREATORS_NETWORK) response_string(w, NULL, "network");
    response_array_close(w);

    if (access.user != NULL) response_string(w, "user", access.user);
    response_object_close(w);
}

void
v1_config(struct api_call *call) {
    const struct api_config *config = &call->api->config;
    struct response_writer w;

    response_begin(&w, call->resp, CONFIG_LEN);
    response_string(&w, "version", config->version);
    response_string(&w, "page", config->page);

    /* Sizes in bytes. */
    response_number(&w, "part_size", call->api->vault->limits.part_size);
    response_number(&w, "inline_max", (int64_t)config->inline_max);
    response_number(&w, "file_max", (int64_t)config->file_max);
    response_number(&w, "text_max", (int64_t)config->text_max);
    response_number(&w, "classic_file_max", (int64_t)config->classic_file_max);

    /* Lifetimes in seconds. */
    response_number(&w, "ttl_min", RECORD_TTL_MIN);
    response_number(&w, "ttl_max", config->ttl_max);
    response_number(&w, "ttl_default", config->ttl_default);
    put_ttl_choices(&w, config);

    response_number(&w, "views_max", config->views_max);
    response_number(&w, "attempts_max", RECORD_ATTEMPTS_MAX);
    response_string(&w, "passphrase", config->passphrase_required ? "required" : "optional");
    put_create_right(&w, call);

    /* Text and an image of the operator's, for the page. */
    const struct brand *brand = call->api->brand;
    if (brand != NULL) response_json(&w, "brand", brand->json.data, brand->json.len);

    /* What clients may use only if it is named here. */
    response_array_open(&w, "features");
    response_string(&w, NULL, "gate");
    response_string(&w, NULL, "wrap");
    if (config->requests) response_string(&w, NULL, "requests");
    response_array_close(&w);
    response_end(&w, 200);
}

static void
respond_info(struct api_call *call, const struct record *r) {
    struct response_writer w;

    response_begin(&w, call->resp, INFO_LEN);
    response_base64url(&w, "header", r->header, sizeof(r->header));
    response_number(&w, "size", (int64_t)r->size);
    response_number(&w, "part_size", r->part_size);
    response_bool(&w, "passphrase", r->passphrase);
    if (r->has_gate) response_bool(&w, "gate", true);
    if (record_has_wrap(r) && !record_is_answer(r)) response_bool(&w, "wrap", true);
    response_number(&w, "views_left", r->views_left);
    response_number(&w, "expires_at", r->expires_at);
    if (r->attempts > 0) response_number(&w, "attempts_left", r->attempts_left);
    response_end(&w, 200);
}

void
v1_info(struct api_call *call) {
    struct record r = {0};
    enum verdict verdict = VERDICT_ABSENT;
    int err = 0;

    if (call->id[0] != '\0') err = vault_sealed_info(call->api->vault, call->id, &verdict, &r);
    if (err < 0) response_error(call->resp, err);
    else if (verdict == VERDICT_OK) respond_info(call, &r);
    else if (verdict == VERDICT_UPLOADING) v1_uploading(call);
    else v1_absent(call);
    record_clear(&r);
}

static void
put_receipt_events(struct response_writer *w, const struct record *r, int64_t now) {
    struct receipt_event events[RECEIPT_EVENTS_MAX];
    size_t count = receipt_events(r, now, events);

    response_array_open(w, "events");
    for (size_t i = 0; i < count; i++) {
        response_object_open(w, NULL);
        response_string(w, "event", receipt_event_name(events[i].kind));
        response_number(w, "at", events[i].at);
        response_object_close(w);
    }
    response_array_close(w);
}

static void
respond_receipt(struct api_call *call, const struct record *r) {
    int64_t now = vault_now(call->api->vault);
    struct response_writer w;

    response_begin(&w, call->resp, RECEIPT_LEN);
    response_string(&w, "state", receipt_state_name(policy_receipt_state(r, now)));
    response_number(&w, "created_at", r->created_at);
    response_number(&w, "expires_at", r->expires_at);
    response_number(&w, "views", r->views);
    response_number(&w, "views_left", r->views_left);
    if (r->attempts > 0) response_number(&w, "attempts_left", r->attempts_left);
    put_receipt_events(&w, r, now);
    response_end(&w, 200);
}

void
v1_receipt(struct api_call *call) {
    struct record r = {0};
    int found = 0;
    if (call->id[0] != '\0')
        found = vault_sealed_receipt(call->api->vault, call->id, call->token, &r);
    if (found > 0) respond_receipt(call, &r);
    else if (found == 0) v1_absent(call);
    else response_error(call->resp, found);
    record_clear(&r);
}
