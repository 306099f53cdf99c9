/* SPDX-License-Identifier: MIT */
/* The v1 API: uploads and parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "vault/sealed.h"

enum { KEY = 5, PARTS = 3, LAST = 1000, SIZE = 2 * API_FIXTURE_PART + LAST };

#define TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static uint8_t envelope[SIZE];

static int
setup(void **state) {
    for (size_t i = 0; i < sizeof(envelope); i++)
        envelope[i] = api_fixture_byte(i);
    return api_fixture_setup(state);
}

struct upload {
    struct api_fixture *fixture;
    char id[23], owner[44], lease[44];
};

static struct upload
begin(struct api_fixture *fixture) {
    struct upload u = {.fixture = fixture};
    struct api_fixture_secret what = {.views = 2, .ttl = 7 * 86400, .size = SIZE, .key = KEY};
    api_fixture_create(fixture, what, u.id, u.owner);
    api_fixture_lease('a', u.lease);
    return u;
}

static int
ask(const struct upload *u, const char *method, const char *tail, const char *token) {
    char target[128];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s%s", u->id, tail);
    return api_fixture_ask(u->fixture,
                           (struct ask){.method = method, .target = target, .token = token});
}

static int
put(const struct upload *u, unsigned k, const void *data, size_t len, const char *token,
    bool unchecked) {
    char target[128];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/parts/%u", u->id, k);
    return api_fixture_ask(u->fixture, (struct ask){.method = "PUT",
                                                    .target = target,
                                                    .body = data,
                                                    .len = len,
                                                    .type = "application/octet-stream",
                                                    .token = token,
                                                    .unchecked = unchecked});
}

static int
put_good(const struct upload *u, unsigned k) {
    size_t at = (size_t)k * API_FIXTURE_PART;
    return put(u, k, envelope + at, k + 1 < PARTS ? API_FIXTURE_PART : LAST, u->owner, k % 2 == 1);
}

static struct upload
complete(struct api_fixture *fixture) {
    struct upload u = begin(fixture);
    for (unsigned k = PARTS; k-- > 0;)
        assert_int_equal(put_good(&u, k), 204);
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 204);
    return u;
}

static void
parts_come_in_any_order_and_go_out(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = begin(fixture);
    assert_int_equal(api_fixture_number(fixture, "part_size"), API_FIXTURE_PART);
    assert_int_equal(ask(&u, "GET", "", NULL), 409); /* not complete */
    assert_true(api_fixture_problem(fixture, "uploading", NULL));
    assert_non_null(http_response_get(&fixture->resp, "Retry-After"));
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 409);
    assert_true(api_fixture_problem(fixture, "uploading", NULL));
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 409);
    assert_true(api_fixture_problem(fixture, "incomplete", NULL));
    assert_int_equal(api_fixture_number(fixture, "missing"), 3);
    for (unsigned k = PARTS; k-- > 0;)
        assert_int_equal(put_good(&u, k), 204);
    assert_int_equal(put_good(&u, 1), 204); /* again */
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 204);
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 204);
    assert_int_equal(ask(&u, "GET", "", NULL), 200);
    assert_int_equal(api_fixture_number(fixture, "part_size"), API_FIXTURE_PART);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    assert_null(strstr(api_fixture_body(fixture), "content"));
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 200);
    assert_int_equal(fixture->resp.body.len, API_FIXTURE_PART);
    assert_memory_equal(fixture->resp.body.data, envelope, API_FIXTURE_PART);
    assert_string_equal(http_response_get(&fixture->resp, "Content-Type"),
                        "application/octet-stream");
    assert_string_equal(http_response_get(&fixture->resp, "Content-Disposition"), "attachment");
    assert_int_equal(ask(&u, "GET", "/parts/2", u.lease), 200);
    assert_int_equal(fixture->resp.body.len, LAST);
    assert_memory_equal(fixture->resp.body.data, envelope + 2 * API_FIXTURE_PART, LAST);
    assert_int_equal(ask(&u, "DELETE", "/lease", u.lease), 204);
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 404);
}

