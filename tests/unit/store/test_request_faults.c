/* SPDX-License-Identifier: MIT */
/*
 * Requests under faults of the stores in AWS (aws_faults.h).  Whatever is refused, lost, cut or
 * done late: an answer that was acknowledged is listed and opens, no request lists more answers
 * than it asked for, and it has exactly so many once the faults are over.  A call that fails
 * delivers nothing.  An end that succeeded leaves no answer to open.
 *
 * FAULT_SCHEDULES says how many schedules, FAULT_SEED the first one's seed.  The controls are
 * conditions that always hold, and a store that forgets to complete an answer.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws_faults.h"
#include "base/err.h"
#include "env_number.h"
#include "memory_blobs.h"
#include "memory_store.h"
#include "store_wrap.h"
#include "vault/request/request.h"
#include "vault_fixture.h"

enum { GATE = 3, OWNER = 900, SIZE = 304, TRIES = 40, ASKED_MAX = 3, ANSWERERS_MAX = 24 };

enum outcome {
    NOT_BEGUN, /* no begin was acknowledged */
    UNKNOWN,   /* begun, and no complete has said what became of it */
    TAKEN,
    REFUSED,
};

struct answerer {
    struct run *run;
    enum outcome outcome;
    bool in_parts, stored; /* whether the part is there */
    char id[TOKEN_SEALED_ID_LEN + 1], owner[TOKEN_LEN + 1];
    pthread_t thread;
};

/* One request and everybody who answers it. */
struct run {
    struct vault_fixture fixture;
    struct answerer answerers[ANSWERERS_MAX];
    int asked, count;
    bool ended; /* the asker may have ended it */
    unsigned last_lease;
    const char *_Atomic wrong; /* what a thread has seen that must not be; NULL */
    char id[TOKEN_SEALED_ID_LEN + 1], owner[TOKEN_LEN + 1];
};

static struct aws_faults faults;

static int
open_stores(void **state) {
    (void)state;
    return aws_faults_start(&faults);
}

static int
close_stores(void **state) {
    (void)state;
    aws_faults_stop(&faults);
    return 0;
}

/* --- what everybody does ---------------------------------------------------------------------- */

static void
ask(struct run *run, int answers) {
    struct vault_request_created created;
    struct buf description = fixture_envelope(SIZE);
    uint8_t gate[32];
    struct vault_request_new in = {.answers = answers,
                                   .ttl = 1000,
                                   .answer_ttl = 5000,
                                   .answer_size = 1000,
                                   .description = &description};
    int result = 0;

    fixture_token(OWNER, run->owner);
    token_hash(run->owner, strlen(run->owner), in.owner_hash);
    fixture_header(in.header);
    fixture_access(GATE, gate, in.gate_verifier);
    for (int i = 0; i < TRIES && result != 1; i++)
        result = vault_request_create(&run->fixture.vault, &in, &created);
    assert_int_equal(result, 1);
    memcpy(run->id, created.id, sizeof(run->id));
    run->asked = answers;
    buf_free(&description);
}

/* Try to begin.  Returns 1; 0 if the request takes no answer; or a negative code. */
static int
begin_once(struct answerer *a) {
    struct vault *v = &a->run->fixture.vault;
    struct vault_request_admitted admitted;
    struct vault_sealed_created created;
    enum verdict verdict;
    uint8_t gate[32], verifier[32];
    fixture_access(GATE, gate, verifier);
    int result = vault_request_admit(v, a->run->id, gate, &verdict, &admitted);
    if (result != 1 || verdict != VERDICT_OK) return result == 1 ? 0 : result;

    struct buf content = fixture_envelope(SIZE);
    struct vault_sealed_new in = fixture_new(1, 0, SIZE, a->in_parts ? NULL : &content);
    in.ttl = admitted.answer_ttl;
    in.request = &admitted.ref;
    result = vault_sealed_create(v, &in, &created);
    if (result == 1) {
        memcpy(a->id, created.id, sizeof(a->id));
        memcpy(a->owner, created.owner_token, sizeof(a->owner));
    }
    buf_free(&content);
    return result;
}

