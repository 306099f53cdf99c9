/* SPDX-License-Identifier: MIT */
#include "api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api/web/origins.h"
#include "base/text/base64.h"
#include "crypto/envelope/header.h"
#include "crypto/kdf/pool.h"
#include "later.h"
#include "memory_blobs.h"
#include "memory_store.h"

static bool with_later; /* whether stores have the functions of store_later */
static struct api_fixture *current;

static int64_t
fixture_now(void *ctx) {
    return ((struct api_fixture *)ctx)->now;
}

static int64_t
fixture_ms(void) {
    return current->ms;
}

void
api_fixture_open(struct api_fixture *fixture) {
    static const struct origins page_origins = {.items = {"https://page.example"}, .count = 1};
    json_setup();
    *fixture = (struct api_fixture){.now = API_FIXTURE_T0, .ms = 1000};
    current = fixture;
    fixture->vault = (struct vault){
        .store = memory_store_open(128 * 1024),
        .blobs = memory_blobs_open(),
        .clock = {.now = fixture_now, .ctx = fixture},
        .random = random_system,
        .limits = {.quota = 0, .part_size = API_FIXTURE_PART},
    };
    if (with_later) later_add(fixture->vault.store);
    fixture->api = (struct api){
        .config = {.version = "test",
                   .views_max = 100,
                   .requests = true,
                   .ttl_default = 5 * 86400,
                   .ttl_max = 30 * 86400,
                   .text_max = API_FIXTURE_TEXT_MAX,
                   .classic_file_max = 10000,
                   .file_max = 1 << 20,
                   .inline_max = 128 * 1024,
                   .response_max = 8 << 20,
                   .page = "",
                   .origins = &page_origins},
        .vault = &fixture->vault,
        .kdf = kdf_pool_new(
            &(struct kdf_pool_config){.threads = 1, .queue_max = 4, .params = KDF_CLASSIC}),
        .monotonic_ms = fixture_ms,
    };
    assert_non_null(fixture->api.kdf);
    assert_int_equal(api_open(&fixture->api), 0);
    http_response_init(&fixture->resp, 8 << 20);
    fixture->room = -1;
}

void
api_fixture_reopen(struct api_fixture *fixture) {
    api_close(&fixture->api);
    assert_int_equal(api_open(&fixture->api), 0);
}

void
api_fixture_close(struct api_fixture *fixture) {
    http_response_clear(&fixture->resp);
    buf_free(&fixture->req.body);
    api_close(&fixture->api);
    kdf_pool_free(fixture->api.kdf);
    fixture->vault.blobs->ops->close(fixture->vault.blobs);
    fixture->vault.store->ops->close(fixture->vault.store);
}

int
api_fixture_setup(void **state) {
    struct api_fixture *fixture = calloc(1, sizeof(*fixture));
    if (fixture == NULL) return -1;
    api_fixture_open(fixture);
    *state = fixture;
    return 0;
}

int
api_fixture_teardown(void **state) {
    api_fixture_close(*state);
    free(*state);
    return 0;
}

static void
fill_request(struct api_fixture *fixture, const struct ask *ask, char bearer[static 256]) {
    struct http_request *req = &fixture->req;
    const char *client = ask->client == NULL ? "192.0.2.1" : ask->client;
    const char *method = ask->method != NULL ? ask->method : ask->body != NULL ? "POST" : "GET";
    buf_free(&req->body);
    assert_true(strlen(ask->target) < sizeof(fixture->path));
    memcpy(fixture->path, ask->target, strlen(ask->target) + 1);
    *req = (struct http_request){.method = http_method_parse(method), .path = fixture->path};
    char *query = strchr(fixture->path, '?');
    if (query != NULL) *query++ = '\0';
    req->query = query == NULL ? "" : query;
    assert_int_equal(http_address_parse(client, strlen(client), &req->client), 0);
    if (ask->token != NULL) (void)snprintf(bearer, 256, "Bearer %s", ask->token);
    req->headers[HTTP_SECRETS_TOKEN] = ask->own_token;
    req->headers[HTTP_AUTHORIZATION] = ask->token != NULL ? bearer : ask->authorization;
    if (ask->body != NULL)
        req->headers[HTTP_CONTENT_TYPE] = ask->type == NULL ? "application/json" : ask->type;
    req->headers[HTTP_CONTENT_ENCODING] = ask->encoding;
    req->headers[HTTP_ORIGIN] = ask->origin;
    req->headers[HTTP_SEC_FETCH_SITE] = ask->fetch_site;
    req->headers[HTTP_REQUEST_METHOD] = ask->ask_method;
    req->plane = ask->plane;
    req->user = ask->user;
}

