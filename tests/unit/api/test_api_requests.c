/* SPDX-License-Identifier: MIT */
/* Requests over the API: asking, answering, listing, ending, and what each refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "api_fixture.h"
#include "base/text/base64.h"
#include "crypto/token.h"

#define REQUESTS "/api/v1/requests"

enum { SIZE = 304, KEY = 7, OWNER_LETTER = 'r', WRAP_MAX = 4096 };

static char owner[44], id[23];

/* Append ${len} bytes of ${fill}, or of an envelope if that is 0, as the text field ${name}. */
static void
add_bytes(struct buf *body, const char *name, int fill, size_t len) {
    struct buf bytes = BUF_INIT(1 << 20);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(buf_add_byte(&bytes, fill != 0 ? (uint8_t)fill : api_fixture_byte(i)), 0);
    assert_int_equal(buf_printf(body, "%s\"%s\":\"", body->len > 1 ? "," : "", name), 0);
    assert_int_equal(base64_encode(BASE64_URL, bytes.data, bytes.len, body), 0);
    assert_int_equal(buf_add_text(body, "\""), 0);
    buf_free(&bytes);
}

/* Append the SHA-256 of ${len} bytes at ${data} as the field ${name}. */
static void
add_hash(struct buf *body, const char *name, const void *data, size_t len) {
    uint8_t hash[TOKEN_HASH_LEN];
    char text[44];
    token_hash(data, len, hash);
    base64_encode_text(BASE64_URL, hash, sizeof(hash), text);
    assert_int_equal(buf_printf(body, "%s\"%s\":\"%s\"", body->len > 1 ? "," : "", name, text), 0);
}

static int
send(struct api_fixture *f, struct ask ask, struct buf *body) {
    assert_int_equal(buf_add_text(body, "}"), 0);
    ask.body = buf_text(body);
    int status = api_fixture_ask(f, ask);
    buf_free(body);
    return status;
}

static void
begin_object(struct buf *body) {
    buf_init(body, 1 << 20);
    assert_int_equal(buf_add_text(body, "{"), 0);
}

/* Ask, with ${more} members and a description of ${size} bytes. */
static int
ask_sized(struct api_fixture *f, const char *more, size_t size) {
    struct buf body;
    uint8_t gate[32];
    memset(gate, API_FIXTURE_GATE, sizeof(gate));
    api_fixture_lease(OWNER_LETTER, owner);
    begin_object(&body);
    add_hash(&body, "owner", owner, 43);
    add_hash(&body, "gate_verifier", gate, sizeof(gate));
    add_bytes(&body, "header", 0, 32);
    add_bytes(&body, "description", 0, size);
    assert_int_equal(buf_add_text(&body, more), 0);
    int status = send(f, (struct ask){.target = REQUESTS}, &body);
    if (status == 201) api_fixture_text(f, "id", id, sizeof(id));
    return status;
}

static int
ask_for(struct api_fixture *f, const char *more) {
    return ask_sized(f, more, SIZE);
}

static const char *
at(const char *tail) {
    static char target[120];
    (void)snprintf(target, sizeof(target), REQUESTS "/%s%s", id, tail);
    return target;
}

struct answer {
    char id[23], owner[44];
};

/* Begin an answer of ${size} bytes, inline or not, with this gate. */
static int
begin(struct api_fixture *f, size_t size, bool inside, int gate, struct answer *out) {
    struct buf body;
    uint8_t key[32];
    memset(key, KEY, sizeof(key));
    begin_object(&body);
    add_bytes(&body, "gate", gate, 32);
    add_hash(&body, "verifier", key, sizeof(key));
    add_bytes(&body, "header", 0, 32);
    assert_int_equal(buf_printf(&body, ",\"size\":%zu", size), 0);
    if (inside) add_bytes(&body, "content", 0, size);
    int status = send(f, (struct ask){.target = at("/answers")}, &body);
    if (status != 201) return status;
    api_fixture_text(f, "id", out->id, sizeof(out->id));
    api_fixture_text(f, "owner_token", out->owner, sizeof(out->owner));
    return status;
}

static struct answer
begun(struct api_fixture *f) {
    struct answer a;
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &a), 201);
    return a;
}

