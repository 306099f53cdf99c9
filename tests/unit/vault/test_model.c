/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of everything that can happen to sealed secrets, on every store of this machine,
 * compared step by step with an independent model (model.c).  TEST_SEED repeats a run, TEST_STEPS
 * sets its length.  The control: the test detects stores that each break one rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "env_number.h"
#include "memory_blobs.h"
#include "memory_store.h"
#include "model.h"
#include "prng.h"
#include "scratch.h"
#include "store/sqlite/store.h"
#include "store_wrap.h"
#include "vault_fixture.h"

enum { SLOTS = 4, PAST = 4096, PART = 260, GATE = 3, STEPS = 100000, BUG_STEPS = 20000 };

/* What has verdicts. */
enum act { ACT_OPEN, ACT_FETCH, ACT_CONFIRM, ACT_BURN, ACT_PART, ACT_COMPLETE, ACTS };

static const char *const act_names[] = {"open", "fetch", "confirm", "burn", "part", "complete"};

struct backend {
    const char *name;
    struct store *(*open)(void);
    struct store *(*reopen)(struct store *s); /* NULL: nothing outlives it */
};

struct slot {
    bool used;
    struct model model;
    struct buf whole; /* the envelope */
    char id[TOKEN_SEALED_ID_LEN + 1];
    char owner[TOKEN_LEN + 1];
};

/* What remains of a secret whose slot has another one now. */
struct receipt {
    int64_t until;
    int views;
};

