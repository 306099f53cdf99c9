/* SPDX-License-Identifier: MIT */
/* The rules of requests and answers as a table: record, change and time give a verdict. */
#include "vault/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "request_samples.h"
#include "vault/happened.h"

#define T0 SAMPLE_T0

enum { END = SAMPLE_REQUEST_TTL, LAST = 100 + SAMPLE_ANSWER_TTL, HOUR = 3600 };
enum { OWN = SAMPLE_OWNER, KNOWN = 500, NEW = 501, NOBODY = 0, W = SAMPLE_WRONG };

enum scene {
    /* Requests for two answers. */
    ASKED,
    ANSWERED, /* KNOWN is counted, at T0 + 100 */
    FULL,     /* KNOWN and another */
    ENDED,    /* as ANSWERED, ended at T0 + 200 */
    SETTLED,  /* as ENDED, and its answers are burnt */
    REMOVED,  /* as ENDED, but by the operator */
    /* Answers. */
    BEGUN,   /* inline */
    PARTLY,  /* one of two parts is there */
    READY,   /* both are */
    OPEN,    /* complete, with a wrap */
    READING, /* as OPEN, with a live lease 1 */
};

struct row {
    enum scene scene;
    enum change_kind kind;
    int64_t at;    /* seconds after T0 */
    unsigned hash; /* of the token, or of the answer */
    enum verdict verdict;
    /* Afterwards. */
    bool write;
    int views_left;
    unsigned content, phase;
};

enum { I = CONTENT_INLINE, B = CONTENT_BLOBS, N = CONTENT_NONE, D = CONTENT_DOOMED };
enum { O = PHASE_OPEN, U = PHASE_UPLOADING, X = PHASE_BURNT };