/* Complete with a wrap of ${len} bytes of ${fill}; without one if ${len} is 0. */
static int
complete(struct api_fixture *f, const struct answer *a, size_t len, int fill) {
    char target[80];
    struct buf body;
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/complete", a->id);
    begin_object(&body);
    if (len > 0) add_bytes(&body, "wrap", fill, len);
    return send(f, (struct ask){.target = target, .token = a->owner}, &body);
}

/* The list as a text: the state, and the state of each answer with the length of its wrap. */
static const char *
list(struct api_fixture *f) {
    static char text[400];
    if (api_fixture_ask(f, (struct ask){.target = at("/answers"), .token = owner}) != 200)
        return "none";
    json_t *json = api_fixture_json(f), *answers = json_object_get(json, "answers"), *one;
    size_t i;
    (void)snprintf(text, sizeof(text), "%s", json_string_value(json_object_get(json, "state")));
    json_array_foreach(answers, i, one) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof(text) - len, " %s/%zu",
                       json_string_value(json_object_get(one, "state")),
                       json_string_length(json_object_get(one, "wrap")));
    }
    json_decref(json);
    return text;
}

static void
an_answer_goes_from_its_begin_to_its_collection(void **state) {
    struct api_fixture *f = *state;
    assert_int_equal(ask_for(f, ",\"answers\":2,\"ttl\":3600,\"answer_ttl\":7200"), 201);
    assert_int_equal(api_fixture_number(f, "expires_at"), API_FIXTURE_T0 + 3600);

    assert_int_equal(api_fixture_ask(f, (struct ask){.target = at("")}), 200);
    assert_int_equal(api_fixture_number(f, "answers_left"), 2);
    assert_int_equal(api_fixture_number(f, "answer_ttl"), 7200);
    assert_int_equal(api_fixture_number(f, "answer_size"), 1 << 20);
    struct answer a = begun(f);
    assert_int_equal(api_fixture_number(f, "expires_at"), API_FIXTURE_T0 + 7200);
    assert_int_equal(api_fixture_open_secret(f, a.id, KEY, 'l'), 409);
    assert_true(api_fixture_problem(f, "uploading", NULL));
    assert_string_equal(list(f), "open");

    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    assert_int_equal(complete(f, &a, 60, 'x'), 204);
    assert_string_equal(list(f), "open waiting/40");
    assert_int_equal(api_fixture_open_secret(f, a.id, KEY, 'l'), 200);
    assert_string_equal(list(f), "open used_up/40");
    assert_int_equal(api_fixture_ask(f, (struct ask){.target = at("")}), 200);
    assert_int_equal(api_fixture_number(f, "answers_left"), 1);
}

static void
a_full_request_takes_no_more(void **state) {
    struct api_fixture *f = *state;
    assert_int_equal(ask_for(f, ""), 201); /* one answer */
    struct answer a = begun(f), b = begun(f);
    assert_int_equal(complete(f, &b, 30, 'w'), 204);
    assert_int_equal(complete(f, &a, 30, 'w'), 409);
    assert_true(api_fixture_problem(f, "request_full", NULL));
    assert_int_equal(complete(f, &a, 30, 'w'), 404);
    assert_int_equal(complete(f, &b, 30, 'w'), 204);
    assert_string_equal(list(f), "full waiting/40");

    struct answer c;
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &c), 404);
    assert_int_equal(api_fixture_ask(f, (struct ask){.target = at("")}), 404);
    assert_true(api_fixture_problem(f, "not_found", NULL));
}

static void
an_ended_request_burns_its_answers(void **state) {
    struct api_fixture *f = *state;
    assert_int_equal(ask_for(f, ",\"answers\":3"), 201);
    struct answer a = begun(f), b = begun(f);
    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    struct ask end = {.method = "DELETE", .target = at("")};
    assert_int_equal(api_fixture_ask(f, end), 401);
    end.token = a.owner;
    assert_int_equal(api_fixture_ask(f, end), 404);
    end.token = owner;
    assert_int_equal(api_fixture_ask(f, end), 204);
    assert_int_equal(api_fixture_ask(f, end), 204);
    assert_string_equal(list(f), "ended burnt/0");
    assert_null(strstr(api_fixture_body(f), "description"));
    assert_int_equal(complete(f, &b, 30, 'w'), 404);
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &b), 404);
}

