/* SPDX-License-Identifier: MIT */
/* Responses when a store, the quota or the derivations fail: nothing is delivered, and the client
 * learns whether to retry. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "base/err.h"
#include "crypto/kdf/pool.h"
#include "http/storage_shares.h"

enum { KEY = 5 };

/* The code that the stores return once it is set.  Before, they are the stores in memory. */
static int fault;
static int loads, changes; /* calls of the store */
static const struct store_ops *real;
static const struct blobs_ops *real_blobs;

static int
create(struct store *s, const struct store_ref *ref, const struct record *r,
       const struct buf *content, const struct buf *wrap) {
    return fault != 0 ? fault : real->create(s, ref, r, content, wrap);
}

/* A create that is stored although nobody learns of it. */
static int
create_unheard(struct store *s, const struct store_ref *ref, const struct record *r,
               const struct buf *content, const struct buf *wrap) {
    int created = real->create(s, ref, r, content, wrap);
    return created == 1 ? ERR_UNKNOWN_OUTCOME : created;
}

static int
load(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content) {
    return fault == ERR_STORE ? fault : real->load(s, ref, out, content);
}

static int
load_wrap(struct store *s, const struct store_ref *ref, struct record *out, struct buf *wrap) {
    return fault == ERR_STORE ? fault : real->load_wrap(s, ref, out, wrap);
}

static int
change(struct store *s, const struct store_ref *ref, const struct change *c, struct effect *effect,
       struct record *after) {
    return fault != 0 ? fault : real->change(s, ref, c, effect, after);
}

static int
count_load(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content) {
    loads++;
    return load(s, ref, out, content);
}

static int
count_change(struct store *s, const struct store_ref *ref, const struct change *c,
             struct effect *effect, struct record *after) {
    changes++;
    return change(s, ref, c, effect, after);
}

static int
ping(struct store *s) {
    return fault == ERR_STORE ? fault : real->ping(s);
}

static int
put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    return fault != 0 ? fault : real_blobs->put(b, name, k, data, len);
}

static int
setup(void **state) {
    static struct store_ops ops;
    static struct blobs_ops blobs;
    if (api_fixture_setup(state) != 0) return -1;
    struct api_fixture *fixture = *state;
    real = fixture->vault.store->ops;
    real_blobs = fixture->vault.blobs->ops;
    ops = *real;
    ops.create = create;
    ops.load = count_load;
    ops.load_wrap = load_wrap;
    ops.change = count_change;
    ops.ping = ping;
    blobs = *real_blobs;
    blobs.put = put;
    fixture->vault.store->ops = &ops;
    fixture->vault.blobs->ops = &blobs;
    fault = 0;
    return 0;
}

static void
assert_again_later(struct api_fixture *fixture, int status, const char *code) {
    assert_int_equal(status, 503);
    assert_true(api_fixture_problem(fixture, code, NULL));
    assert_non_null(http_response_get(&fixture->resp, "Retry-After"));
}

/* Every route that reaches the store, asked about a secret that is there. */
static void
every_route_is_503(struct api_fixture *fixture, int err, const char *code) {
    static const struct {
        const char *method, *tail;
        bool reads; /* needs no write */
    } routes[] = {
        {"GET", "", true},           {"GET", "/receipt", true},  {"DELETE", "", false},
        {"DELETE", "/lease", false}, {"GET", "/parts/0", false}, {"PUT", "/parts/0", false},
    };
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = 304, .key = KEY};
    char id[23], owner[44], target[80], part[304];
    api_fixture_create(fixture, what, id, owner);
    for (size_t i = 0; i < sizeof(part); i++)
        part[i] = (char)api_fixture_byte(i);
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (err != ERR_STORE && routes[i].reads) continue;
        (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s%s", id, routes[i].tail);
        struct ask ask = {.method = routes[i].method, .target = target, .token = owner};
        if (strcmp(ask.method, "PUT") == 0) {
            ask.body = part;
            ask.len = sizeof(part);
        }
        fault = err;
        assert_again_later(fixture, api_fixture_ask(fixture, ask), code);
        fault = 0;
    }
    what.inside = true;
    char *body = api_fixture_create_body(what);
    fault = err;
    struct ask new = {.target = "/api/v1/secrets", .body = body};
    assert_again_later(fixture, api_fixture_ask(fixture, new), code);
    new.target = "/encrypt";
    new.body = "{\"secret\":\"x\"}";
    assert_again_later(fixture, api_fixture_ask(fixture, new), code);
    free(body);
}

