/* SPDX-License-Identifier: MIT */
/* The v1 API: create, info, open, lease, burn, receipt; bad values are in test_api_fields.c, parts
 * in test_api_parts.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"

enum { KEY = 5, WRONG = 6, SIZE = 304 };

#define TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* One secret and the ways to ask about it. */
struct secret {
    struct api_fixture *fixture;
    char id[23], owner[44];
};

static struct secret
make(struct api_fixture *fixture, int views, int attempts) {
    struct secret s = {.fixture = fixture};
    struct api_fixture_secret what = {.views = views,
                                      .ttl = 3600,
                                      .attempts = attempts,
                                      .size = SIZE,
                                      .inside = true,
                                      .key = KEY};
    api_fixture_create(fixture, what, s.id, s.owner);
    return s;
}

static int
ask(const struct secret *s, const char *method, const char *tail, const char *token) {
    char target[128];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s%s", s->id, tail);
    return api_fixture_ask(s->fixture,
                           (struct ask){.method = method, .target = target, .token = token});
}

static int
ask_lease(const struct secret *s, const char *method, const char *tail, char lease) {
    char token[44];
    api_fixture_lease(lease, token);
    return ask(s, method, tail, token);
}

static int
open_with(const struct secret *s, uint8_t key, char lease) {
    return api_fixture_open_secret(s->fixture, s->id, key, lease);
}

/* "state event event ..." of the receipt. */
static const char *
receipt(const struct secret *s) {
    static char text[512];
    const json_t *event;
    size_t i;
    assert_int_equal(ask(s, "GET", "/receipt", s->owner), 200);
    json_t *json = api_fixture_json(s->fixture);
    int n = snprintf(text, sizeof(text), "%s:", json_string_value(json_object_get(json, "state")));
    json_array_foreach(json_object_get(json, "events"), i, event) {
        json_int_t at = json_integer_value(json_object_get(event, "at")) - API_FIXTURE_T0;
        n += snprintf(text + n, sizeof(text) - (size_t)n, " %s@%d",
                      json_string_value(json_object_get(event, "event")), (int)at);
    }
    json_decref(json);
    return text;
}

static void
one_secret_from_create_to_confirm(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 2, 0);
    char text[1000];
    assert_int_equal(strlen(s.id), 22);
    assert_int_equal(strlen(s.owner), 43);
    assert_string_equal(receipt(&s), "waiting: created@0");

    assert_int_equal(ask(&s, "GET", "", NULL), 200);
    assert_int_equal(api_fixture_number(fixture, "size"), SIZE);
    assert_int_equal(api_fixture_number(fixture, "part_size"), 0);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 2);
    assert_int_equal(api_fixture_number(fixture, "expires_at"), API_FIXTURE_T0 + 3600);
    assert_null(strstr(api_fixture_body(fixture), "attempts_left"));
    assert_non_null(strstr(api_fixture_body(fixture), "\"passphrase\":false"));

    fixture->now += 10;
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 1);
    assert_int_equal(api_fixture_number(fixture, "lease_expires_at"), API_FIXTURE_T0 + 10 + 120);
    api_fixture_text(fixture, "content", text, sizeof(text));
    assert_int_equal(strlen(text), 406);
    assert_string_equal(receipt(&s), "opened: created@0 opened@10");

    fixture->now += 5;
    assert_int_equal(ask_lease(&s, "DELETE", "/lease", 'a'), 204);
    assert_int_equal(fixture->resp.body.len, 0);
    assert_int_equal(ask_lease(&s, "DELETE", "/lease", 'a'), 204); /* again */
    assert_string_equal(receipt(&s), "opened: created@0 opened@10 confirmed@15");
    assert_int_equal(open_with(&s, KEY, 'a'), 409);
    assert_true(api_fixture_problem(fixture, "lease_ended", NULL));

    assert_int_equal(open_with(&s, KEY, 'b'), 200);
    assert_int_equal(ask(&s, "GET", "", NULL), 200); /* no view left, a lease live */
    assert_int_equal(api_fixture_number(fixture, "views_left"), 0);
    assert_int_equal(open_with(&s, KEY, 'c'), 404);
    assert_int_equal(ask_lease(&s, "DELETE", "/lease", 'b'), 204);
    assert_int_equal(ask(&s, "GET", "", NULL), 404);
    assert_string_equal(receipt(&s),
                        "used_up: created@0 opened@10 opened@15 confirmed@15 confirmed@15");
}

