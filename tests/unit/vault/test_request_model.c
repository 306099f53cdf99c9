/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of everything that can happen to requests and their answers, on every store of
 * this machine, compared step by step with an independent model.  TEST_SEED repeats a run,
 * TEST_STEPS sets its length.  The control: a model that forgets one rule is found to differ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "env_number.h"
#include "memory_blobs.h"
#include "memory_store.h"
#include "prng.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "vault/operate.h"
#include "vault/request/request.h"
#include "vault_fixture.h"

enum { REQUESTS = 3, ANSWERS = 8, GATE = 3, SIZE = 304, STEPS = 20000, UPLOAD = 3600, LEASE = 120 };

/* Rules that a wrong model forgets. */
enum rule { RULE_NONE, RULE_FULL, RULE_END_BURNS, RULE_FIRST_WRAP, RULE_EXPIRY, RULES };

struct answer {
    bool used, complete, counted;
    enum receipt_state end; /* RECEIPT_BURNT or RECEIPT_REMOVED; else RECEIPT_WAITING */
    int64_t created, expires, opened;
    char wrap;
    char id[TOKEN_SEALED_ID_LEN + 1], owner[TOKEN_LEN + 1];
};

struct request {
    bool used, ended;
    int left;
    int64_t expires, ends, ttl; /* ${ttl} of its answers */
    char id[TOKEN_SEALED_ID_LEN + 1], owner[TOKEN_LEN + 1];
    struct answer answers[ANSWERS];
    int begun, order[ANSWERS], counted;
};

struct run {
    struct vault_fixture fixture;
    struct prng prng;
    enum rule forgotten;
    int64_t now;
    unsigned token; /* the last owner or lease token */
    struct request requests[REQUESTS];
    char differs[160];
    int seen[VERDICT_FULL + 1]; /* of completes */
};

static unsigned
below(struct run *run, unsigned bound) {
    return (unsigned)prng_below(&run->prng, bound);
}

static void
compare(struct run *run, const char *what, int64_t got, int64_t want) {
    if (got == want || run->differs[0] != '\0') return;
    (void)snprintf(run->differs, sizeof(run->differs), "%s: vault %lld, model %lld", what,
                   (long long)got, (long long)want);
}

/* --- the model -------------------------------------------------------------------------------- */

static bool
is_uploading(const struct run *run, const struct answer *a) {
    return !a->complete && a->end == RECEIPT_WAITING && run->now < a->created + UPLOAD &&
           run->now < a->expires;
}

static bool
is_unopened(const struct run *run, const struct answer *a) {
    return a->complete && a->end == RECEIPT_WAITING && a->opened == 0 && run->now < a->expires;
}

static bool
is_readable(const struct run *run, const struct answer *a) {
    bool live = a->opened != 0 && run->now < a->opened + LEASE && run->now < a->expires;
    return a->end == RECEIPT_WAITING && (is_uploading(run, a) || is_unopened(run, a) || live);
}

static bool
takes_answers(const struct run *run, const struct request *r) {
    return !r->ended && run->now < r->expires && r->left > 0;
}

static enum verdict
model_complete(struct run *run, struct request *r, struct answer *a, char wrap) {
    if (a->complete && a->end == RECEIPT_WAITING && run->now < a->expires) {
        if (run->forgotten == RULE_FIRST_WRAP) a->wrap = wrap;
        return VERDICT_OK;
    }
    if (!is_uploading(run, a)) return VERDICT_ABSENT;

    bool expired = run->now >= r->expires && run->forgotten != RULE_EXPIRY;
    bool full = r->left == 0 && run->forgotten != RULE_FULL;
    if (r->ended || expired || full) {
        a->end = RECEIPT_BURNT;
        return !r->ended && !expired ? VERDICT_FULL : VERDICT_ABSENT;
    }
    a->complete = a->counted = true;
    a->wrap = wrap;
    r->left--;
    r->order[r->counted++] = (int)(a - r->answers);
    if (run->now + r->ttl > r->ends) r->ends = run->now + r->ttl;
    return VERDICT_OK;
}

static void
model_end(struct run *run, struct request *r, bool removed) {
    r->ended = true;
    for (int i = 0; i < r->counted; i++) {
        struct answer *a = &r->answers[r->order[i]];
        if (removed && is_readable(run, a)) a->end = RECEIPT_REMOVED;
        if (!removed && is_unopened(run, a) && run->forgotten != RULE_END_BURNS)
            a->end = RECEIPT_BURNT;
    }
}

static enum receipt_state
model_state(const struct run *run, const struct answer *a) {
    if (a->end != RECEIPT_WAITING) return a->end;
    if (a->opened != 0) return RECEIPT_USED_UP;
    return run->now < a->expires ? RECEIPT_WAITING : RECEIPT_EXPIRED;
}