static void
a_store_that_does_not_answer(void **state) {
    struct api_fixture *fixture = *state;
    every_route_is_503(fixture, ERR_STORE, "unavailable");
    assert_again_later(fixture, api_fixture_ask(fixture, (struct ask){.target = "/readyz"}),
                       "unavailable");
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/healthz"}), 200);
    assert_int_equal(api_fixture_ask(fixture, (struct ask){.target = "/api/v1/config"}), 200);
}

static void
an_outcome_that_is_not_known(void **state) {
    every_route_is_503(*state, ERR_UNKNOWN_OUTCOME, "unknown_outcome");
}

/* What may be stored stays charged to the share of its network; what is not does not. */
static void
the_share_keeps_what_may_be_stored(void **state) {
    struct api_fixture *fixture = *state;
    static struct store_ops ops;
    struct api_fixture_secret what = {
        .views = 1, .ttl = 3600, .size = 304, .inside = true, .key = KEY};
    char *body = api_fixture_create_body(what);
    const struct ask asks[] = {{.target = "/api/v1/secrets", .body = body},
                               {.target = "/encrypt", .body = "{\"secret\":\"x\"}"}};
    uint64_t before[1], after[1];
    ops = *fixture->vault.store->ops;
    fixture->vault.store->ops = &ops;
    fixture->vault.limits.quota = 1 << 30;

    for (size_t i = 0; i < 2 * ARRAY_LEN(asks); i++) {
        bool stored = i % 2 == 1;
        ops.create = stored ? create_unheard : create;
        fault = stored ? 0 : ERR_STORE;
        (void)storage_shares_largest(fixture->api.storage_shares, 0, before, 1);
        assert_int_equal(api_fixture_ask(fixture, asks[i / 2]), 503);
        (void)storage_shares_largest(fixture->api.storage_shares, 0, after, 1);
        assert_int_equal(after[0] > before[0], stored);
    }
    free(body);
}

static void
an_open_delivers_nothing_then_and_can_be_repeated(void **state) {
    static const int errors[] = {ERR_STORE, ERR_UNKNOWN_OUTCOME};
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {
        .views = 1, .ttl = 3600, .size = 304, .inside = true, .key = KEY};
    char id[23], owner[44];
    api_fixture_create(fixture, what, id, owner);
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        fault = errors[i];
        assert_again_later(fixture, api_fixture_open_secret(fixture, id, KEY, 'a'),
                           i == 0 ? "unavailable" : "unknown_outcome");
        assert_null(strstr(api_fixture_body(fixture), "content"));
    }
    fault = 0;
    assert_int_equal(api_fixture_open_secret(fixture, id, KEY, 'a'), 200);
}

static void
a_wrap_is_not_delivered_then(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1,
                                      .ttl = 3600,
                                      .gate = true,
                                      .passphrase = true,
                                      .size = 304,
                                      .inside = true,
                                      .key = KEY,
                                      .wrap_len = 500};
    char id[23], owner[44];
    api_fixture_create(fixture, what, id, owner);
    fault = ERR_STORE;
    assert_again_later(fixture, api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), "unavailable");
    assert_null(strstr(api_fixture_body(fixture), "wrap"));
    fault = 0;
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 200);

    /* Nor is it where no memory is left for the response. */
    fixture->room = 100;
    assert_int_equal(api_fixture_ask_wrap(fixture, id, API_FIXTURE_GATE), 503);
    fixture->room = -1;
}