static void
an_answer_in_parts_is_completed_as_an_upload(void **state) {
    struct api_fixture *f = *state;
    char target[80];
    struct answer a;
    uint8_t part[API_FIXTURE_PART];
    assert_int_equal(ask_for(f, ""), 201);
    assert_int_equal(begin(f, sizeof(part), false, API_FIXTURE_GATE, &a), 201);
    assert_int_equal(api_fixture_number(f, "part_size"), API_FIXTURE_PART);
    assert_int_equal(complete(f, &a, 30, 'w'), 409);
    assert_true(api_fixture_problem(f, "incomplete", NULL));

    for (size_t i = 0; i < sizeof(part); i++)
        part[i] = api_fixture_byte(i);
    (void)snprintf(target, sizeof(target), "/api/v1/secrets/%s/parts/0", a.id);
    assert_int_equal(api_fixture_ask(f, (struct ask){.method = "PUT",
                                                     .target = target,
                                                     .token = a.owner,
                                                     .body = part,
                                                     .len = sizeof(part)}),
                     204);
    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    assert_string_equal(list(f), "full waiting/40");
}

static void
each_field_is_checked(void **state) {
    struct api_fixture *f = *state;
    static const struct {
        const char *more, *field;
    } bad[] = {
        {",\"answers\":0", "answers"},
        {",\"answers\":101", "answers"},
        {",\"ttl\":59", "ttl"},
        {",\"ttl\":99999999", "ttl"},
        {",\"answer_ttl\":59", "answer_ttl"},
        {",\"answer_size\":0", "answer_size"},
        {",\"answer_size\":1048577", "answer_size"},
        {",\"views\":1", "views"},
    };
    struct answer a;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(ask_for(f, bad[i].more), 422);
        assert_true(api_fixture_problem(f, "invalid_field", bad[i].field));
    }
    assert_int_equal(ask_sized(f, "", 303), 422);
    assert_true(api_fixture_problem(f, "invalid_field", "description"));
    assert_int_equal(ask_sized(f, "", 5 * 1024 + 1), 422);
    assert_int_equal(ask_sized(f, "", 5 * 1024), 201);

    /* What an answer may be is the request's to say. */
    assert_int_equal(ask_for(f, ",\"answers\":9,\"answer_size\":1000"), 201);
    assert_int_equal(begin(f, 60000, true, API_FIXTURE_GATE, &a), 422);
    assert_true(api_fixture_problem(f, "invalid_field", "size"));
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE + 1, &a), 403);
    assert_true(api_fixture_problem(f, "wrong_key", NULL));
    a = begun(f);
    assert_int_equal(complete(f, &a, 0, 0), 422);
    assert_true(api_fixture_problem(f, "invalid_field", "wrap"));
    assert_int_equal(complete(f, &a, WRAP_MAX + 1, 'w'), 422);
    assert_true(api_fixture_problem(f, "invalid_field", "wrap"));
    assert_int_equal(complete(f, &a, WRAP_MAX, 'w'), 204);
    assert_string_equal(list(f), "open waiting/5462");

    /* A wrap is for answers alone. */
    struct answer secret;
    api_fixture_create(f, (struct api_fixture_secret){.views = 1, .ttl = 60, .size = SIZE},
                       secret.id, secret.owner);
    assert_int_equal(complete(f, &secret, 30, 'w'), 422);
    assert_true(api_fixture_problem(f, "invalid_field", "wrap"));
}

static void
unfinished_answers_are_limited(void **state) {
    struct api_fixture *f = *state;
    struct answer a, first;
    assert_int_equal(ask_for(f, ",\"answers\":2"), 201);
    first = begun(f);
    for (int i = 1; i < 8; i++)
        a = begun(f);
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &a), 429);
    assert_true(api_fixture_problem(f, "too_many_uploads", NULL));
    assert_int_equal(complete(f, &first, 30, 'w'), 204);
    a = begun(f);
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &a), 429);

    /* After a restart they no longer count, can be finished, and are no more than asked for. */
    api_fixture_reopen(f);
    struct answer more = begun(f);
    for (int i = 1; i < 8; i++)
        (void)begun(f);
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &first), 429);
    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    assert_int_equal(complete(f, &more, 30, 'w'), 409);

    /* The answers to another request do not count. */
    assert_int_equal(ask_for(f, ""), 201);
    a = begun(f);
}