/* Send the only part of ${a}, unless it is there. */
static void
store_part(struct answerer *a) {
    struct buf data = fixture_envelope(SIZE);
    enum verdict verdict;
    int put =
        vault_sealed_put_part(&a->run->fixture.vault, a->id, a->owner, 0, &data, NULL, &verdict);
    a->stored = put == 1 && verdict == VERDICT_OK;
    buf_free(&data);
}

/* The wrap of ${a} is one byte, which tells whose it is. */
static uint8_t
wrap_of(const struct answerer *a) {
    return (uint8_t)('A' + (a - a->run->answerers));
}

static void
complete_once(struct answerer *a) {
    struct buf wrap = BUF_INIT(1);
    enum verdict verdict;
    uint32_t missing;
    if (buf_add_byte(&wrap, wrap_of(a)) != 0) abort();
    int result = vault_sealed_complete(&a->run->fixture.vault, a->id, a->owner, &wrap, NULL,
                                       &verdict, &missing);
    buf_free(&wrap);
    if (result < 0) return;

    bool refused = verdict == VERDICT_FULL || (verdict == VERDICT_ABSENT && a->run->ended);
    if (verdict == VERDICT_OK) a->outcome = TAKEN;
    else if (refused) a->outcome = REFUSED;
    else if (verdict != VERDICT_INCOMPLETE || a->stored)
        a->run->wrong = "an answer that was begun is lost";
}

/* Answer as far as the faults let it. */
static void *
answer(void *arg) {
    struct answerer *a = arg;
    int begun = -1;
    for (int i = 0; i < TRIES && begun < 0; i++)
        begun = begin_once(a);
    if (begun == 0) a->outcome = REFUSED;
    if (begun != 1) return NULL;

    a->outcome = UNKNOWN;
    if (a->in_parts) store_part(a);
    complete_once(a);
    return NULL;
}

/* Returns whether the response said that the request has ended. */
static bool
end_request(struct run *run) {
    enum verdict verdict;
    int result = vault_request_end(&run->fixture.vault, run->id, run->owner, NULL, &verdict);
    return result == 1 && verdict == VERDICT_OK;
}

static void *
end_meanwhile(void *arg) {
    (void)end_request(arg);
    return NULL;
}

/* --- what must hold --------------------------------------------------------------------------- */

/* Check the listed answer ${i} of ${r}.  With ${strict} no call may fail.  Returns whether it is
 * complete, and marks its answerer in ${listed}. */
static bool
check_listed(struct run *run, const struct record *r, size_t i, bool strict, bool listed[]) {
    struct buf wrap = BUF_INIT(RECORD_ANSWER_WRAP_MAX);
    struct record answer;
    int got = vault_request_answer(&run->fixture.vault, r, i, &answer, &wrap);
    if (strict) assert_true(got >= 0);
    if (got != 1) assert_int_equal(wrap.len, 0);

    bool has_wrap = got == 1 && wrap.len == 1;
    if (has_wrap) {
        int n = wrap.data[0] - 'A';
        assert_in_range(n, 0, run->count - 1);
        assert_false(listed[n]);
        listed[n] = true;
    }
    record_clear(&answer);
    buf_free(&wrap);
    return has_wrap;
}

/*
 * The asker's list has at most as many answers as asked for.  Unless the request was ended, with
 * ${strict} it has those that were taken and no others.  Returns how many can be read, or -1 if
 * the list could not be had.
 */