static void
a_lost_answer_is_given_again(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 1, 0);
    char first[1000], again[1000];
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    api_fixture_text(fixture, "content", first, sizeof(first));
    for (int i = 0; i < 4; i++) {
        fixture->now += 100;
        assert_int_equal(open_with(&s, KEY, 'a'), 200);
        assert_int_equal(api_fixture_number(fixture, "views_left"), 0);
        assert_int_equal(api_fixture_number(fixture, "lease_expires_at"), fixture->now + 120);
        api_fixture_text(fixture, "content", again, sizeof(again));
        assert_string_equal(first, again);
    }
    assert_int_equal(open_with(&s, WRONG, 'a'), 404); /* no view left: the proof is not looked at */
    fixture->now += 120;
    assert_int_equal(open_with(&s, KEY, 'a'), 409);
    assert_string_equal(receipt(&s), "used_up: created@0 opened@0 lapsed@520");
}

static void
the_server_makes_a_lease_if_none_is_named(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 1, 0);
    char lease[44], target[80];
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/open", s.id);
    struct ask open = {.target = target,
                       .body = "{\"access\":\"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\"}"};
    assert_int_equal(api_fixture_ask(fixture, open), 200);
    api_fixture_text(fixture, "lease", lease, sizeof(lease));
    assert_int_equal(strlen(lease), 43);
    assert_int_equal(ask(&s, "DELETE", "/lease", lease), 204);
}

static void
wrong_proofs_are_counted_where_asked(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 1, 0), counted = make(fixture, 3, 2);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(open_with(&s, WRONG, 'a'), 403);
        assert_true(api_fixture_problem(fixture, "wrong_proof", NULL));
        assert_null(strstr(api_fixture_body(fixture), "attempts_left"));
    }
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    assert_int_equal(ask(&counted, "GET", "", NULL), 200);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 2);
    assert_int_equal(open_with(&counted, KEY, 'a'), 200); /* lives on when it locks */
    assert_int_equal(open_with(&counted, WRONG, 'b'), 403);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 1);
    fixture->now += 7;
    assert_int_equal(open_with(&counted, WRONG, 'b'), 403);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 0);
    assert_int_equal(open_with(&counted, KEY, 'b'), 404);
    assert_int_equal(open_with(&counted, WRONG, 'a'), 404);
    assert_int_equal(open_with(&counted, KEY, 'a'), 200); /* its response may have been lost */
    assert_int_equal(ask(&counted, "GET", "", NULL), 200);
    assert_int_equal(ask_lease(&counted, "DELETE", "/lease", 'a'), 204);
    assert_int_equal(ask(&counted, "GET", "", NULL), 404);
    assert_int_equal(open_with(&counted, KEY, 'a'), 409);
    assert_string_equal(receipt(&counted), "locked: created@0 opened@0 confirmed@7 locked@7");
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 0);
}

/* A client that has only the id can neither guess a passphrase nor use up attempts. */
static void
an_id_alone_locks_nothing(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 2, 3);
    assert_int_equal(ask(&s, "GET", "", NULL), 200);
    assert_non_null(strstr(api_fixture_body(fixture), "\"gate\":true"));
    for (int i = 0; i < 20; i++) {
        uint8_t gate = i % 2 == 0 ? 0 : API_FIXTURE_GATE + 1; /* none, or a wrong one */
        assert_int_equal(
            api_fixture_open_with_gate(fixture, s.id, i % 3 == 0 ? KEY : WRONG, 'a', gate), 403);
        assert_true(api_fixture_problem(fixture, "wrong_key", NULL));
        assert_null(strstr(api_fixture_body(fixture), "attempts_left"));
    }
    assert_int_equal(ask(&s, "GET", "", NULL), 200);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 3);
    assert_string_equal(receipt(&s), "waiting: created@0");

    /* Whoever has the link key has three attempts at the passphrase. */
    assert_int_equal(open_with(&s, WRONG, 'a'), 403);
    assert_true(api_fixture_problem(fixture, "wrong_proof", NULL));
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 2);
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    assert_int_equal(api_fixture_open_with_gate(fixture, s.id, KEY, 'a', 0),
                     403); /* its lease, no gate */
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 1);
}

