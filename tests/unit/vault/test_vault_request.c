/* SPDX-License-Identifier: MIT */
/* Requests through the vault: what an asker and answerers see, and what sweeps finish. */
#include "vault/request/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "memory_store.h"
#include "vault/operate.h"
#include "vault_fixture.h"

enum { GATE = 3, OWNER = 900, SIZE = 304, HOUR = 3600, TTL = 1000, ANSWER_TTL = 5000 };

struct request {
    char id[TOKEN_SEALED_ID_LEN + 1];
    char owner[TOKEN_LEN + 1];
};

struct answer {
    char id[TOKEN_SEALED_ID_LEN + 1];
    char owner[TOKEN_LEN + 1];
};

static struct vault_fixture fixture;

static int
setup(void **state) {
    (void)state;
    fixture_open(&fixture);
    return 0;
}

static int
teardown(void **state) {
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static struct request
ask(int answers) {
    struct request r;
    struct vault_request_created created;
    struct buf description = fixture_envelope(SIZE);
    uint8_t gate[32];
    struct vault_request_new in = {.answers = answers,
                                   .ttl = TTL,
                                   .answer_ttl = ANSWER_TTL,
                                   .answer_size = 1000,
                                   .description = &description};
    fixture_token(OWNER, r.owner);
    token_hash(r.owner, strlen(r.owner), in.owner_hash);
    fixture_header(in.header);
    fixture_access(GATE, gate, in.gate_verifier);
    assert_int_equal(vault_request_create(&fixture.vault, &in, &created), 1);
    assert_int_equal(created.expires_at, fixture.now + TTL);
    memcpy(r.id, created.id, sizeof(r.id));
    buf_free(&description);
    return r;
}

static enum verdict
admit(const struct request *r, unsigned gate_of, struct vault_request_admitted *out) {
    uint8_t gate[32], verifier[32];
    enum verdict verdict;
    fixture_access(gate_of, gate, verifier);
    assert_int_equal(vault_request_admit(&fixture.vault, r->id, gate, &verdict, out), 1);
    return verdict;
}

/* Begin an answer, inline or in one part. */
static struct answer
begin(const struct request *r, bool is_inline) {
    struct answer a;
    struct vault_request_admitted admitted;
    struct vault_sealed_created created;
    struct buf content = fixture_envelope(SIZE);
    assert_int_equal(admit(r, GATE, &admitted), VERDICT_OK);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, is_inline ? &content : NULL);
    in.ttl = admitted.answer_ttl;
    in.request = &admitted.ref;
    assert_int_equal(vault_sealed_create(&fixture.vault, &in, &created), 1);
    memcpy(a.id, created.id, sizeof(a.id));
    memcpy(a.owner, created.owner_token, sizeof(a.owner));
    buf_free(&content);
    return a;
}

/* Complete it with ${wrap}.  Returns the verdict. */
static enum verdict
complete(const struct answer *a, const char *wrap) {
    struct buf bytes = BUF_INIT(64);
    enum verdict verdict;
    uint32_t missing;
    assert_int_equal(buf_add_text(&bytes, wrap), 0);
    assert_int_equal(
        vault_sealed_complete(&fixture.vault, a->id, a->owner, &bytes, NULL, &verdict, &missing),
        1);
    buf_free(&bytes);
    return verdict;
}

/* The list as a text: the state of each answer, with its wrap. */
static const char *
list(const struct request *r) {
    static char text[256];
    struct record record;
    int found = vault_request_load(&fixture.vault, r->id, r->owner, &record, NULL);
    text[0] = '\0';
    if (found == 0) return "absent";
    assert_int_equal(found, 1);
    for (size_t i = 0; i < record.answer_count; i++) {
        struct buf wrap = BUF_INIT(RECORD_ANSWER_WRAP_MAX);
        struct record answer;
        size_t len = strlen(text);
        int got = vault_request_answer(&fixture.vault, &record, i, &answer, &wrap);
        assert_true(got >= 0);
        if (got == 1)
            (void)snprintf(text + len, sizeof(text) - len, "%d:%.*s ",
                           policy_receipt_state(&answer, fixture.now), (int)wrap.len,
                           wrap.len > 0 ? buf_text(&wrap) : "");
        record_clear(&answer);
        buf_free(&wrap);
    }
    record_clear(&record);
    return text;
}

static bool
takes_answers(const struct request *r) {
    struct record record;
    struct buf description = BUF_INIT(VAULT_DESCRIPTION_MAX);
    enum verdict verdict;
    assert_int_equal(vault_request_info(&fixture.vault, r->id, &verdict, &record, &description), 1);
    assert_int_equal(description.len, verdict == VERDICT_OK ? SIZE : 0);
    record_clear(&record);
    buf_free(&description);
    return verdict == VERDICT_OK;
}

static enum verdict
end(const struct request *r) {
    enum verdict verdict;
    assert_int_equal(vault_request_end(&fixture.vault, r->id, r->owner, NULL, &verdict), 1);
    return verdict;
}

