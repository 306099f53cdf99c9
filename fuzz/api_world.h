/* SPDX-License-Identifier: MIT */
/*
 * An API over stores in memory for the fuzzers of requests, and checks of every response.
 * Derivations fail at once: the arena is too small for them on purpose.
 */
#ifndef FUZZ_API_WORLD_H
#define FUZZ_API_WORLD_H

#include "api/api.h"
#include "api/web/origins.h"
#include "base/text/json.h"
#include "crypto/kdf/pool.h"
#include "memory_blobs.h"
#include "memory_store.h"

enum { WORLD_ROUNDS = 2000, WORLD_ANSWER_MAX = 1 << 20 };

static struct vault world_vault;
static struct api world;

static int64_t
world_now(void *ctx) {
    (void)ctx;
    return 1900000000;
}

static int64_t
world_ms(void) {
    static int64_t ms;
    return ms += 1000;
}

static void
world_close(void) {
    api_close(&world);
    kdf_pool_free(world.kdf);
    world_vault.blobs->ops->close(world_vault.blobs);
    world_vault.store->ops->close(world_vault.store);
}

static void
world_open(void) {
    static const struct origins page_origins = {.items = {"https://page.example"}, .count = 1};
    json_setup();
    world_vault = (struct vault){
        .store = memory_store_open(128 * 1024),
        .blobs = memory_blobs_open(),
        .clock = {.now = world_now},
        .random = random_system,
        .limits = {.part_size = 65536},
    };
    world = (struct api){
        .config = {.version = "fuzz",
                   .ttl_default = 86400,
                   .ttl_max = 30 * 86400,
                   .text_max = 4096,
                   .classic_file_max = 4096,
                   .file_max = 1 << 20,
                   .inline_max = 128 * 1024,
                   .response_max = WORLD_ANSWER_MAX,
                   .page = "",
                   .origins = &page_origins},
        .vault = &world_vault,
        .kdf = kdf_pool_new(1, 1, (struct kdf_params){.log2_n = 4, .r = 1, .p = 1}),
        .monotonic_ms = world_ms,
    };
    if (world.kdf == NULL || api_open(&world) != 0) abort();
}

static void
world_require(bool holds) {
    if (!holds) abort();
}

/* Check the status, that the body is of its declared type, and that the server is not at fault. */
static void
world_check(const struct http_response *resp) {
    static const int statuses[] = {200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429};
    const char *type = http_response_get(resp, "Content-Type");
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        known = known || resp->status == statuses[i];
    world_require(known && resp->route != NULL);
    world_require(http_response_get(resp, "Cache-Control") != NULL);
    world_require(http_response_get(resp, "Access-Control-Allow-Origin") == NULL);
    for (int i = 0; i < resp->field_count; i++)
        world_require(strpbrk(resp->fields[i].value, "\r\n") == NULL);
    if (resp->body.len == 0) return;
    world_require(type != NULL);
    if (strstr(type, "json") == NULL) return;
    json_t *json = json_parse_object((const char *)resp->body.data, resp->body.len);
    world_require(json != NULL);
    if (resp->status >= 400)
        world_require(json_integer_value(json_object_get(json, "status")) == resp->status &&
                      json_is_string(json_object_get(json, "code")));
    json_decref(json);
}

/* Send one request with ${len} bytes of body and check the response.  Returns the status. */
static int
world_ask(struct http_request *req, const uint8_t *body, size_t len) {
    static int rounds;
    struct api_admission admission;
    struct http_response resp;
    if (rounds++ % WORLD_ROUNDS == 0) {
        if (rounds > 1) world_close();
        world_open();
    }
    http_response_init(&resp, WORLD_ANSWER_MAX);
    if (api_admit(&world, req, (int64_t)len, &admission, &resp) == 1 &&
        api_check(&world, req, (int64_t)len, &admission, &resp) == 1) {
        world_require(len <= admission.body_max);
        buf_init(&req->body, len);
        world_require(buf_add(&req->body, body, len) == 0);
        api_handle(&world, admission.route, req, &resp);
        buf_free(&req->body);
    }
    int status = resp.status;
    world_check(&resp);
    http_response_clear(&resp);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