static void
a_decrypt_delivers_nothing_then(void **state) {
    struct api_fixture *fixture = *state;
    char id[17], passphrase[33], body[200];
    struct ask new = {.target = "/encrypt", .body = "{\"secret\":\"canary\",\"view_count\":2}"};
    assert_int_equal(api_fixture_ask(fixture, new), 200);
    api_fixture_text(fixture, "secret_id", id, sizeof(id));
    api_fixture_text(fixture, "passphrase", passphrase, sizeof(passphrase));
    (void)snprintf(body, sizeof(body), "{\"secret_id\":\"%s\",\"passphrase\":\"%s\"}", id,
                   passphrase);
    struct ask open = {.target = "/decrypt", .body = body};
    fault = ERR_UNKNOWN_OUTCOME;
    assert_again_later(fixture, api_fixture_ask(fixture, open), "unknown_outcome");
    assert_null(strstr(api_fixture_body(fixture), "canary"));
    fault = ERR_STORE;
    assert_again_later(fixture, api_fixture_ask(fixture, open), "unavailable");
    fault = 0;
    assert_int_equal(api_fixture_ask(fixture, open), 200);
}

static void *
encrypt_often(void *arg) {
    struct api_fixture *mine = arg;
    struct ask new = {.target = "/encrypt", .body = "{\"secret\":\"x\"}"};
    for (int i = 0; i < 5; i++) {
        int status = api_fixture_ask(mine, new);
        const char *after = http_response_get(&mine->resp, "Retry-After");
        if (status == 200) mine->now++;
        else if (status != 503 || after == NULL ||
                 strstr(api_fixture_body(mine), "\"busy\"") == NULL)
            mine->ms = -1;
    }
    return NULL;
}

/* More at once than the queue holds: each is done, or refused with Retry-After. */
static void
too_many_derivations(void **state) {
    enum { THREADS = 12 };
    static struct api_fixture mine[THREADS];
    pthread_t threads[THREADS];
    int64_t done = 0;
    for (int i = 0; i < THREADS; i++) {
        mine[i] = *(struct api_fixture *)*state;
        mine[i].now = 0;
        http_response_init(&mine[i].resp, 8 << 20);
        buf_init(&mine[i].req.body, 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, encrypt_often, &mine[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(mine[i].ms >= 0);
        done += mine[i].now;
        http_response_clear(&mine[i].resp);
        buf_free(&mine[i].req.body);
    }
    struct kdf_pool_stats stats;
    kdf_pool_stats(((struct api_fixture *)*state)->api.kdf, &stats);
    assert_int_equal(stats.done, done);
    assert_int_equal(stats.refused, THREADS * 5 - done);
    assert_true(stats.refused > 0);
}

/* Without room for its response nothing is opened and nothing counted, and then it opens.  A small
 * response of v1 always has room. */
static void
no_room_for_a_response_counts_nothing(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1,
                                      .ttl = 3600,
                                      .size = API_RESPONSE_SMALL,
                                      .inside = true,
                                      .key = KEY,
                                      .attempts = 1};
    char id[23], owner[44], classic[32], passphrase[64], body[200];
    api_fixture_create(fixture, what, id, owner);
    assert_int_equal(
        api_fixture_ask(
            fixture, (struct ask){.target = "/encrypt", .body = "{\"secret\":\"\\u0001\\u0001\"}"}),
        200);
    api_fixture_text(fixture, "secret_id", classic, sizeof(classic));
    api_fixture_text(fixture, "passphrase", passphrase, sizeof(passphrase));
    (void)snprintf(body, sizeof(body), "{\"secret_id\":\"%s\",\"passphrase\":\"%s\"}", classic,
                   passphrase);
    struct ask decrypt = {.target = "/decrypt", .body = body};

    fixture->room = 100;
    assert_again_later(fixture, api_fixture_open_secret(fixture, id, KEY, 'a'), "busy");
    assert_again_later(fixture, api_fixture_ask(fixture, decrypt), "busy");
    assert_int_equal(fixture->vault.views_claimed, 0);
    assert_int_equal(api_fixture_open_secret(fixture, id, KEY + 1, 'b'), 403); /* needs no room */
    assert_int_equal(fixture->reserved, 0);

    fixture->room = -1;
    api_fixture_create(fixture, what, id, owner);
    assert_int_equal(api_fixture_open_secret(fixture, id, KEY, 'a'), 200);
    assert_true(fixture->reserved >= fixture->resp.body.len);
    assert_int_equal(api_fixture_ask(fixture, decrypt), 200);
    assert_int_equal(fixture->reserved, fixture->resp.body.len);
    assert_int_equal(fixture->vault.views_claimed, 2);
}

/* Every route with a token, asked with ${token}. */
static const struct {
    const char *method, *tail;
} token_routes[] = {
    {"GET", "/receipt"},  {"DELETE", ""},      {"DELETE", "/lease"},  {"GET", "/parts/0"},
    {"HEAD", "/parts/0"}, {"PUT", "/parts/0"}, {"POST", "/complete"},
};

static int
ask_token(struct api_fixture *fixture, size_t route, const char *id, const char *token) {
    char target[80];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s%s", id, token_routes[route].tail);
    return api_fixture_ask(
        fixture,
        (struct ask){.method = token_routes[route].method, .target = target, .token = token});
}

/* A wrong token never reaches the one writer of a store that can be read without it. */
static void
a_wrong_token_costs_no_write(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 2, .ttl = 3600, .size = 304, .key = KEY};
    char id[23], owner[44], wrong[44], part[304], target[80], lease[44];
    fixture->vault.store->look_first = true;
    api_fixture_create(fixture, what, id, owner);
    api_fixture_lease('w', wrong);
    for (size_t i = 0; i < sizeof(part); i++)
        part[i] = (char)api_fixture_byte(i);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/parts/0", id);
    struct ask put = {
        .method = "PUT", .target = target, .body = part, .len = sizeof(part), .token = owner};
    assert_int_equal(api_fixture_ask(fixture, put), 204);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/complete", id);
    put = (struct ask){.method = "POST", .target = target, .token = owner};
    assert_int_equal(api_fixture_ask(fixture, put), 204);
    assert_int_equal(api_fixture_open_secret(fixture, id, KEY, 'a'), 200);

    changes = 0;
    for (size_t i = 0; i < ARRAY_LEN(token_routes); i++) {
        assert_int_equal(ask_token(fixture, i, id, wrong), 404);
        assert_int_equal(ask_token(fixture, i, "aaaaaaaaaaaaaaaaaaaaaa", owner), 404);
    }
    assert_int_equal(changes, 0);

    /* Nor does a fetch that renews nothing; one that does is written, and so is a confirm. */
    api_fixture_lease('a', lease);
    assert_int_equal(ask_token(fixture, 3, id, lease), 200);
    assert_int_equal(changes, 0);
    fixture->now += 100;
    assert_int_equal(ask_token(fixture, 3, id, lease), 200);
    assert_int_equal(changes, 1);
    assert_int_equal(ask_token(fixture, 2, id, lease), 204);
    assert_int_equal(changes, 2);
}