static void
a_gate_is_ignored_where_there_is_none(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 2, 0);
    assert_int_equal(ask(&s, "GET", "", NULL), 200);
    assert_null(strstr(api_fixture_body(fixture), "gate"));
    assert_int_equal(api_fixture_open_with_gate(fixture, s.id, KEY, 'a', 0), 200);
    assert_int_equal(api_fixture_open_with_gate(fixture, s.id, KEY, 'b', 1), 200);
}

static void
owner_and_opener_may_burn(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 2, 0), t = make(fixture, 2, 0);
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    fixture->now += 3;
    assert_int_equal(ask(&s, "DELETE", "", s.owner), 204);
    assert_int_equal(open_with(&s, KEY, 'a'), 404);
    assert_int_equal(open_with(&s, KEY, 'b'), 404);
    assert_string_equal(receipt(&s), "burnt: created@0 opened@0 burnt_by_owner@3");
    assert_int_equal(open_with(&t, KEY, 'a'), 200);
    assert_int_equal(ask_lease(&t, "DELETE", "", 'b'), 404);
    assert_int_equal(ask_lease(&t, "DELETE", "", 'a'), 204);
    assert_string_equal(receipt(&t), "burnt: created@0 opened@3 burnt_by_opener@3");
}

static void
receipts_stay_seven_days(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 2, 0);
    fixture->now += 3600;
    assert_int_equal(ask(&s, "GET", "", NULL), 404);
    assert_string_equal(receipt(&s), "expired: created@0 expired@3600");
    fixture->now += 7 * 86400 - 1;
    assert_string_equal(receipt(&s), "expired: created@0 expired@3600");
    fixture->now += 1;
    assert_int_equal(ask(&s, "GET", "/receipt", s.owner), 404);
}

/* Every kind of absence has the same bytes. */
static void
one_404_for_all_causes(void **state) {
    struct api_fixture *fixture = *state;
    struct secret unknown = {.fixture = fixture, .id = "aaaaaaaaaaaaaaaaaaaaaa"};
    struct secret malformed = {.fixture = fixture, .id = "aaa_aaaaaaaaaaaaaaaaaa"};
    struct secret s[] = {unknown,
                         malformed,
                         make(fixture, 1, 0),
                         make(fixture, 1, 0),
                         make(fixture, 1, 1),
                         make(fixture, 1, 0)};
    char first[4][256] = {{0}};
    assert_int_equal(open_with(&s[2], KEY, 'a'), 200); /* used up */
    assert_int_equal(ask_lease(&s[2], "DELETE", "/lease", 'a'), 204);
    assert_int_equal(ask(&s[3], "DELETE", "", s[3].owner), 204); /* burnt */
    assert_int_equal(open_with(&s[4], WRONG, 'a'), 403);         /* locked */
    fixture->now += 3600;                                        /* expired */
    for (size_t i = 0; i < ARRAY_LEN(s); i++) {
        int statuses[4] = {ask(&s[i], "GET", "", NULL)};
        const char *now[4];
        for (size_t k = 0; k < 4; k++) {
            if (k == 1) statuses[k] = open_with(&s[i], KEY, 'z');
            if (k == 2) statuses[k] = ask(&s[i], "GET", "/receipt", TOKEN);
            if (k == 3) statuses[k] = ask(&s[i], "DELETE", "/lease", TOKEN);
            now[k] = api_fixture_body(fixture);
            assert_int_equal(statuses[k], 404);
            if (i == 0) (void)snprintf(first[k], sizeof(first[k]), "%s", now[k]);
            assert_string_equal(now[k], first[0]);
            assert_string_equal(http_response_get(&fixture->resp, "Content-Type"),
                                "application/problem+json");
        }
    }
}