static int
check_list(struct run *run, bool strict) {
    bool listed[ANSWERERS_MAX] = {false};
    struct record r;
    int found = vault_request_load(&run->fixture.vault, run->id, run->owner, &r, NULL), n = 0;
    if (found < 0 && !strict) return -1;
    assert_int_equal(found, 1);
    assert_true(r.answer_count <= (size_t)run->asked);
    assert_int_equal(r.views_left + (int)r.answer_count, run->asked);
    for (size_t i = 0; i < r.answer_count; i++)
        n += check_listed(run, &r, i, strict, listed);
    record_clear(&r);

    for (int i = 0; strict && !run->ended && i < run->count; i++)
        if (listed[i] != (run->answerers[i].outcome == TAKEN))
            run->wrong = listed[i] ? "an answer is listed that was not taken"
                                   : "an acknowledged answer is lost";
    return n;
}

/* Open the answer of ${a} under faults, as often as that takes.  Returns the verdict. */
static enum verdict
open_answer(struct answerer *a) {
    struct buf want = fixture_envelope(SIZE);
    struct vault_sealed_opened o;
    uint8_t access[32], verifier[32];
    char lease[TOKEN_LEN + 1];
    int result = -1;
    fixture_access(1, access, verifier);
    const struct vault_sealed_opening opening = {
        .access = access,
        .lease = fixture_token(++a->run->last_lease, lease),
        .content_max = FIXTURE_INLINE_MAX,
    };
    enum verdict verdict = VERDICT_ABSENT;
    for (int i = 0; i < TRIES && result != 1; i++) {
        result = vault_sealed_open(&a->run->fixture.vault, a->id, &opening, &o);
        verdict = o.verdict;
        bool given = result == 1 && (verdict == VERDICT_OK || verdict == VERDICT_REPEAT);
        if (!given) assert_int_equal(o.content.len, 0);
        else if (!a->in_parts) assert_true(buf_equals(&o.content, want.data, want.len));
        vault_sealed_opened_clear(&o);
    }
    assert_int_equal(result, 1);
    buf_free(&want);
    return verdict == VERDICT_REPEAT ? VERDICT_OK : verdict;
}

/* An answer opens once if it was taken, and never if it was refused or the request has ended. */
static void
check_opens(struct run *run) {
    for (int i = 0; i < run->count; i++) {
        struct answerer *a = &run->answerers[i];
        if (a->id[0] == '\0') continue;
        bool opens = a->outcome == TAKEN && !run->ended;
        if ((open_answer(a) == VERDICT_OK) != opens)
            run->wrong = opens ? "an acknowledged answer does not open" : "an answer opens";
        else if (open_answer(a) == VERDICT_OK) run->wrong = "an answer opens twice";
    }
}

/* --- a schedule ------------------------------------------------------------------------------- */

static struct answerer *
add_answerer(struct run *run) {
    assert_true(run->count < ANSWERERS_MAX);
    struct answerer *a = &run->answerers[run->count++];
    *a = (struct answerer){.run = run, .in_parts = run->count % 3 == 0};
    return a;
}

/* Let ${count} answer at once, while the asker ends the request if run->ended. */
static void
race(struct run *run, int count) {
    pthread_t ender;
    for (int i = 0; i < count; i++) {
        struct answerer *a = add_answerer(run);
        assert_int_equal(pthread_create(&a->thread, NULL, answer, a), 0);
    }
    if (run->ended) assert_int_equal(pthread_create(&ender, NULL, end_meanwhile, run), 0);
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(run->answerers[i].thread, NULL), 0);
    if (run->ended) assert_int_equal(pthread_join(ender, NULL), 0);
}

/* The faults are over: everybody without a true answer asks again, and then others answer. */
static void
finish(struct run *run) {
    for (int i = 0; i < run->count; i++) {
        struct answerer *a = &run->answerers[i];
        if (a->outcome != UNKNOWN) continue;
        if (a->in_parts && !a->stored) store_part(a);
        complete_once(a);
        if (a->outcome == UNKNOWN) run->wrong = "a complete fails without a fault";
    }
    for (int refused = 0; refused < 2;) {
        struct answerer *a = add_answerer(run);
        (void)answer(a);
        assert_true(a->outcome == TAKEN || a->outcome == REFUSED);
        refused += a->outcome == REFUSED;
    }
}