static const struct row rows[] = {
    /* Count an answer. */
    {ASKED, CHANGE_ANSWER, 0, NEW, VERDICT_OK, true, 1, I, O},
    {ASKED, CHANGE_ANSWER, END - 1, NEW, VERDICT_OK, true, 1, I, O},
    {ASKED, CHANGE_ANSWER, END, NEW, VERDICT_ABSENT, false, 2, I, O},
    {ANSWERED, CHANGE_ANSWER, 101, NEW, VERDICT_OK, true, 0, I, O},
    {ANSWERED, CHANGE_ANSWER, 101, KNOWN, VERDICT_OK, false, 1, I, O},
    {ANSWERED, CHANGE_ANSWER, END, KNOWN, VERDICT_OK, false, 1, I, O},
    {ANSWERED, CHANGE_ANSWER, END, NEW, VERDICT_ABSENT, false, 1, I, O},
    {FULL, CHANGE_ANSWER, 101, NEW, VERDICT_FULL, false, 0, I, O},
    {FULL, CHANGE_ANSWER, 101, KNOWN, VERDICT_OK, false, 0, I, O},
    {FULL, CHANGE_ANSWER, END, NEW, VERDICT_ABSENT, false, 0, I, O},
    {ENDED, CHANGE_ANSWER, 201, NEW, VERDICT_ABSENT, false, 1, D, X},
    {ENDED, CHANGE_ANSWER, 201, KNOWN, VERDICT_ABSENT, false, 1, D, X},
    {OPEN, CHANGE_ANSWER, 0, NEW, VERDICT_ABSENT, false, 1, I, O},
    /* End a request. */
    {ASKED, CHANGE_BURN, 5, OWN, VERDICT_OK, true, 2, N, X},
    {ASKED, CHANGE_BURN, 5, W, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_BURN, END, OWN, VERDICT_ABSENT, false, 2, I, O},
    {ANSWERED, CHANGE_BURN, 101, OWN, VERDICT_OK, true, 1, D, X},
    {ANSWERED, CHANGE_BURN, END, OWN, VERDICT_OK, true, 1, D, X},
    {ANSWERED, CHANGE_BURN, LAST, OWN, VERDICT_ABSENT, false, 1, I, O},
    {FULL, CHANGE_BURN, 101, OWN, VERDICT_OK, true, 0, D, X},
    {ENDED, CHANGE_BURN, 300, OWN, VERDICT_OK, false, 1, D, X},
    {SETTLED, CHANGE_BURN, 300, OWN, VERDICT_OK, false, 1, N, X},
    {REMOVED, CHANGE_BURN, 300, OWN, VERDICT_OK, false, 1, D, X},
    {ENDED, CHANGE_ERASED, 300, NOBODY, VERDICT_OK, true, 1, N, X},
    {SETTLED, CHANGE_ERASED, 300, NOBODY, VERDICT_OK, false, 1, N, X},
    /* Remove it. */
    {ASKED, CHANGE_REMOVE, 5, NOBODY, VERDICT_OK, true, 2, N, X},
    {FULL, CHANGE_REMOVE, END, NOBODY, VERDICT_OK, true, 0, D, X},
    {ENDED, CHANGE_REMOVE, 300, NOBODY, VERDICT_ABSENT, false, 1, D, X},
    {REMOVED, CHANGE_REMOVE, 300, NOBODY, VERDICT_OK, false, 1, D, X},
    /* Time. */
    {ASKED, CHANGE_LAPSE, END - 1, NOBODY, VERDICT_OK, false, 2, I, O},
    {ANSWERED, CHANGE_LAPSE, END, NOBODY, VERDICT_OK, false, 1, I, O},
    {ENDED, CHANGE_LAPSE, 300, NOBODY, VERDICT_OK, false, 1, D, X},
    {SETTLED, CHANGE_LAPSE, LAST - 1, NOBODY, VERDICT_OK, false, 1, N, X},
    /* A request is no secret. */
    {ASKED, CHANGE_OPEN, 0, 1, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_FETCH, 0, 1, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_CONFIRM, 0, 1, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_CLAIM_CLASSIC, 0, 1, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_COMPLETE, 0, OWN, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_PART, 0, OWN, VERDICT_ABSENT, false, 2, I, O},
    {ASKED, CHANGE_DISCARD, 0, NOBODY, VERDICT_ABSENT, false, 2, I, O},
    /* Complete an answer; the row's change brings a wrap. */
    {BEGUN, CHANGE_COMPLETE, 1, OWN, VERDICT_OK, true, 1, I, O},
    {BEGUN, CHANGE_COMPLETE, 1, W, VERDICT_ABSENT, false, 1, I, U},
    {BEGUN, CHANGE_COMPLETE, HOUR - 1, OWN, VERDICT_OK, true, 1, I, O},
    {BEGUN, CHANGE_COMPLETE, HOUR, OWN, VERDICT_ABSENT, false, 1, I, U},
    {PARTLY, CHANGE_COMPLETE, 1, OWN, VERDICT_INCOMPLETE, false, 1, B, U},
    {READY, CHANGE_COMPLETE, 1, OWN, VERDICT_OK, true, 1, B, O},
    {OPEN, CHANGE_COMPLETE, 1, OWN, VERDICT_OK, false, 1, I, O},
    {READING, CHANGE_COMPLETE, 1, OWN, VERDICT_OK, false, 0, I, O},
    {BEGUN, CHANGE_OPEN, 1, 1, VERDICT_UPLOADING, false, 1, I, U},
    {OPEN, CHANGE_OPEN, 1, 1, VERDICT_OK, true, 0, I, O},
    {BEGUN, CHANGE_LAPSE, HOUR - 1, NOBODY, VERDICT_OK, false, 1, I, U},
    {BEGUN, CHANGE_LAPSE, HOUR, NOBODY, VERDICT_OK, true, 1, N, U},
    {BEGUN, CHANGE_PART, 1, OWN, VERDICT_ABSENT, false, 1, I, U},
    /* Discard what was never opened. */
    {BEGUN, CHANGE_DISCARD, 1, NOBODY, VERDICT_OK, true, 1, N, X},
    {READY, CHANGE_DISCARD, 1, NOBODY, VERDICT_OK, true, 1, D, X},
    {OPEN, CHANGE_DISCARD, 1, NOBODY, VERDICT_OK, true, 1, N, X},
    {READING, CHANGE_DISCARD, 1, NOBODY, VERDICT_OK, false, 0, I, O},
    {OPEN, CHANGE_REMOVE, 1, NOBODY, VERDICT_OK, true, 1, N, X},
    {READING, CHANGE_REMOVE, 1, NOBODY, VERDICT_OK, true, 0, N, X},
};