/* Reserve as an adapter does, within fixture->room. */
static int
fixture_reserve(void *ctx, uint64_t bytes) {
    struct api_fixture *fixture = ctx;
    if (fixture->room >= 0 && bytes > (uint64_t)fixture->room) return ERR_BUSY;
    fixture->reserved = bytes;
    return 0;
}

struct ready {
    struct api_later later;
    bool is;
};

static void
note_ready(struct api_later *l) {
    ((struct ready *)l)->is = true;
}

/* Handle the request as the server does. */
static void
handle(struct api_fixture *fixture, const struct api_route *route) {
    struct ready ready = {.later = {.ready = note_ready}};
    enum api_progress progress =
        api_begin(&fixture->api, route, &fixture->req, &fixture->resp, &ready.later);
    if (progress == API_FOLLOWS) {
        assert_true(ready.is);
        progress = api_finish(&ready.later);
    }
    if (progress == API_BLOCKS) api_handle(&fixture->api, route, &fixture->req, &fixture->resp);
}

int
api_fixture_ask(struct api_fixture *fixture, struct ask ask) {
    char bearer[256];
    struct api_admission admission;
    size_t len = ask.len != 0 || ask.body == NULL ? ask.len : strlen(ask.body);
    int64_t body_len = ask.body == NULL ? -1 : (int64_t)len;
    fill_request(fixture, &ask, bearer);
    http_response_clear(&fixture->resp);
    fixture->resp.reserve = fixture_reserve;
    fixture->resp.reserve_ctx = fixture;
    fixture->reserved = 0;
    if (api_admit(&fixture->api, &fixture->req, body_len, &admission, &fixture->resp) == 0)
        return fixture->resp.status;
    if (!ask.unchecked &&
        api_check(&fixture->api, &fixture->req, body_len, &admission, &fixture->resp) == 0)
        return fixture->resp.status;
    assert_true(len <= admission.body_max);
    buf_init(&fixture->req.body, len);
    assert_int_equal(buf_add(&fixture->req.body, ask.body, len), 0);
    handle(fixture, admission.route);
    return fixture->resp.status;
}

const char *
api_fixture_body(struct api_fixture *fixture) {
    return buf_text(&fixture->resp.body);
}

json_t *
api_fixture_json(struct api_fixture *fixture) {
    return json_parse_object((const char *)fixture->resp.body.data, fixture->resp.body.len);
}

void
api_fixture_text(struct api_fixture *fixture, const char *name, char *out, size_t len) {
    json_t *json = api_fixture_json(fixture);
    const char *text = json_string_value(json_object_get(json, name));
    assert_non_null(text);
    assert_true(strlen(text) < len);
    memcpy(out, text, strlen(text) + 1);
    json_decref(json);
}

int64_t
api_fixture_number(struct api_fixture *fixture, const char *name) {
    json_t *json = api_fixture_json(fixture);
    json_t *number = json_object_get(json, name);
    assert_true(json_is_integer(number));
    int64_t v = json_integer_value(number);
    json_decref(json);
    return v;
}

static bool
member_is(json_t *json, const char *name, const char *value) {
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL && strcmp(text, value) == 0;
}

bool
api_fixture_problem(struct api_fixture *fixture, const char *code, const char *field) {
    const char *type = http_response_get(&fixture->resp, "Content-Type");
    json_t *json = api_fixture_json(fixture);
    bool ok = json != NULL && type != NULL && strcmp(type, "application/problem+json") == 0 &&
              member_is(json, "code", code) &&
              json_integer_value(json_object_get(json, "status")) == fixture->resp.status &&
              (field == NULL || member_is(json, "field", field));
    if (!ok) print_message("answer was: %d %s\n", fixture->resp.status, api_fixture_body(fixture));
    json_decref(json);
    return ok;
}

uint8_t
api_fixture_byte(size_t i) {
    static const uint8_t header[] = {'E', 'S', 'v', '1', 14, 8, 1, 0};
    return i < sizeof(header) ? header[i] : (uint8_t)(i * 7 + i / 256);
}

/* Append the field of a wrap of ${len} bytes. */
static void
add_wrap(struct buf *body, size_t len) {
    struct buf wrap = BUF_INIT(1 << 20);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(buf_add_byte(&wrap, api_fixture_byte(i)), 0);
    assert_int_equal(buf_add_text(body, ",\"wrap\":\""), 0);
    assert_int_equal(base64_encode(BASE64_URL, wrap.data, wrap.len, body), 0);
    assert_int_equal(buf_add_text(body, "\""), 0);
    buf_free(&wrap);
}