/* --- the acts --------------------------------------------------------------------------------- */

static void
do_ask(struct run *run, struct request *r) {
    static const int ttls[] = {60, 300, 5000, 100000};
    struct vault_request_created created;
    struct buf description = fixture_envelope(SIZE);
    uint8_t gate[32];
    int answers = 1 + (int)below(run, 4);
    int64_t ttl = ttls[below(run, ARRAY_LEN(ttls))], answer_ttl = ttls[below(run, ARRAY_LEN(ttls))];
    struct vault_request_new in = {.answers = answers,
                                   .ttl = ttl,
                                   .answer_ttl = answer_ttl,
                                   .answer_size = 1000,
                                   .description = &description};
    *r = (struct request){.used = true, .left = answers, .ttl = answer_ttl};
    fixture_token(++run->token, r->owner);
    token_hash(r->owner, strlen(r->owner), in.owner_hash);
    fixture_header(in.header);
    fixture_access(GATE, gate, in.gate_verifier);
    compare(run, "ask", vault_request_create(&run->fixture.vault, &in, &created), 1);
    r->expires = r->ends = run->now + ttl;
    memcpy(r->id, created.id, sizeof(r->id));
    buf_free(&description);
}

static void
do_begin(struct run *run, struct request *r) {
    struct vault_request_admitted admitted;
    struct vault_sealed_created created;
    uint8_t gate[32], verifier[32];
    bool right = below(run, 8) > 0;
    enum verdict got = VERDICT_ABSENT, want = VERDICT_ABSENT;
    if (takes_answers(run, r)) want = right ? VERDICT_OK : VERDICT_WRONG_KEY;
    fixture_access(right ? GATE : GATE + 1, gate, verifier);
    compare(run, "admit", vault_request_admit(&run->fixture.vault, r->id, gate, &got, &admitted),
            1);
    compare(run, "admit's verdict", got, want);
    if (got != VERDICT_OK || r->begun == ANSWERS) return;

    struct buf content = fixture_envelope(SIZE);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, &content);
    struct answer *a = &r->answers[r->begun++];
    in.ttl = admitted.answer_ttl;
    in.request = &admitted.ref;
    compare(run, "begin", vault_sealed_create(&run->fixture.vault, &in, &created), 1);
    *a = (struct answer){
        .used = true, .end = RECEIPT_WAITING, .created = run->now, .expires = run->now + r->ttl};
    memcpy(a->id, created.id, sizeof(a->id));
    memcpy(a->owner, created.owner_token, sizeof(a->owner));
    buf_free(&content);
}

static void
do_complete(struct run *run, struct request *r, struct answer *a) {
    struct buf wrap = BUF_INIT(1);
    char letter = (char)('a' + below(run, 26));
    enum verdict got = VERDICT_ABSENT;
    uint32_t missing;
    if (buf_add_byte(&wrap, (uint8_t)letter) != 0) abort();
    int result =
        vault_sealed_complete(&run->fixture.vault, a->id, a->owner, &wrap, NULL, &got, &missing);
    enum verdict want = model_complete(run, r, a, letter);
    compare(run, "complete", result, 1);
    compare(run, "complete's verdict", got, want);
    run->seen[want]++;
    buf_free(&wrap);
}

static void
do_open(struct run *run, struct answer *a) {
    enum verdict want = VERDICT_ABSENT;
    if (is_uploading(run, a)) want = VERDICT_UPLOADING;
    if (is_unopened(run, a)) want = VERDICT_OK;
    compare(run, "open", fixture_open_secret(&run->fixture, a->id, 1, ++run->token, NULL), want);
    if (want == VERDICT_OK) a->opened = run->now;
}

static void
do_burn(struct run *run, struct answer *a) {
    enum verdict got = VERDICT_ABSENT;
    int result = vault_sealed_burn(&run->fixture.vault, a->id, a->owner, NULL, &got);
    compare(run, "burn", result, 1);
    compare(run, "burn's verdict", got, run->now < a->expires ? VERDICT_OK : VERDICT_ABSENT);
    if (is_readable(run, a)) a->end = RECEIPT_BURNT;
}

static void
do_end(struct run *run, struct request *r) {
    enum verdict got = VERDICT_ABSENT;
    bool listed = run->now < r->ends;
    int result = vault_request_end(&run->fixture.vault, r->id, r->owner, NULL, &got);
    compare(run, "end", result, 1);
    compare(run, "end's verdict", got, listed ? VERDICT_OK : VERDICT_ABSENT);
    if (listed && !r->ended) model_end(run, r, false);
}

static void
do_remove(struct run *run, struct request *r) {
    struct vault_removed removed;
    int found = vault_remove(&run->fixture.vault, r->id, &removed);
    if (found < 0) compare(run, "remove", found, 1);
    if (run->now < r->ends && !r->ended) {
        compare(run, "remove", found == 1 && removed.removed, true);
        model_end(run, r, true);
    }
}