static void
sweep(void) {
    struct vault_sweep_result swept;
    assert_int_equal(vault_sweep(&fixture.vault, 1000, &swept), 0);
}

static void
test_answers_are_listed_once_they_are_complete(void **state) {
    (void)state;
    struct request r = ask(2);
    struct answer a = begin(&r, true), b = begin(&r, true), c = begin(&r, true);
    assert_string_equal(list(&r), "");
    assert_int_equal(fixture_open_secret(&fixture, a.id, 1, 1, NULL), VERDICT_UPLOADING);
    assert_int_equal(complete(&b, "bb"), VERDICT_OK);
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
    assert_int_equal(complete(&b, "xx"), VERDICT_OK);
    assert_string_equal(list(&r), "1:bb 1:aa ");
    assert_false(takes_answers(&r));

    /* None is left: the third one is erased. */
    assert_int_equal(complete(&c, "cc"), VERDICT_FULL);
    assert_int_equal(complete(&c, "cc"), VERDICT_ABSENT);
    assert_int_equal(memory_store_content(fixture.vault.store), 3 * SIZE + 4);

    /* An answer is opened as any secret, and its wrap goes with its content. */
    char lease[TOKEN_LEN + 1];
    enum verdict verdict;
    assert_int_equal(fixture_open_secret(&fixture, b.id, 1, 1, NULL), VERDICT_OK);
    assert_string_equal(list(&r), "3:bb 1:aa ");
    assert_int_equal(
        vault_sealed_confirm(&fixture.vault, b.id, fixture_token(1, lease), NULL, &verdict), 1);
    assert_string_equal(list(&r), "3: 1:aa ");
}

static void
test_only_the_right_gate_and_owner_get_in(void **state) {
    (void)state;
    struct request r = ask(1), wrong = r, secret = r;
    struct vault_request_admitted admitted;
    struct answer a = begin(&r, true);
    assert_int_equal(admit(&r, GATE + 1, &admitted), VERDICT_WRONG_KEY);
    assert_int_equal(admitted.ref.len, 0);
    fixture_token(OWNER + 1, wrong.owner);
    assert_string_equal(list(&wrong), "absent");
    assert_int_equal(end(&wrong), VERDICT_ABSENT);
    assert_true(takes_answers(&r));

    /* The id of a request is no id of a secret, and the reverse. */
    struct record record;
    enum verdict verdict;
    assert_int_equal(vault_sealed_info(&fixture.vault, r.id, &verdict, &record), 1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    assert_int_equal(vault_sealed_receipt(&fixture.vault, r.id, r.owner, &record), 0);
    assert_int_equal(vault_sealed_burn(&fixture.vault, r.id, a.owner, NULL, &verdict), 1);
    assert_int_equal(verdict, VERDICT_ABSENT);
    memcpy(secret.id, a.id, sizeof(secret.id));
    memcpy(secret.owner, a.owner, sizeof(secret.owner));
    assert_int_equal(admit(&secret, GATE, &admitted), VERDICT_ABSENT);
    assert_string_equal(list(&secret), "absent");
    assert_int_equal(end(&secret), VERDICT_ABSENT);
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
}

static void
test_a_wrap_belongs_to_answers_alone(void **state) {
    (void)state;
    struct request r = ask(1);
    struct answer a = begin(&r, true);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, NULL);
    struct vault_sealed_created created;
    struct buf wrap = BUF_INIT(8);
    enum verdict verdict;
    uint32_t missing;
    assert_int_equal(buf_add_text(&wrap, "w"), 0);
    assert_int_equal(vault_sealed_create(&fixture.vault, &in, &created), 1);
    assert_int_equal(vault_sealed_complete(&fixture.vault, created.id, created.owner_token, &wrap,
                                           NULL, &verdict, &missing),
                     ERR_INVALID);
    assert_int_equal(
        vault_sealed_complete(&fixture.vault, a.id, a.owner, NULL, NULL, &verdict, &missing),
        ERR_INVALID);
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
    buf_free(&wrap);
}

static void
test_ending_burns_what_was_never_opened(void **state) {
    (void)state;
    struct request r = ask(3);
    struct answer opened = begin(&r, true), unopened = begin(&r, true), begun = begin(&r, true);
    assert_int_equal(complete(&opened, "oo"), VERDICT_OK);
    assert_int_equal(complete(&unopened, "uu"), VERDICT_OK);
    assert_int_equal(fixture_open_secret(&fixture, opened.id, 1, 1, NULL), VERDICT_OK);

    assert_int_equal(end(&r), VERDICT_OK);
    assert_int_equal(end(&r), VERDICT_OK);
    assert_false(takes_answers(&r));
    assert_string_equal(list(&r), "3:oo 4: ");
    assert_int_equal(fixture_open_secret(&fixture, opened.id, 1, 1, NULL), VERDICT_REPEAT);
    assert_int_equal(complete(&begun, "bb"), VERDICT_ABSENT);
    assert_int_equal(fixture_open_secret(&fixture, begun.id, 1, 1, NULL), VERDICT_ABSENT);
    assert_int_equal(memory_store_content(fixture.vault.store), SIZE + 2);
}