static void
a_part_that_is_not_what_it_must_be(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = begin(fixture);
    for (int unchecked = 0; unchecked < 2; unchecked++) {
        assert_int_equal(put(&u, 0, envelope, API_FIXTURE_PART - 1, u.owner, unchecked), 409);
        assert_true(api_fixture_problem(fixture, "conflict", NULL));
        assert_int_equal(put(&u, 0, envelope, API_FIXTURE_PART + 1, u.owner, unchecked), 409);
        assert_int_equal(put(&u, 2, envelope, LAST + 1, u.owner, unchecked), 409);
        assert_int_equal(put(&u, 3, envelope, LAST, u.owner, unchecked), 404);
        assert_int_equal(put(&u, 0, envelope, API_FIXTURE_PART, TOKEN, unchecked), 404);
        assert_int_equal(put(&u, 4294967295U, envelope, 1, u.owner, unchecked), 404);
    }
    assert_int_equal(put_good(&u, 0), 204);
    assert_int_equal(put(&u, 0, envelope + 1, API_FIXTURE_PART, u.owner, false), 409);
    assert_int_equal(put_good(&u, 1), 204);
    assert_int_equal(put_good(&u, 2), 204);
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 204);
    assert_int_equal(put_good(&u, 0), 409); /* complete */
}

static void
the_header_must_be_that_of_create(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = begin(fixture);
    assert_int_equal(put(&u, 0, envelope + 1, API_FIXTURE_PART, u.owner, false), 204);
    assert_int_equal(put_good(&u, 1), 204);
    assert_int_equal(put_good(&u, 2), 204);
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 422);
    assert_true(api_fixture_problem(fixture, "invalid_field", "header"));
    assert_int_equal(ask(&u, "GET", "", NULL), 409);
    fixture->now += 3600; /* abandoned */
    assert_int_equal(ask(&u, "GET", "", NULL), 404);
}

static void
part_numbers_have_one_spelling(void **state) {
    static const char *const bad[] = {
        "/parts/00",
        "/parts/01",
        "/parts/-1",
        "/parts/+1",
        "/parts/1.0",
        "/parts/0x1",
        "/parts/ 1",
        "/parts/1e0",
        "/parts/a",
        "/parts/%30",
        "/parts/4294967296",
        "/parts/3",
        "/parts/99999999999999999999",
    };
    struct api_fixture *fixture = *state;
    struct upload u = complete(fixture);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(ask(&u, "GET", bad[i], u.lease), 404);
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 200);
}

static void
tokens_are_for_what_they_are(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = complete(fixture), other = complete(fixture);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    assert_int_equal(ask(&u, "GET", "/parts/0", u.owner), 404);
    assert_int_equal(ask(&u, "DELETE", "/lease", u.owner), 404);
    assert_int_equal(ask(&u, "GET", "/receipt", u.lease), 404);
    assert_int_equal(ask(&u, "POST", "/complete", u.lease), 404);
    assert_int_equal(ask(&u, "GET", "/receipt", other.owner), 404);
    assert_int_equal(ask(&u, "DELETE", "", other.owner), 404);
    assert_int_equal(ask(&other, "GET", "/parts/0", u.lease), 404);
}

/* A preview, a scanner or a proxy that asks HEAD does not keep a lease alive; a fetch does. */
static void
head_of_a_part_does_not_renew(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = complete(fixture);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    fixture->now += 600;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ask(&u, "HEAD", "/parts/2", u.lease), 200);
        assert_int_equal(fixture->resp.omitted, LAST);
        assert_int_equal(fixture->resp.body.len + fixture->reserved, 0); /* no memory either */
    }
    assert_int_equal(ask(&u, "HEAD", "/parts/3", u.lease), 404);
    assert_int_equal(ask(&u, "HEAD", "/parts/0", TOKEN), 404);
    assert_int_equal(ask(&u, "HEAD", "/parts/0", u.owner), 404);
    fixture->now += 300;
    assert_int_equal(ask(&u, "HEAD", "/parts/0", u.lease), 404); /* 15 minutes after its open */
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 404);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'b'), 200);
    api_fixture_lease('b', u.lease);
    fixture->now += 600;
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 200);
    fixture->now += 600;
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 200);
}