struct run {
    const struct backend *backend;
    struct vault_fixture fixture;
    struct prng prng;
    int64_t now; /* by the vault's clock, which never runs back */
    struct slot slots[SLOTS];
    struct receipt past[PAST];
    int past_count;
    char differs[200]; /* "" while vault and model agree */
    int seen[ACTS][VERDICT_INCOMPLETE + 1];
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

/* Compare ${result} and ${got} of the vault with ${want} of the model. */
static void
compare_verdicts(struct run *run, enum act act, int result, enum verdict got, enum verdict want) {
    compare(run, act_names[act], result, 1);
    compare(run, act_names[act], got, want);
    run->seen[act][want]++;
}

/* Part ${k} of the envelope. */
static struct buf
part_of(const struct slot *s, uint32_t k) {
    struct buf part = BUF_INIT(PART);
    size_t at = (size_t)k * PART, len = s->whole.len - at < PART ? s->whole.len - at : PART;
    if (buf_add(&part, s->whole.data + at, len) != 0) abort();
    return part;
}

static void
do_burn(struct run *run, struct slot *s, bool owner, unsigned token) {
    char text[TOKEN_LEN + 1];
    enum verdict got = VERDICT_OK;
    int result = vault_sealed_burn(&run->fixture.vault, s->id,
                                   owner ? s->owner : fixture_token(token, text), NULL, &got);
    compare_verdicts(run, ACT_BURN, result, got, model_burn(&s->model, run->now, owner, token));
}

static void
remember(struct run *run, const struct model *m) {
    assert_true(run->past_count < PAST);
    run->past[run->past_count++] =
        (struct receipt){.until = m->expires + 7 * 86400, .views = m->views};
}

/* What the receipts of secrets without a slot count for.  Those that have lapsed are forgotten. */
static uint64_t
past_receipts(struct run *run) {
    uint64_t bytes = 0;
    int kept = 0;
    for (int i = 0; i < run->past_count; i++) {
        struct receipt r = run->past[i];
        if (run->now >= r.until) continue;
        bytes += RECORD_ROW_COST + RECORD_VIEW_COST * (uint64_t)r.views;
        run->past[kept++] = r;
    }
    run->past_count = kept;
    return bytes;
}

static void
do_create(struct run *run, struct slot *s) {
    static const int ttls[] = {60, 300, 3600, 100000};
    struct vault_sealed_created out;
    uint8_t gate[32], gate_verifier[32];
    if (s->used) do_burn(run, s, true, 0);
    if (s->used) remember(run, &s->model);
    bool parts = below(run, 10) < 4;
    buf_free(&s->whole);
    s->whole = fixture_envelope(304 + below(run, 200));
    s->whole.data[100] = (uint8_t)below(run, 256);
    int attempts = below(run, 2) ? 0 : 1 + (int)below(run, 3);
    struct vault_sealed_new in =
        fixture_new(1 + (int)below(run, 4), attempts, s->whole.len, parts ? NULL : &s->whole);
    fixture_access(GATE, gate, gate_verifier);
    if (below(run, 2)) in.gate_verifier = gate_verifier;
    in.ttl = ttls[below(run, ARRAY_LEN(ttls))];
    int created = below(run, 2) ? vault_sealed_create(&run->fixture.vault, &in, &out)
                                : fixture_create_later(&run->fixture.vault, &in, &out);
    compare(run, "create", created, 1);
    compare(run, "expires", out.expires_at, run->now + in.ttl);
    memcpy(s->id, out.id, sizeof(s->id));
    memcpy(s->owner, out.owner_token, sizeof(s->owner));
    s->used = true;
    s->model = (struct model){.parts = parts,
                              .complete = !parts,
                              .views = in.views,
                              .views_left = in.views,
                              .attempts = attempts,
                              .attempts_left = attempts,
                              .gate = in.gate_verifier != NULL,
                              .created = run->now,
                              .last_part = run->now,
                              .expires = run->now + in.ttl};
}

/* A used token, or the next new one. */
static unsigned
any_token(struct run *run, const struct slot *s) {
    return 1 + below(run, (unsigned)s->model.leases + 1);
}

static void
do_open(struct run *run, struct slot *s) {
    struct vault_sealed_opened o;
    uint8_t access[32], gate[32], verifier[32];
    char text[TOKEN_LEN + 1];
    bool right = below(run, 4) > 0, gate_sent = below(run, 8) > 0;
    bool gate_right = gate_sent && below(run, 4) > 0;
    unsigned token = any_token(run, s);
    fixture_access(right ? 1 : 2, access, verifier);
    fixture_access(gate_right ? GATE : GATE + 1, gate, verifier);
    const struct vault_sealed_opening in = {
        .access = access,
        .gate = gate_sent ? gate : NULL,
        .lease = fixture_token(token, text),
        .content_max = PART * 2,
        .unreserved_max = below(run, 2) ? PART : 0,
    };
    int result = below(run, 2) ? vault_sealed_open(&run->fixture.vault, s->id, &in, &o)
                               : fixture_open_later(&run->fixture.vault, s->id, &in, &o);
    enum verdict want = model_open(&s->model, run->now, right, gate_right, token);
    compare_verdicts(run, ACT_OPEN, result, o.verdict, want);
    if (o.verdict == VERDICT_OK || o.verdict == VERDICT_REPEAT) {
        compare(run, "views left", o.views_left, s->model.views_left);
        compare(run, "content comes", o.has_content, !s->model.parts);
        if (o.has_content)
            compare(run, "content", buf_equals(&o.content, s->whole.data, s->whole.len), true);
    } else {
        compare(run, "content without a claim", (int64_t)o.content.len, 0);
    }
    if (o.verdict == VERDICT_WRONG_PROOF)
        compare(run, "attempts left", o.attempts_left,
                s->model.attempts == 0 ? -1 : s->model.attempts_left);
    vault_sealed_opened_clear(&o);
}

static void
do_fetch(struct run *run, struct slot *s) {
    struct buf got = BUF_INIT(PART);
    char text[TOKEN_LEN + 1];
    enum verdict verdict = VERDICT_OK;
    unsigned token = any_token(run, s);
    uint32_t k = below(run, MODEL_PARTS);
    if (!s->model.parts) return;
    int result = vault_sealed_get_part(&run->fixture.vault, s->id, fixture_token(token, text), k,
                                       &(struct vault_sealed_fetch){.out = &got}, &verdict);
    compare_verdicts(run, ACT_FETCH, result, verdict, model_fetch(&s->model, run->now, token));
    if (verdict == VERDICT_OK) {
        struct buf want = part_of(s, k);
        compare(run, "part", buf_equals(&got, want.data, want.len), true);
        buf_free(&want);
    }
    buf_free(&got);
}

static void
do_confirm(struct run *run, struct slot *s) {
    char text[TOKEN_LEN + 1];
    enum verdict got = VERDICT_OK;
    unsigned token = any_token(run, s);
    int result =
        vault_sealed_confirm(&run->fixture.vault, s->id, fixture_token(token, text), NULL, &got);
    compare_verdicts(run, ACT_CONFIRM, result, got, model_confirm(&s->model, run->now, token));
}

static void
do_part(struct run *run, struct slot *s) {
    enum verdict got = VERDICT_OK;
    uint32_t k = below(run, MODEL_PARTS);
    if (!s->model.parts) return;
    struct buf part = part_of(s, k);
    int result = vault_sealed_put_part(&run->fixture.vault, s->id, s->owner, k, &part, NULL, &got);
    compare_verdicts(run, ACT_PART, result, got, model_part(&s->model, run->now, k));
    buf_free(&part);
}

static void
do_complete(struct run *run, struct slot *s) {
    enum verdict got = VERDICT_OK;
    uint32_t missing = 0;
    int result =
        vault_sealed_complete(&run->fixture.vault, s->id, s->owner, NULL, NULL, &got, &missing);
    compare_verdicts(run, ACT_COMPLETE, result, got, model_complete(&s->model, run->now));
}

static void
do_info(struct run *run, struct slot *s) {
    struct record r;
    const struct model *m = &s->model;
    enum verdict want = VERDICT_ABSENT, got = VERDICT_ABSENT;
    if (model_content(m, run->now)) want = m->complete ? VERDICT_OK : VERDICT_UPLOADING;
    int result = vault_sealed_info(&run->fixture.vault, s->id, &got, &r);
    compare(run, "info", result, 1);
    compare(run, "info's verdict", got, want);
    if (got == VERDICT_OK) compare(run, "info's views", r.views_left, m->views_left);
    record_clear(&r);
}

static void
do_receipt(struct run *run, struct slot *s) {
    struct record r;
    const struct model *m = &s->model;
    int found = vault_sealed_receipt(&run->fixture.vault, s->id, s->owner, &r);
    int want = model_receipt(m, run->now);
    compare(run, "receipt", found == 1 ? (int)policy_receipt_state(&r, run->now) : -1, want);
    if (found == 1) compare(run, "receipt's leases", (int64_t)r.lease_count, m->leases);
    for (int i = 0; found == 1 && i < m->leases && (size_t)i < r.lease_count; i++) {
        int64_t at = 0;
        bool live = policy_lease_end(&r, &r.leases[i], run->now, &at) == LEASE_LIVE;
        compare(run, "receipt's lease", live, model_live(m, run->now, i));
    }
    record_clear(&r);
}

/* Sweep; what is counted afterwards is exactly what may still be read, and receipts. */
static void
do_sweep(struct run *run) {
    struct vault *v = &run->fixture.vault;
    struct vault_sweep_result swept;
    compare(run, "sweep", vault_sweep(v, 1000000, &swept), 0);

    uint64_t want = past_receipts(run);
    for (int i = 0; i < SLOTS; i++) {
        const struct slot *s = &run->slots[i];
        if (!s->used || model_receipt(&s->model, run->now) < 0) continue;
        want += RECORD_ROW_COST + RECORD_VIEW_COST * (uint64_t)s->model.views;
        if (!model_content(&s->model, run->now)) continue;
        want += RECORD_CONTENT_COST;
        if (!s->model.parts) want += s->whole.len;
        if (s->model.have & 1) want += PART;
        if (s->model.have & 2) want += s->whole.len - PART;
    }
    compare(run, "bytes stored",
            (int64_t)(v->store->ops->usage(v->store) + v->blobs->ops->usage(v->blobs)),
            (int64_t)want);
}

static void
do_time(struct run *run) {
    unsigned kind = below(run, 100);
    unsigned most = kind < 80 ? 40 : kind < 94 ? 1500 : kind < 99 ? 30000 : 700000;
    run->now += below(run, most);
    run->fixture.now = run->now;
}

/* Set the clock back after the vault has seen its time. */
static void
do_set_back(struct run *run) {
    compare(run, "time", vault_now(&run->fixture.vault), run->now);
    run->fixture.now = run->now - below(run, 86400);
}

static void
do_restart(struct run *run) {
    struct vault *v = &run->fixture.vault;
    run->fixture.now = run->now;
    if (run->backend->reopen == NULL) return;
    v->store = run->backend->reopen(v->store);
    if (v->store == NULL) abort();
}

static void
step(struct run *run) {
    struct slot *s = &run->slots[below(run, SLOTS)];
    unsigned n = below(run, 1000);
    /* Advance uploads faster than chance would. */
    if (s->used && !s->model.complete && below(run, 2)) n = 580 + below(run, 180);
    /* Replace what is gone. */
    if (s->used && !model_content(&s->model, run->now) && below(run, 6) == 0) n = 0;
    if (n < 30 || !s->used) do_create(run, s);
    else if (n < 350) do_open(run, s);
    else if (n < 480) do_fetch(run, s);
    else if (n < 560) do_confirm(run, s);
    else if (n < 580) do_burn(run, s, below(run, 2), any_token(run, s));
    else if (n < 700) do_part(run, s);
    else if (n < 760) do_complete(run, s);
    else if (n < 800) do_info(run, s);
    else if (n < 850) do_receipt(run, s);
    else if (n < 950) do_time(run);
    else if (n < 960) do_set_back(run);
    else if (n < 998) do_sweep(run);
    else do_restart(run);
}

/* Every verdict must have occurred, else the run proves nothing about it. */
static void
assert_all_was_seen(const struct run *run) {
    static const struct {
        enum act act;
        enum verdict verdict;
    } all[] = {
        {ACT_OPEN, VERDICT_OK},
        {ACT_OPEN, VERDICT_ABSENT},
        {ACT_OPEN, VERDICT_REPEAT},
        {ACT_OPEN, VERDICT_LEASE_ENDED},
        {ACT_OPEN, VERDICT_WRONG_PROOF},
        {ACT_FETCH, VERDICT_OK},
        {ACT_FETCH, VERDICT_ABSENT},
        {ACT_CONFIRM, VERDICT_OK},
        {ACT_CONFIRM, VERDICT_ABSENT},
        {ACT_BURN, VERDICT_OK},
        {ACT_BURN, VERDICT_ABSENT},
        {ACT_PART, VERDICT_OK},
        {ACT_PART, VERDICT_ABSENT},
        {ACT_PART, VERDICT_CONFLICT},
        {ACT_COMPLETE, VERDICT_OK},
        {ACT_COMPLETE, VERDICT_ABSENT},
        {ACT_COMPLETE, VERDICT_INCOMPLETE},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (run->seen[all[i].act][all[i].verdict] == 0)
            fail_msg("%s never gave verdict %d", act_names[all[i].act], all[i].verdict);
    }
}

/* Run ${steps}.  Returns the step at which vault and model differ first, or 0. */
static int
run_model(const struct backend *backend, enum wrap_bug bug, uint64_t seed, int steps) {
    static struct run run;
    run = (struct run){.backend = backend, .prng = {.state = seed}, .now = FIXTURE_T0};
    struct store *store = backend->open();
    if (bug != BUG_NONE) store = store_wrap(store, NULL, bug);
    struct blobs *blobs = memory_blobs_open();
    assert_non_null(store);
    assert_non_null(blobs);
    fixture_init(&run.fixture, store, blobs, seed);
    run.fixture.vault.limits.part_size = PART;
    int n = 0;
    while (n < steps && run.differs[0] == '\0') {
        step(&run);
        n++;
    }
    if (run.differs[0] != '\0') print_message("step %d: %s\n", n, run.differs);
    for (int i = 0; i < SLOTS; i++)
        buf_free(&run.slots[i].whole);
    fixture_close(&run.fixture);
    if (steps >= STEPS && n == steps) assert_all_was_seen(&run);
    return run.differs[0] != '\0' ? n : 0;
}

static struct store *
open_memory(void) {
    return memory_store_open(FIXTURE_INLINE_MAX);
}

static char folder[SCRATCH_PATH_MAX];

/* This test is not about power loss, so commits need not reach the disk. */
static struct store *
open_sqlite(void) {
    struct sqlite_store_config config = {.dir = folder, .sync_normal = true};
    struct store *s = NULL;
    return sqlite_store_open(&config, &s) == 0 ? s : NULL;
}

static struct store *
reopen_sqlite(struct store *s) {
    s->ops->close(s);
    return open_sqlite();
}

static const struct backend memory = {.name = "memory", .open = open_memory};
static const struct backend sqlite = {
    .name = "sqlite", .open = open_sqlite, .reopen = reopen_sqlite};

static uint64_t seed;

static void
test_memory_agrees_with_the_model(void **state) {
    (void)state;
    assert_int_equal(
        run_model(&memory, BUG_NONE, seed, env_number("TEST_STEPS", 1, 1 << 30, STEPS)), 0);
}

static void
test_sqlite_agrees_with_the_model(void **state) {
    (void)state;
    scratch_make(folder);
    int differs =
        run_model(&sqlite, BUG_NONE, seed + 1, env_number("TEST_STEPS", 1, 1 << 30, STEPS));
    scratch_remove(folder);
    assert_int_equal(differs, 0);
}

static void
test_a_forgotten_rule_is_found(void **state) {
    (void)state;
    for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++) {
        int found = run_model(&memory, (enum wrap_bug)bug, seed, BUG_STEPS);
        print_message("planted bug %d: found at step %d\n", bug, found);
        assert_int_not_equal(found, 0);
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
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