static struct store_ref
ref_of(unsigned n) {
    struct store_ref ref = {.len = TOKEN_HASH_LEN};
    sample_hash(n, ref.bytes);
    return ref;
}

static void
add_answer(struct record *r, unsigned n) {
    const struct record_answer a = {.ref = ref_of(n), .at = T0 + 100};
    assert_int_equal(record_add_answer(r, &a), 0);
    r->views_left--;
}

static struct record
make_request(enum scene scene) {
    struct record r = sample_request(2);
    if (scene != ASKED) add_answer(&r, KNOWN);
    if (scene == FULL) add_answer(&r, KNOWN + 10);
    if (scene < ENDED) return r;

    r.phase = PHASE_BURNT;
    r.ended_at = T0 + 200;
    r.burnt_by = scene == REMOVED ? BURNT_BY_OPERATOR : BURNT_BY_OWNER;
    r.content = scene == SETTLED ? CONTENT_NONE : CONTENT_DOOMED;
    return r;
}

static struct record
make_answer(enum scene scene) {
    struct store_ref request = ref_of(1);
    struct record r = sample_answer(&request, scene == PARTLY || scene == READY ? 2 : 0);
    if (scene == PARTLY) r.parts_stored = 1;
    if (scene == READY) r.parts_stored = 2;
    if (scene < OPEN) return r;

    r.phase = PHASE_OPEN;
    r.wrap_len = 100;
    if (scene == OPEN) return r;
    struct lease *l = record_add_lease(&r);
    assert_non_null(l);
    sample_hash(1, l->hash);
    l->opened_at = l->renewed_at = T0;
    r.views_left = 0;
    return r;
}

static struct record
make_scene(enum scene scene) {
    return scene < BEGUN ? make_request(scene) : make_answer(scene);
}

static void
test_every_row_of_the_table(void **state) {
    struct buf wrap = BUF_INIT(16);
    (void)state;
    assert_int_equal(buf_add_text(&wrap, "wrap"), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct record r = make_scene(row->scene);
        struct change c = {.kind = row->kind, .now = T0 + row->at, .answer = ref_of(row->hash)};
        struct effect e;
        uint64_t rev = r.rev;
        sample_hash(row->hash, c.hash);
        sample_hash(SAMPLE_PROOF, c.proof);
        if (row->kind == CHANGE_COMPLETE) c.wrap = &wrap;
        assert_int_equal(policy_apply(&r, &c, &e), 0);

        if (e.verdict != row->verdict || e.write != row->write || r.views_left != row->views_left ||
            r.content != row->content || r.phase != row->phase || r.rev != rev + e.write)
            fail_msg("row %zu: verdict %d, write %d, views %d, content %d, phase %d", i, e.verdict,
                     e.write, r.views_left, r.content, r.phase);
        record_clear(&r);
    }
    buf_free(&wrap);
}

static void
test_a_request_is_dropped_with_its_last_answer(void **state) {
    static const struct {
        enum scene scene;
        int64_t at;
    } ends[] = {{ASKED, END}, {ANSWERED, LAST}, {FULL, LAST}, {SETTLED, LAST}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct record r = make_request(ends[i].scene);
        struct change c = {.kind = CHANGE_LAPSE, .now = T0 + ends[i].at};
        struct effect e;
        assert_int_equal(policy_request_ends(&r), T0 + ends[i].at);
        assert_int_equal(policy_sweep_at(&r), T0 + ends[i].at);
        assert_int_equal(policy_apply(&r, &c, &e), 0);
        assert_true(e.drop_record && !e.write);
        record_clear(&r);
    }

    /* While answers are to be burnt, the record that names them stays. */
    struct record r = make_request(ENDED);
    struct change c = {.kind = CHANGE_LAPSE, .now = T0 + LAST};
    struct effect e;
    assert_int_equal(policy_sweep_at(&r), 0);
    assert_int_equal(policy_apply(&r, &c, &e), 0);
    assert_false(e.drop_record);
    record_clear(&r);
}