static void
replays_change_nothing(void **state) {
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    static const char *const tails[] = {"", "/open", "/receipt", "/lease", "/complete", "/parts/0"};
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 3, 5);
    char before[512], token[44];
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    api_fixture_lease('a', token);
    (void)snprintf(before, sizeof(before), "%s", receipt(&s));
    fixture->now += 60; /* a renewal would show */
    for (int i = 0; i < 1000; i++)
        for (size_t m = 0; m < ARRAY_LEN(methods); m++)
            (void)ask(&s, methods[m], tails[(size_t)i % ARRAY_LEN(tails)],
                      i % 2 == 0 ? token : s.owner);
    assert_string_equal(receipt(&s), before);
    assert_int_equal(api_fixture_number(fixture, "views_left"), 2);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 5);
    fixture->now += 60;
    assert_int_equal(open_with(&s, KEY, 'a'), 409); /* it was not renewed */
}

static void
what_does_not_fit_here_is_not_counted(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 1, 0);
    fixture->api.config.response_max = 600;
    assert_int_equal(open_with(&s, KEY, 'a'), 413);
    assert_true(api_fixture_problem(fixture, "too_large_here", NULL));
    fixture->api.config.response_max = 700;
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    assert_true(fixture->resp.body.len <= 700);
}

static void
a_limited_open_uses_no_attempt(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 1, 3);
    fixture->api.config.rate_open = 2;
    api_fixture_reopen(fixture);
    assert_int_equal(open_with(&s, WRONG, 'a'), 403);
    assert_int_equal(open_with(&s, WRONG, 'a'), 403);
    for (int i = 0; i < 10; i++)
        assert_int_equal(open_with(&s, WRONG, 'a'), 429);
    fixture->ms += 60000;
    assert_int_equal(ask(&s, "GET", "", NULL), 200);
    assert_int_equal(api_fixture_number(fixture, "attempts_left"), 1);
}

static void
a_full_store_is_507_and_opening_goes_on(void **state) {
    struct api_fixture *fixture = *state;
    struct secret s = make(fixture, 1, 0);
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE, .inside = true};
    char *body = api_fixture_create_body(what);
    fixture->vault.limits.quota = vault_usage(&fixture->vault) + 4000;
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = body}), 507);
    assert_true(api_fixture_problem(fixture, "full", NULL));
    assert_int_equal(open_with(&s, KEY, 'a'), 200);
    free(body);
}

/* One network fills its share of a limit, by each way to store; others can still store. */
static void
check_shares(struct api_fixture *fixture) {
    struct secret first = make(fixture, 1, 0);
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE, .inside = true};
    char *body = api_fixture_create_body(what);
    struct ask all[] = {
        {.target = "/api/v1/secrets", .body = body},
        {.target = "/encrypt", .body = "{\"secret\":\"twenty bytes of text\"}"},
        {.target = "/encrypt?file_name=f", .body = body, .len = SIZE},
    };
    int created = 0;
    while (api_fixture_ask(fixture, all[0]) == 201)
        created++;
    assert_true(created > 10 && created < 35); /* a third of the limit */
    what.inside = false;
    char *upload = api_fixture_create_body(what);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        all[i].client = "192.0.2.77"; /* of the same network */
        if (i != 1) assert_int_equal(api_fixture_ask(fixture, all[i]), 507);
        all[i].client = "198.51.100.1";
        assert_true(api_fixture_ask(fixture, all[i]) < 300);
    }
    assert_int_equal(
        api_fixture_ask(fixture, (struct ask){.target = "/api/v1/secrets", .body = upload}), 507);
    assert_int_equal(open_with(&first, KEY, 'a'), 200);
    free(upload);
    free(body);
}

enum { SHARED_LIMIT = 300000 };

static void
one_network_cannot_fill_the_quota(void **state) {
    struct api_fixture *fixture = *state;
    fixture->vault.limits.quota = SHARED_LIMIT;
    check_shares(fixture);
}

/* As with stores in AWS, the server knows only how much it accepted in a day. */
static void
one_network_cannot_use_up_a_day(void **state) {
    struct api_fixture *fixture = *state;
    bool *remote = fixture->vault.limits.remote;
    remote[VAULT_RECORDS] = remote[VAULT_BLOBS] = true;
    fixture->vault.limits.daily = daily_new(SHARED_LIMIT);
    assert_non_null(fixture->vault.limits.daily);
    check_shares(fixture);
    daily_free(fixture->vault.limits.daily);
    fixture->vault.limits.daily = NULL;
}

