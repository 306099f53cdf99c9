/* SPDX-License-Identifier: MIT */
/*
 * An API over stores in memory for the fuzzers of requests, and checks of every response.
 * Derivations fail at once: the arena is too small for them on purpose.
 */
#ifndef FUZZ_FUZZED_API_H
#define FUZZ_FUZZED_API_H

#include <stdatomic.h>
#include <unistd.h>

#include "api/api.h"
#include "api/web/origins.h"
#include "base/text/json.h"
#include "crypto/kdf/pool.h"
#include "memory_blobs.h"
#include "memory_store.h"

enum { FUZZED_ROUNDS = 2000, FUZZED_RESPONSE_MAX = 1 << 20, FUZZED_PAUSE_US = 20 * 1000 };

static struct vault fuzzed_vault;
static struct api fuzzed_api;

static int64_t
fuzzed_now(void *ctx) {
    (void)ctx;
    return 1900000000;
}

static int64_t
fuzzed_ms(void) {
    static atomic_llong ms; /* fuzz_http asks on several threads */
    return atomic_fetch_add(&ms, 1000);
}

static void
fuzzed_close(void) {
    api_close(&fuzzed_api);
    kdf_pool_free(fuzzed_api.kdf);
    fuzzed_vault.blobs->ops->close(fuzzed_vault.blobs);
    fuzzed_vault.store->ops->close(fuzzed_vault.store);
}

static void
fuzzed_open(void) {
    static const struct origins page_origins = {.items = {"https://page.example"}, .count = 1};
    json_setup();
    fuzzed_vault = (struct vault){
        .store = memory_store_open(128 * 1024),
        .blobs = memory_blobs_open(),
        .clock = {.now = fuzzed_now},
        .random = random_system,
        .limits = {.part_size = 65536},
    };
    fuzzed_api = (struct api){
        .config = {.version = "fuzz",
                   .ttl_default = 86400,
                   .ttl_max = 30 * 86400,
                   .views_max = 100,
                   .text_max = 4096,
                   .classic_file_max = 4096,
                   .file_max = 1 << 20,
                   .inline_max = 128 * 1024,
                   .response_max = FUZZED_RESPONSE_MAX,
                   .page = "",
                   .origins = &page_origins},
        .vault = &fuzzed_vault,
        .kdf = kdf_pool_new(&(struct kdf_pool_config){
            .threads = 1, .queue_max = 1, .params = {.log2_n = 4, .r = 1, .p = 1}}),
        .monotonic_ms = fuzzed_ms,
    };
    if (fuzzed_api.kdf == NULL || api_open(&fuzzed_api) != 0) abort();
    /* Until its thread waits, what that does would count for the input at hand. */
    (void)usleep(FUZZED_PAUSE_US);
}

static void
fuzzed_require(bool holds) {
    if (!holds) abort();
}

/* Check the status, that the body is of its declared type, and that the server is not at fault. */
static void
fuzzed_check(const struct http_response *resp) {
    static const int statuses[] = {200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429};
    const char *type = http_response_get(resp, "Content-Type");
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        known = known || resp->status == statuses[i];
    fuzzed_require(known && resp->route != NULL);
    fuzzed_require(http_response_get(resp, "Cache-Control") != NULL);
    fuzzed_require(http_response_get(resp, "Access-Control-Allow-Origin") == NULL);
    for (int i = 0; i < resp->field_count; i++)
        fuzzed_require(strpbrk(resp->fields[i].value, "\r\n") == NULL);
    if (resp->body.len == 0) return;
    fuzzed_require(type != NULL);
    if (strstr(type, "json") == NULL) return;
    json_t *json = json_parse_object((const char *)resp->body.data, resp->body.len);
    fuzzed_require(json != NULL);
    if (resp->status >= 400)
        fuzzed_require(json_integer_value(json_object_get(json, "status")) == resp->status &&
                       json_is_string(json_object_get(json, "code")));
    json_decref(json);
}

/* Send one request with ${len} bytes of body and check the response.  Returns the status. */
static __attribute__((unused)) int
fuzzed_ask(struct http_request *req, const uint8_t *body, size_t len) {
    static int rounds;
    struct api_admission admission;
    struct http_response resp;
    if (rounds++ % FUZZED_ROUNDS == 0) {
        if (rounds > 1) fuzzed_close();
        fuzzed_open();
    }
    http_response_init(&resp, FUZZED_RESPONSE_MAX);
    if (api_admit(&fuzzed_api, req, (int64_t)len, &admission, &resp) == 1 &&
        api_check(&fuzzed_api, req, (int64_t)len, &admission, &resp) == 1) {
        fuzzed_require(len <= admission.body_max);
        buf_init(&req->body, len);
        fuzzed_require(buf_add(&req->body, body, len) == 0);
        api_handle(&fuzzed_api, admission.route, req, &resp);
        buf_free(&req->body);
    }
    int status = resp.status;
    fuzzed_check(&resp);
    http_response_clear(&resp);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