char *
api_fixture_create_body(struct api_fixture_secret s) {
    struct buf body = BUF_INIT(1 << 20), envelope = BUF_INIT(1 << 20);
    uint8_t key[32], verifier[32];
    memset(key, s.key, sizeof(key));
    token_hash(key, sizeof(key), verifier);
    for (size_t i = 0; i < (s.inside ? s.size : ENVELOPE_HEADER_LEN); i++)
        assert_int_equal(buf_add_byte(&envelope, api_fixture_byte(i)), 0);
    assert_int_equal(buf_add_text(&body, "{\"verifier\":\""), 0);
    assert_int_equal(base64_encode(BASE64_URL, verifier, 32, &body), 0);
    assert_int_equal(buf_add_text(&body, "\",\"header\":\""), 0);
    assert_int_equal(base64_encode(BASE64_URL, envelope.data, ENVELOPE_HEADER_LEN, &body), 0);
    assert_int_equal(buf_printf(&body, "\",\"views\":%d,\"ttl\":%lld,\"size\":%zu", s.views,
                                (long long)s.ttl, s.size),
                     0);
    if (s.gate || s.attempts > 0) {
        memset(key, API_FIXTURE_GATE, sizeof(key));
        token_hash(key, sizeof(key), verifier);
        assert_int_equal(buf_add_text(&body, ",\"gate_verifier\":\""), 0);
        assert_int_equal(base64_encode(BASE64_URL, verifier, 32, &body), 0);
        assert_int_equal(buf_add_text(&body, "\""), 0);
    }
    if (s.attempts > 0) assert_int_equal(buf_printf(&body, ",\"attempts\":%d", s.attempts), 0);
    if (s.inside) {
        assert_int_equal(buf_add_text(&body, ",\"content\":\""), 0);
        assert_int_equal(base64_encode(BASE64_URL, envelope.data, envelope.len, &body), 0);
        assert_int_equal(buf_add_text(&body, "\""), 0);
    }
    if (s.passphrase) assert_int_equal(buf_add_text(&body, ",\"passphrase\":true"), 0);
    if (s.wrap_len > 0) add_wrap(&body, s.wrap_len);
    assert_int_equal(buf_add_text(&body, "}"), 0);
    char *text = strdup(buf_text(&body));
    buf_free(&envelope);
    buf_free(&body);
    return text;
}

void
api_fixture_create(struct api_fixture *fixture, struct api_fixture_secret s, char id[static 23],
                   char owner[static 44]) {
    char *body = api_fixture_create_body(s);
    int status = api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body});
    if (status != 201) print_message("create: %s\n", api_fixture_body(fixture));
    assert_int_equal(status, 201);
    free(body);
    api_fixture_text(fixture, "id", id, 23);
    api_fixture_text(fixture, "owner_token", owner, 44);
}

void
api_fixture_lease(char letter, char out[static 44]) {
    memset(out, letter, 42);
    memcpy(out + 42, "A", 2); /* a character without spare bits */
}

int
api_fixture_open_with_gate(struct api_fixture *fixture, const char *id, uint8_t key, char lease,
                           uint8_t gate) {
    char body[300], target[80], access[44], token[44], text[64] = "";
    uint8_t bytes[32];
    memset(bytes, key, sizeof(bytes));
    base64_encode_text(BASE64_URL, bytes, sizeof(bytes), access);
    if (gate != 0) {
        char sent[44];
        memset(bytes, gate, sizeof(bytes));
        base64_encode_text(BASE64_URL, bytes, sizeof(bytes), sent);
        (void)snprintf(text, sizeof(text), ",\"gate\":\"%s\"", sent);
    }
    api_fixture_lease(lease, token);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/open", id);
    (void)snprintf(body, sizeof(body), "{\"access\":\"%s\",\"lease\":\"%s\"%s}", access, token,
                   text);
    return api_fixture_ask(fixture, (struct ask){.target = target, .body = body});
}

int
api_fixture_open_secret(struct api_fixture *fixture, const char *id, uint8_t key, char lease) {
    return api_fixture_open_with_gate(fixture, id, key, lease, API_FIXTURE_GATE);
}

int
api_fixture_ask_wrap(struct api_fixture *fixture, const char *id, uint8_t gate) {
    char body[80], target[80], sent[44];
    uint8_t bytes[32];
    memset(bytes, gate, sizeof(bytes));
    base64_encode_text(BASE64_URL, bytes, sizeof(bytes), sent);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/wrap", id);
    (void)snprintf(body, sizeof(body), "{\"gate\":\"%s\"}", sent);
    return api_fixture_ask(fixture, (struct ask){.target = target, .body = body});
}

int
api_fixture_run(const struct CMUnitTest *tests, size_t n) {
    int failed = _cmocka_run_group_tests("blocking", tests, n, NULL, NULL);
    with_later = true;
    return failed + _cmocka_run_group_tests("later", tests, n, NULL, NULL);
}