/* How many lists of a request with ${answers} answers a client gets at once. */
static int
lists_of(struct api_fixture *f, int answers) {
    assert_int_equal(ask_for(f, ",\"answers\":20"), 201);
    for (int i = 0; i < answers; i++) {
        struct answer a = begun(f);
        assert_int_equal(complete(f, &a, 30, 'w'), 204);
    }
    f->api.config.rate_open = 6;
    api_fixture_reopen(f);

    struct ask ask = {.target = at("/answers"), .token = owner};
    int n = 0;
    while (n < 100 && api_fixture_ask(f, ask) == 200)
        n++;
    f->api.config.rate_open = 0;
    api_fixture_reopen(f);
    return n;
}

/* A list is read from the store answer by answer, and counts as that many. */
static void
a_long_list_counts_more(void **state) {
    assert_int_equal(lists_of(*state, 7), 4 * 6);
    assert_int_equal(lists_of(*state, 16), 4 * 6 / 3);
}

/* The storage that answers take belongs to the answerer's network. */
static void
answers_count_on_the_share_of_the_answerer(void **state) {
    struct api_fixture *f = *state;
    struct answer a;
    f->vault.limits.quota = 100000;
    assert_int_equal(ask_for(f, ",\"answers\":50"), 201);
    int taken = 0;
    while (taken < 50 && begin(f, 3000, true, API_FIXTURE_GATE, &a) == 201) {
        assert_int_equal(complete(f, &a, 30, 'w'), 204);
        taken++;
    }
    assert_true(taken > 0 && taken < 50);
    assert_true(api_fixture_problem(f, "full", NULL));
}

static void
off_means_neither_asking_nor_answering(void **state) {
    struct api_fixture *f = *state;
    struct answer a;
    assert_int_equal(ask_for(f, ",\"answers\":2"), 201);
    a = begun(f);
    f->api.config.requests = false;
    assert_int_equal(ask_for(f, ""), 404);
    assert_int_equal(api_fixture_ask(f, (struct ask){.target = at("")}), 404);
    struct answer b;
    assert_int_equal(begin(f, SIZE, true, API_FIXTURE_GATE, &b), 404);
    assert_true(api_fixture_problem(f, "not_found", NULL));
    assert_int_equal(api_fixture_ask(f, (struct ask){.target = "/api/v1/config"}), 200);
    assert_null(strstr(api_fixture_body(f), "requests"));

    /* What was begun is finished, and collected. */
    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    assert_string_equal(list(f), "open waiting/40");
    struct ask end = {.method = "DELETE", .target = at(""), .token = owner};
    assert_int_equal(api_fixture_ask(f, end), 204);
}

static void
who_may_not_create_may_answer(void **state) {
    struct api_fixture *f = *state;
    struct answer a;
    assert_int_equal(ask_for(f, ",\"answers\":2"), 201);
    f->api.config.creators.limited = true;
    f->api.config.creators.ways = CREATORS_TOKEN;
    assert_int_equal(ask_for(f, ""), 401);
    assert_true(api_fixture_problem(f, "creators_only", NULL));
    a = begun(f);
    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    f->api.config.creators.ways = 0;
    assert_int_equal(ask_for(f, ""), 404);
    a = begun(f);
    assert_int_equal(complete(f, &a, 30, 'w'), 204);
    assert_string_equal(list(f), "full waiting/40 waiting/40");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, api_fixture_setup, api_fixture_teardown)

int
main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_answer_goes_from_its_begin_to_its_collection),
        TEST(a_full_request_takes_no_more),
        TEST(an_ended_request_burns_its_answers),
        TEST(an_answer_in_parts_is_completed_as_an_upload),
        TEST(each_field_is_checked),
        TEST(unfinished_answers_are_limited),
        TEST(a_long_list_counts_more),
        TEST(answers_count_on_the_share_of_the_answerer),
        TEST(off_means_neither_asking_nor_answering),
        TEST(who_may_not_create_may_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