static void
head_of_a_part_tells_what_get_would(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = {.fixture = fixture};
    struct api_fixture_secret what = {
        .views = 2, .ttl = 86400, .attempts = 1, .size = SIZE, .key = KEY};
    api_fixture_create(fixture, what, u.id, u.owner);
    api_fixture_lease('a', u.lease);
    for (unsigned k = 0; k < PARTS; k++)
        assert_int_equal(put_good(&u, k), 204);
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 204);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY + 1, 'b'), 403); /* locks it */
    assert_int_equal(ask(&u, "GET", "", NULL), 200);             /* while a lease is live */
    assert_int_equal(ask(&u, "HEAD", "/parts/0", u.lease), 200); /* live leases stay live */
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 200);
    assert_int_equal(ask(&u, "DELETE", "", u.owner), 204);
    assert_int_equal(ask(&u, "HEAD", "/parts/0", u.lease), 404);
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 404);
}

static void
four_unfinished_uploads_a_client(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 7 * 86400, .size = SIZE};
    char *body = api_fixture_create_body(what);
    struct ask create = {.target = "/api/v1/secrets", .body = body};
    struct upload u = begin(fixture), v = begin(fixture);
    (void)begin(fixture);
    (void)begin(fixture);
    assert_int_equal(api_fixture_ask(fixture, create), 429);
    assert_true(api_fixture_problem(fixture, "too_many_uploads", NULL));
    assert_non_null(http_response_get(&fixture->resp, "Retry-After"));
    create.client = "192.0.2.2"; /* another may */
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    create.client = NULL;
    for (unsigned k = 0; k < PARTS; k++)
        assert_int_equal(put_good(&u, k), 204);
    assert_int_equal(api_fixture_ask(fixture, create), 429);
    assert_int_equal(ask(&u, "POST", "/complete", u.owner), 204);
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    assert_int_equal(api_fixture_ask(fixture, create), 429);
    assert_int_equal(ask(&v, "DELETE", "", v.owner), 204);
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    assert_int_equal(api_fixture_ask(fixture, create), 429);
    fixture->ms += 3600 * 1000;
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    free(body);
}

/* Whether one more upload may begin 16 s after four began, which got part ${k} after 10 s. */
static int
begin_after_parts(struct api_fixture *fixture, unsigned k) {
    struct api_fixture_secret what = {.views = 1, .ttl = 7 * 86400, .size = SIZE};
    struct upload u[4];
    for (size_t i = 0; i < ARRAY_LEN(u); i++) {
        u[i] = begin(fixture);
        assert_int_equal(put_good(&u[i], 0), 204);
    }

    fixture->ms += 10 * 1000;
    for (size_t i = 0; i < ARRAY_LEN(u); i++)
        assert_int_equal(put_good(&u[i], k), 204);
    fixture->ms += 6 * 1000;

    char *body = api_fixture_create_body(what);
    int status = api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body});
    free(body);
    fixture->ms += 3600 * 1000;
    return status;
}

static void
a_repeated_part_keeps_no_place(void **state) {
    assert_int_equal(begin_after_parts(*state, 1), 429); /* the control: a new part */
    assert_int_equal(begin_after_parts(*state, 0), 201);
}

/* Where servers share a store, an upload may end at another server than the one where it began. */
static void
an_upload_that_ended_elsewhere_does_not_count(void **state) {
    struct api_fixture *fixture = *state;
    char *body = api_fixture_create_body(
        (struct api_fixture_secret){.views = 1, .ttl = 7 * 86400, .size = SIZE});
    struct ask create = {.target = "/api/v1/secrets", .body = body};
    struct upload u = begin(fixture);
    enum verdict verdict;
    for (int i = 0; i < 3; i++)
        (void)begin(fixture);
    assert_int_equal(api_fixture_ask(fixture, create), 429);
    assert_int_equal(vault_sealed_burn(&fixture->vault, u.id, u.owner, NULL, &verdict), 1);
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    assert_int_equal(api_fixture_ask(fixture, create), 429);
    free(body);
}