static void
do_list(struct run *run, struct request *r) {
    struct record record;
    int found = vault_request_load(&run->fixture.vault, r->id, r->owner, &record, NULL);
    compare(run, "list", found, run->now < r->ends);
    if (found == 1) compare(run, "answers", (int64_t)record.answer_count, r->counted);
    for (int i = 0; found == 1 && i < r->counted && (size_t)i < record.answer_count; i++) {
        const struct answer *a = &r->answers[r->order[i]];
        struct buf wrap = BUF_INIT(RECORD_ANSWER_WRAP_MAX);
        struct record answer = {0};
        int got = vault_request_answer(&run->fixture.vault, &record, (size_t)i, &answer, &wrap);
        compare(run, "answer", got, 1);
        if (got == 1)
            compare(run, "state", policy_receipt_state(&answer, run->now), model_state(run, a));
        if (is_readable(run, a)) compare(run, "wrap", wrap.len == 1 && wrap.data[0] == a->wrap, 1);
        record_clear(&answer);
        buf_free(&wrap);
    }
    record_clear(&record);
}

static void
do_sweep(struct run *run) {
    struct vault_sweep_result swept;
    compare(run, "sweep", vault_sweep(&run->fixture.vault, 100000, &swept), 0);
}

static void
do_time(struct run *run) {
    unsigned kind = below(run, 100);
    unsigned most = kind < 80 ? 40 : kind < 95 ? 1500 : 30000;
    run->now += below(run, most);
    run->fixture.now = run->now;
}

static void
step(struct run *run) {
    struct request *r = &run->requests[below(run, REQUESTS)];
    unsigned n = below(run, 1000);
    if (!r->used || (run->now >= r->ends && n < 300) || n < 8) {
        do_ask(run, r);
        return;
    }
    struct answer *a = &r->answers[below(run, ANSWERS)];
    if (n < 200 || !a->used) do_begin(run, r);
    else if (n < 450) do_complete(run, r, a);
    else if (n < 520) do_open(run, a);
    else if (n < 535) do_burn(run, a);
    else if (n < 550) do_end(run, r);
    else if (n < 555) do_remove(run, r);
    else if (n < 800) do_list(run, r);
    else if (n < 920) do_time(run);
    else do_sweep(run);
}

/* Run ${steps} on ${store}.  Returns the step at which vault and model differ first, or 0. */
static int
run_model(struct store *store, enum rule forgotten, uint64_t seed, int steps) {
    static struct run run;
    run = (struct run){.prng = {.state = seed}, .now = FIXTURE_T0, .forgotten = forgotten};
    struct blobs *blobs = memory_blobs_open();
    assert_non_null(store);
    assert_non_null(blobs);
    fixture_init(&run.fixture, store, blobs, seed);
    int n = 0;
    while (n < steps && run.differs[0] == '\0') {
        step(&run);
        n++;
    }
    if (run.differs[0] != '\0') print_message("step %d: %s\n", n, run.differs);
    fixture_close(&run.fixture);
    if (run.differs[0] != '\0') return n;
    assert_true(run.seen[VERDICT_OK] > 0 && run.seen[VERDICT_FULL] > 0 &&
                run.seen[VERDICT_ABSENT] > 0);
    return 0;
}

static uint64_t seed;

static void
test_memory_agrees_with_the_model(void **state) {
    (void)state;
    struct store *s = memory_store_open(FIXTURE_INLINE_MAX);
    assert_int_equal(run_model(s, RULE_NONE, seed, env_number("TEST_STEPS", 1, 1 << 30, STEPS)), 0);
}

static void
test_sqlite_agrees_with_the_model(void **state) {
    (void)state;
    char dir[SCRATCH_PATH_MAX];
    struct sqlite_store_config config = {.dir = dir, .sync_normal = true};
    struct store *s = NULL;
    scratch_make(dir);
    assert_int_equal(sqlite_store_open(&config, &s), 0);
    int differs = run_model(s, RULE_NONE, seed + 1, env_number("TEST_STEPS", 1, 1 << 30, STEPS));
    scratch_remove(dir);
    assert_int_equal(differs, 0);
}

static void
test_a_forgotten_rule_is_found(void **state) {
    (void)state;
    for (enum rule rule = RULE_NONE + 1; rule < RULES; rule++) {
        struct store *s = memory_store_open(FIXTURE_INLINE_MAX);
        assert_int_not_equal(run_model(s, rule, seed, STEPS), 0);
    }
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_agrees_with_the_model),
        cmocka_unit_test(test_sqlite_agrees_with_the_model),
        cmocka_unit_test(test_a_forgotten_rule_is_found),
    };
    seed = prng_seed();
    return cmocka_run_group_tests_name("model of requests", tests, NULL, NULL);
}