/* A server that was killed after it had ended a request: the next sweep burns the answers. */
static void
test_the_sweeper_finishes_an_end(void **state) {
    (void)state;
    struct request r = ask(2);
    struct answer a = begin(&r, true);
    struct store *s = fixture.vault.store;
    struct change c = {.kind = CHANGE_BURN, .now = fixture.now};
    struct store_ref ref = {0};
    struct effect effect;
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
    token_hash(r.owner, strlen(r.owner), c.hash);
    s->ops->ref(s, r.id, &ref);
    assert_int_equal(s->ops->change(s, &ref, &c, &effect, NULL), 1);
    assert_string_equal(list(&r), "1:aa ");

    sweep();
    assert_string_equal(list(&r), "4: ");
    assert_int_equal(memory_store_content(s), 0);
}

static void
test_a_removed_request_takes_its_answers_along(void **state) {
    (void)state;
    struct request r = ask(2);
    struct answer opened = begin(&r, true), unopened = begin(&r, true);
    struct vault_removed removed;
    assert_int_equal(complete(&opened, "oo"), VERDICT_OK);
    assert_int_equal(complete(&unopened, "uu"), VERDICT_OK);
    assert_int_equal(fixture_open_secret(&fixture, opened.id, 1, 1, NULL), VERDICT_OK);

    assert_int_equal(vault_remove(&fixture.vault, r.id, &removed), 1);
    assert_true(removed.removed && removed.erased);
    assert_string_equal(list(&r), "7: 7: ");
    assert_int_equal(fixture_open_secret(&fixture, opened.id, 1, 1, NULL), VERDICT_ABSENT);
    assert_int_equal(memory_store_content(fixture.vault.store), 0);
}

/* A crash between the two steps leaves an entry.  The answerer finishes it, or it lapses. */
static void
test_a_crash_between_the_steps_loses_nothing(void **state) {
    (void)state;
    struct request r = ask(1);
    struct answer a = begin(&r, true), other = begin(&r, true);
    struct store *s = fixture.vault.store;
    struct change c = {.kind = CHANGE_ANSWER, .now = fixture.now};
    struct store_ref ref = {0};
    struct effect effect;
    s->ops->ref(s, a.id, &c.answer);
    s->ops->ref(s, r.id, &ref);
    assert_int_equal(s->ops->change(s, &ref, &c, &effect, NULL), 1);
    assert_true(effect.answered);
    assert_string_equal(list(&r), "");

    assert_int_equal(complete(&other, "xx"), VERDICT_FULL);
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
    assert_string_equal(list(&r), "1:aa ");
}

static void
test_an_unfinished_answer_lapses(void **state) {
    (void)state;
    struct request r = ask(2);
    struct answer a = begin(&r, true), b = begin(&r, false);
    fixture.now += HOUR;
    assert_int_equal(complete(&a, "aa"), VERDICT_ABSENT);
    sweep();
    assert_int_equal(memory_store_content(fixture.vault.store), 0);
    (void)b;
    assert_string_equal(list(&r), "absent"); /* it has expired without an answer */
}

static void
test_the_list_outlives_the_request(void **state) {
    (void)state;
    struct request r = ask(2);
    struct answer a = begin(&r, true), late = begin(&r, true);
    fixture.now += 100;
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
    fixture.now += TTL - 100;
    assert_false(takes_answers(&r));
    assert_int_equal(complete(&late, "ll"), VERDICT_ABSENT);
    assert_int_equal(complete(&a, "aa"), VERDICT_OK);
    sweep();
    assert_string_equal(list(&r), "1:aa ");

    /* The answer expires by its beginning, and the list a little later. */
    fixture.now = FIXTURE_T0 + ANSWER_TTL;
    sweep();
    assert_string_equal(list(&r), "5: ");
    fixture.now += 100;
    assert_string_equal(list(&r), "absent");
    sweep();
    fixture.now += 8 * 86400;
    sweep();
    assert_int_equal(fixture.vault.store->ops->usage(fixture.vault.store), 0);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(test_answers_are_listed_once_they_are_complete),
        CASE(test_only_the_right_gate_and_owner_get_in),
        CASE(test_a_wrap_belongs_to_answers_alone),
        CASE(test_ending_burns_what_was_never_opened),
        CASE(test_the_sweeper_finishes_an_end),
        CASE(test_a_removed_request_takes_its_answers_along),
        CASE(test_a_crash_between_the_steps_loses_nothing),
        CASE(test_an_unfinished_answer_lapses),
        CASE(test_the_list_outlives_the_request),
    };
    return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