static void
a_failed_create_is_no_upload(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 86400, .size = SIZE};
    char *body = api_fixture_create_body(what);
    struct ask create = {.target = "/api/v1/secrets", .body = body};
    fixture->vault.limits.quota = 1000;
    for (int i = 0; i < 10; i++)
        assert_int_equal(api_fixture_ask(fixture, create), 507);
    fixture->vault.limits.quota = 0;
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    free(body);
}

/* An upload that ${client} begins. */
static struct upload
begin_from(struct api_fixture *fixture, const char *client) {
    struct upload u = {.fixture = fixture};
    char *body = api_fixture_create_body(
        (struct api_fixture_secret){.views = 2, .ttl = 86400, .size = SIZE});
    const struct ask create = {.target = "/api/v1/secrets", .body = body, .client = client};
    assert_int_equal(api_fixture_ask(fixture, create), 201);
    api_fixture_text(fixture, "id", u.id, sizeof(u.id));
    api_fixture_text(fixture, "owner_token", u.owner, sizeof(u.owner));
    free(body);
    return u;
}

enum { BEGUN = 12, SHARED_LIMIT = 9 * SIZE };

/* Send the parts of ${u} from ${client} until one is refused.  Returns the bytes stored. */
static uint64_t
send_parts(const struct upload *u, const char *client) {
    uint64_t stored = 0;
    for (unsigned k = 0; k < PARTS; k++) {
        char target[128];
        size_t at = (size_t)k * API_FIXTURE_PART, len = k + 1 < PARTS ? API_FIXTURE_PART : LAST;
        (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/parts/%u", u->id, k);
        const struct ask part = {.method = "PUT",
                                 .target = target,
                                 .body = (const char *)envelope + at,
                                 .len = len,
                                 .type = "application/octet-stream",
                                 .token = u->owner,
                                 .client = client};
        int status = api_fixture_ask(u->fixture, part);
        if (status == 507) break;
        assert_int_equal(status, 204);

        /* Again: it counts once, though there must be room for it. */
        status = api_fixture_ask(u->fixture, part);
        assert_true(status == 204 || status == 507);
        stored += len;
    }
    return stored;
}

/* A network begins its uploads while nothing is stored, and sends their parts later. */
static void
check_begun_uploads(struct api_fixture *fixture) {
    struct upload all[BEGUN], other;
    char client[BEGUN][32];
    uint64_t stored = 0;
    for (int i = 0; i < BEGUN; i++) {
        (void)snprintf(client[i], sizeof(client[i]), "192.0.2.%d", i + 1);
        all[i] = begin_from(fixture, client[i]);
    }
    for (int i = 0; i < BEGUN; i++)
        stored += send_parts(&all[i], client[i]);

    /* It stores almost a third of the limit, and another network still stores. */
    assert_true(stored <= SHARED_LIMIT / 3 && stored > SHARED_LIMIT / 6);
    other = begin_from(fixture, "198.51.100.1");
    assert_int_equal(send_parts(&other, "198.51.100.1"), SIZE);
}

static void
begun_uploads_of_a_network_leave_the_quota(void **state) {
    struct api_fixture *fixture = *state;
    fixture->vault.limits.quota = SHARED_LIMIT;
    check_begun_uploads(fixture);
}

static void
begun_uploads_of_a_network_leave_the_day(void **state) {
    struct api_fixture *fixture = *state;
    bool *remote = fixture->vault.limits.remote;
    remote[VAULT_RECORDS] = remote[VAULT_BLOBS] = true;
    fixture->vault.limits.daily = daily_new(SHARED_LIMIT);
    assert_non_null(fixture->vault.limits.daily);
    check_begun_uploads(fixture);
    daily_free(fixture->vault.limits.daily);
    fixture->vault.limits.daily = NULL;
}

/* An upload that sends nothing takes nothing from its neighbours, begun or burnt. */
static void
an_upload_counts_as_its_parts_arrive(void **state) {
    struct api_fixture *fixture = *state;
    fixture->vault.limits.quota = 9 * SIZE / 2;
    struct upload other = begin_from(fixture, "198.51.100.1");
    assert_int_equal(send_parts(&other, "198.51.100.1"), SIZE);

    struct upload burnt = begin_from(fixture, "192.0.2.1");
    assert_int_equal(ask(&burnt, "DELETE", "", burnt.owner), 204);
    (void)begin_from(fixture, "192.0.2.1");
    struct upload neighbour = begin_from(fixture, "192.0.2.2");
    assert_int_equal(send_parts(&neighbour, "192.0.2.2"), SIZE);
}

static void
parts_under_a_valid_token_are_not_limited(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = complete(fixture);
    fixture->api.config.rate_create = fixture->api.config.rate_open = 1;
    api_fixture_reopen(fixture);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    assert_int_equal(ask(&u, "GET", "", NULL), 429); /* the bucket is empty */
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask(&u, "GET", "/parts/2", u.lease), 200);
    assert_int_equal(ask(&u, "GET", "/parts/2", TOKEN), 429);
    assert_int_equal(ask(&u, "GET", "/parts/2", u.lease), 429); /* until it has rested */
    fixture->ms += 60000;
    assert_int_equal(ask(&u, "GET", "/parts/2", u.lease), 200);
    assert_int_equal(ask(&u, "DELETE", "/lease", u.lease), 204);
}