/* With one store on this machine and one elsewhere, each has a limit and shares of its own. */
static void
a_share_of_one_store_leaves_the_other(void **state) {
    struct api_fixture *fixture = *state;
    struct vault_limits *limits = &fixture->vault.limits;
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE, .inside = true};
    char *inside = api_fixture_create_body(what);
    what = (struct api_fixture_secret){.views = 1, .ttl = 3600, .size = SHARED_LIMIT * 2 / 3};
    char *large = api_fixture_create_body(what);
    const struct ask records = {.target = "/api/v1/secrets", .body = inside};
    const struct ask upload = {.target = "/api/v1/secrets", .body = large};

    for (int i = 0; i < VAULT_PLACES; i++) {
        limits->quota = SHARED_LIMIT;
        limits->daily = daily_new(SHARED_LIMIT);
        limits->remote[i] = true;
        limits->remote[!i] = false;
        api_fixture_reopen(fixture);

        /* Its parts exceed the share of one store, its record is within that of the other. */
        assert_int_equal(api_fixture_ask(fixture, upload), 507);
        assert_int_equal(api_fixture_ask(fixture, records), 201);

        /* The quota still holds what the round before has stored. */
        int created = 0;
        while (api_fixture_ask(fixture, records) == 201)
            created++;
        assert_true(created > 5 && created < 35);
        daily_free(limits->daily);
        limits->daily = NULL;
    }

    /* What can never fit in the quota fits elsewhere, but its record must fit. */
    struct ask other = upload;
    other.client = "198.51.100.1";
    limits->remote[VAULT_RECORDS] = false;
    limits->remote[VAULT_BLOBS] = true;
    limits->quota = vault_usage(&fixture->vault) + SHARED_LIMIT / 2;
    assert_int_equal(api_fixture_ask(fixture, other), 201);
    limits->quota = 1;
    other.client = "203.0.113.1";
    assert_int_equal(api_fixture_ask(fixture, other), 507);
    free(inside);
    free(large);
}

/* One byte each: what a record occupies counts, for texts and for uploads that only begin. */
static void
small_secrets_count_for_what_they_occupy(void **state) {
    struct api_fixture *fixture = *state;
    struct api_fixture_secret what = {.views = 1, .ttl = 3600, .size = SIZE};
    char *begun = api_fixture_create_body(what);
    struct ask text = {.target = "/encrypt", .body = "{\"secret\":\"x\"}"};
    struct ask upload = {.target = "/api/v1/secrets", .body = begun};
    fixture->vault.limits.quota = SHARED_LIMIT;

    int texts = 0, uploads = 0;
    while (texts < 100 && api_fixture_ask(fixture, text) == 200)
        texts++;
    assert_int_equal(fixture->resp.status, 507);
    assert_true(texts > 15 && texts <= SHARED_LIMIT / 3 / 4096);

    /* Another network, whose every client begins as many uploads as it may. */
    for (int i = 1; i < 256 && uploads == 4 * (i - 1); i++) {
        char client[16];
        (void)snprintf(client, sizeof(client), "198.51.100.%d", i);
        upload.client = client;
        while (uploads < 100 && api_fixture_ask(fixture, upload) == 201)
            uploads++;
    }
    assert_int_equal(fixture->resp.status, 507);
    assert_true(uploads > 10 && uploads <= SHARED_LIMIT * 2 / 9 / 4096);
    free(begun);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_secret_from_create_to_confirm),
        TEST(one_network_cannot_fill_the_quota),
        TEST(one_network_cannot_use_up_a_day),
        TEST(a_share_of_one_store_leaves_the_other),
        TEST(small_secrets_count_for_what_they_occupy),
        TEST(a_lost_answer_is_given_again),
        TEST(the_server_makes_a_lease_if_none_is_named),
        TEST(wrong_proofs_are_counted_where_asked),
        TEST(an_id_alone_locks_nothing),
        TEST(a_gate_is_ignored_where_there_is_none),
        TEST(owner_and_opener_may_burn),
        TEST(receipts_stay_seven_days),
        TEST(one_404_for_all_causes),
        TEST(replays_change_nothing),
        TEST(what_does_not_fit_here_is_not_counted),
        TEST(a_limited_open_uses_no_attempt),
        TEST(a_full_store_is_507_and_opening_goes_on),
    };

    return api_fixture_run(tests, ARRAY_LEN(tests));
}