static void
test_the_effect_tells_what_to_store(void **state) {
    struct buf wrap = BUF_INIT(16);
    struct record request = make_request(ASKED), answer = make_answer(BEGUN);
    struct change c = {.kind = CHANGE_ANSWER, .now = T0, .answer = ref_of(NEW)};
    struct effect e;
    (void)state;
    assert_int_equal(buf_add_text(&wrap, "wrap"), 0);
    assert_int_equal(policy_apply(&request, &c, &e), 0);
    assert_true(e.answered && !e.claimed && !e.put_wrap);
    assert_int_equal(policy_apply(&request, &c, &e), 0);
    assert_false(e.answered);

    c = (struct change){.kind = CHANGE_COMPLETE, .now = T0};
    sample_hash(OWN, c.hash);
    assert_int_equal(policy_apply(&answer, &c, &e), 0);
    assert_int_equal(e.verdict, VERDICT_CONFLICT); /* without a wrap */
    c.wrap = &wrap;
    assert_int_equal(policy_apply(&answer, &c, &e), 0);
    assert_true(e.put_wrap && !e.answered);
    assert_int_equal(answer.wrap_len, 4);

    /* A secret that is no answer takes no wrap then. */
    struct record secret = sample_upload(1, 2);
    secret.parts_stored = 2;
    assert_int_equal(policy_apply(&secret, &c, &e), 0);
    assert_int_equal(e.verdict, VERDICT_CONFLICT);
    record_clear(&secret);
    record_clear(&answer);
    record_clear(&request);
    buf_free(&wrap);
}

/* The events of ${c} on ${r}, as a text. */
static const char *
events_of(struct record *r, const struct change *c) {
    static char text[64];
    enum audit_kind kinds[HAPPENED_MAX];
    struct record before = *r;
    struct effect e;
    assert_int_equal(policy_apply(r, c, &e), 0);
    int n = happened(&before, r, &e, c->now, kinds);
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof(text) - len, "%s ", audit_name(kinds[i]));
    }
    return text;
}

static void
test_each_event_of_a_request_happens_once(void **state) {
    (void)state;
    struct record r = make_request(ASKED);
    struct change c = {.kind = CHANGE_ANSWER, .now = T0, .answer = ref_of(NEW)};
    assert_string_equal(events_of(&r, &c), "answered ");
    assert_string_equal(events_of(&r, &c), "");
    c = (struct change){.kind = CHANGE_BURN, .now = T0};
    sample_hash(OWN, c.hash);
    assert_string_equal(events_of(&r, &c), "burnt ");
    assert_string_equal(events_of(&r, &c), "");
    c.kind = CHANGE_ERASED;
    assert_string_equal(events_of(&r, &c), "");
    record_clear(&r);

    /* Expiry is an event while it takes answers, and none once it is full. */
    c = (struct change){.kind = CHANGE_LAPSE, .now = T0 + LAST};
    r = make_request(ANSWERED);
    assert_string_equal(events_of(&r, &c), "expired ");
    record_clear(&r);
    r = make_request(FULL);
    assert_string_equal(events_of(&r, &c), "");
    record_clear(&r);
}

int
main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_table),
        cmocka_unit_test(test_a_request_is_dropped_with_its_last_answer),
        cmocka_unit_test(test_the_effect_tells_what_to_store),
        cmocka_unit_test(test_each_event_of_a_request_happens_once),
    };
    return cmocka_run_group_tests_name("policy of requests", tests, NULL, NULL);
}