/* A client that failed often is refused before the store is asked, and nobody else is. */
static void
failed_tokens_are_refused_before_the_work(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 2, .ttl = 3600, .size = 304, .key = KEY};
    char id[23], owner[44], wrong[44], target[80];
    fixture->api.config.rate_open = 5;
    api_fixture_reopen(fixture);
    api_fixture_create(fixture, what, id, owner);
    api_fixture_lease('w', wrong);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask_token(fixture, (size_t)i % 6 + 1, id, wrong), 404);
    loads = changes = 0;
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(ask_token(fixture, i % 6 + 1, id, wrong), 429);
        assert_non_null(http_response_get(&fixture->resp, "Retry-After"));
    }
    assert_int_equal(loads + changes, 0);

    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s", id);
    struct ask burn = {.method = "DELETE", .target = target, .token = wrong, .client = "192.0.2.9"};
    assert_int_equal(api_fixture_ask(fixture, burn), 404);
    struct ask info = {.target = target, .client = "192.0.2.9"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(api_fixture_ask(fixture, info), 409); /* not complete */
    assert_int_equal(api_fixture_ask(fixture, info),
                     429); /* its opens are used up, not its failures */
    burn.token = owner;
    assert_int_equal(api_fixture_ask(fixture, burn), 204);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_store_that_does_not_answer),
        TEST(an_outcome_that_is_not_known),
        TEST(the_share_keeps_what_may_be_stored),
        TEST(an_open_delivers_nothing_then_and_can_be_repeated),
        TEST(a_wrap_is_not_delivered_then),
        TEST(a_decrypt_delivers_nothing_then),
        TEST(too_many_derivations),
        TEST(a_wrong_token_costs_no_write),
        TEST(failed_tokens_are_refused_before_the_work),
        TEST(no_room_for_a_response_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