static int
count_taken(const struct run *run) {
    int taken = 0;
    for (int i = 0; i < run->count; i++)
        taken += run->answerers[i].outcome == TAKEN;
    return taken;
}

/* Let ${answerers} answer the request of ${run} for ${asked}.  Returns what went wrong, or NULL. */
static const char *
run_schedule(struct run *run, unsigned seed, double rate, int asked, int answerers) {
    aws_faults_begin(&faults, seed, rate);
    ask(run, asked);
    race(run, answerers);
    if (count_taken(run) > asked) return "too many answers are taken";
    (void)check_list(run, false);

    aws_faults_clear(&faults);
    if (run->ended) assert_true(end_request(run));
    finish(run);
    int readable = check_list(run, true);
    if (run->wrong != NULL) return run->wrong;
    if (run->ended) {
        if (readable > 0) return "an answer of an ended request can be read";
    } else if (readable != asked || count_taken(run) != asked) {
        return "not exactly as many answers as asked for";
    }

    /* Opening goes under faults as well. */
    aws_faults_begin(&faults, seed + 1, rate / 2);
    check_opens(run);
    aws_faults_clear(&faults);
    return run->wrong;
}

static const char *
run_on_aws(unsigned seed, double rate, int asked, int answerers, bool ended) {
    static struct run run;
    run = (struct run){.ended = ended};
    fixture_init(&run.fixture, faults.store, faults.blobs, seed);
    return run_schedule(&run, seed, rate, asked, answerers);
}

/* Sanitizers make all of it several times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCHEDULES 20
#else
#define SCHEDULES 200
#endif

static void
exactly_as_many_answers_as_asked(void **state) {
    unsigned count = (unsigned)env_number("FAULT_SCHEDULES", 1, 10000000, SCHEDULES);
    unsigned first = (unsigned)env_number("FAULT_SEED", 1, 10000000, 1);
    (void)state;
    print_message("  %u schedules from seed %u on\n", count, first);
    for (unsigned seed = first; seed < first + count; seed++) {
        int asked = 1 + (int)(seed / 2 % ASKED_MAX);
        const char *wrong =
            run_on_aws(seed, 0.1 + 0.1 * (seed % 5), asked, asked + 2, seed % 4 == 3);
        if (wrong != NULL) fail_msg("seed %u, %d asked for: %s", seed, asked, wrong);
        aws_faults_check_leftovers(&faults, seed);
        unsigned done = seed - first + 1;
        if (done % 500 == 0 || done == count) {
            print_message("  %u were exact\n", done);
            (void)fflush(stdout);
        }
    }
}

static void
without_conditions_it_fails(void **state) {
    const char *wrong = NULL;
    unsigned round = 0;
    (void)state;
    aws_faults_unconditional(&faults, true);
    for (; round < 100 && wrong == NULL; round++)
        wrong = run_on_aws(900000 + round, 0, 1, 8, false);
    aws_faults_unconditional(&faults, false);
    print_message("  found out in round %u: %s\n", round, wrong);
    assert_non_null(wrong);
    json_decref(aws_faults_take_leftovers(&faults));
}

static void
a_forgotten_complete_is_found_out(void **state) {
    static struct run run;
    (void)state;
    for (int bug = 0; bug < 2; bug++) {
        struct store *s = memory_store_open(FIXTURE_INLINE_MAX);
        run = (struct run){0};
        fixture_init(&run.fixture, store_wrap(s, NULL, bug ? BUG_COMPLETE_FORGOTTEN : BUG_NONE),
                     memory_blobs_open(), 1);
        const char *wrong = run_schedule(&run, 1, 0, 2, 4);
        fixture_close(&run.fixture);
        if (!bug) assert_null(wrong);
        else assert_string_equal(wrong, "an acknowledged answer is lost");
    }
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_as_many_answers_as_asked),
        cmocka_unit_test(without_conditions_it_fails),
        cmocka_unit_test(a_forgotten_complete_is_found_out),
    };
    return cmocka_run_group_tests_name("requests under faults", tests, open_stores, close_stores);
}