static void
a_part_is_reserved_before_it_is_read(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = complete(fixture);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
    fixture->room = API_FIXTURE_PART - 1;
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 503);
    assert_true(api_fixture_problem(fixture, "busy", NULL));
    fixture->room = API_FIXTURE_PART;
    assert_int_equal(ask(&u, "GET", "/parts/0", u.lease), 200);
    assert_int_equal(fixture->reserved, API_FIXTURE_PART);
    assert_int_equal(ask(&u, "GET", "/parts/0", TOKEN), 404);
    assert_int_equal(fixture->reserved, 0); /* nothing is held for a wrong token */
}

static void
parts_too_large_for_an_adapter_are_refused_before_the_claim(void **state) {
    struct api_fixture *fixture = *state;
    struct upload u = complete(fixture);
    fixture->api.config.response_max = API_FIXTURE_PART - 1;
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 413);
    assert_true(api_fixture_problem(fixture, "too_large_here", NULL));
    fixture->api.config.response_max = API_FIXTURE_PART;
    assert_int_equal(ask(&u, "GET", "", NULL), 200);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 2);
    assert_int_equal(api_fixture_open_secret(fixture, u.id, KEY, 'a'), 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(parts_come_in_any_order_and_go_out),
        TEST(a_part_that_is_not_what_it_must_be),
        TEST(the_header_must_be_that_of_create),
        TEST(part_numbers_have_one_spelling),
        TEST(tokens_are_for_what_they_are),
        TEST(head_of_a_part_does_not_renew),
        TEST(head_of_a_part_tells_what_get_would),
        TEST(four_unfinished_uploads_a_client),
        TEST(a_repeated_part_keeps_no_place),
        TEST(an_upload_that_ended_elsewhere_does_not_count),
        TEST(a_failed_create_is_no_upload),
        TEST(a_part_is_reserved_before_it_is_read),
        TEST(begun_uploads_of_a_network_leave_the_quota),
        TEST(begun_uploads_of_a_network_leave_the_day),
        TEST(an_upload_counts_as_its_parts_arrive),
        TEST(parts_under_a_valid_token_are_not_limited),
        TEST(parts_too_large_for_an_adapter_are_refused_before_the_claim),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
