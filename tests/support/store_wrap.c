/* SPDX-License-Identifier: MIT */
#include "store_wrap.h"

#include "base/err.h"

struct wrapped_store {
    struct store base;
    struct store *inner;
    struct wrap_plan *plan;
    enum wrap_bug bug;
    int64_t first_time; /* for the bugs of time */
    unsigned count;
};

struct wrapped_blobs {
    struct blobs base;
    struct blobs *inner;
    struct wrap_plan *plan;
};

/* Whether this call fails. */
static bool
fails(struct wrap_plan *plan) {
    if (plan == NULL) return false;
    plan->calls++;
    bool hit = plan->fail_at > 0 &&
               (plan->for_ever ? plan->calls >= plan->fail_at : plan->calls == plan->fail_at);
    if (hit) plan->hits++;
    return hit;
}

/* Whether a call that failed was done. */
static bool
done(const struct wrap_plan *plan) {
    return plan->err == ERR_UNKNOWN_OUTCOME && plan->done;
}

static struct wrapped_store *
of_store(struct store *s) {
    return (struct wrapped_store *)s;
}

static struct wrapped_blobs *
of_blobs(struct blobs *b) {
    return (struct wrapped_blobs *)b;
}

static int64_t
wrap_now(struct store *s, int64_t clock) {
    struct wrapped_store *w = of_store(s);
    int64_t now = w->inner->ops->now(w->inner, clock);
    return w->bug == BUG_CLOCK_RUNS_BACK ? clock : now;
}

static void
wrap_ref(struct store *s, const char *id, struct store_ref *out) {
    of_store(s)->inner->ops->ref(of_store(s)->inner, id, out);
}

static int
wrap_create(struct store *s, const struct store_ref *ref, const struct record *r,
            const struct buf *content, const struct buf *wrap) {
    struct wrapped_store *w = of_store(s);
    if (w->first_time == 0) w->first_time = r->created_at;
    if (!fails(w->plan)) return w->inner->ops->create(w->inner, ref, r, content, wrap);
    if (done(w->plan)) (void)w->inner->ops->create(w->inner, ref, r, content, wrap);
    return w->plan->err;
}

/* Make the records that are read look as the bug has it. */
static int
wrap_load(struct store *s, const struct store_ref *ref, struct record *out, struct buf *content) {
    struct wrapped_store *w = of_store(s);
    *out = (struct record){0};
    if (fails(w->plan)) return ERR_STORE;
    int found = w->inner->ops->load(w->inner, ref, out, content);
    if (found == 1 && w->bug == BUG_EXPIRY_FORGOTTEN) out->expires_at += 1 << 30;
    if (found == 1 && w->bug == BUG_ANY_PROOF_OPENS)
        memset(out->verifier, 0, sizeof(out->verifier));
    return found;
}

static int
wrap_load_wrap(struct store *s, const struct store_ref *ref, struct record *out, struct buf *wrap) {
    struct wrapped_store *w = of_store(s);
    *out = (struct record){0};
    if (fails(w->plan)) return ERR_STORE;
    return w->inner->ops->load_wrap(w->inner, ref, out, wrap);
}

/* What the bug makes of ${c}.  Returns false if it is not to be done at all. */
static bool
distort(struct wrapped_store *w, const struct store_ref *ref, struct change *c) {
    struct record r = {0};
    switch (w->bug) {
    case BUG_LEASE_NOT_RECOGNISED:
        if (c->kind == CHANGE_OPEN) memcpy(c->hash + 28, &(unsigned){++w->count}, 4);
        break;
    case BUG_ANY_PROOF_OPENS:
        if (w->inner->ops->load(w->inner, ref, &r, NULL) == 1)
            memcpy(c->proof, r.verifier, sizeof(c->proof));
        record_clear(&r);
        break;
    case BUG_EXPIRY_FORGOTTEN:
        if (c->kind == CHANGE_BURN) c->now = w->first_time;
        break;
    case BUG_CONFIRM_FORGOTTEN: return c->kind != CHANGE_CONFIRM;
    case BUG_BURN_FORGOTTEN: return c->kind != CHANGE_BURN;
    case BUG_REMOVE_FORGOTTEN: return c->kind != CHANGE_REMOVE;
    case BUG_COMPLETE_FORGOTTEN: return c->kind != CHANGE_COMPLETE;
    case BUG_LAPSE_FORGOTTEN: return c->kind != CHANGE_LAPSE;
    case BUG_LEASES_NEVER_END: return c->kind != CHANGE_FETCH;
    case BUG_PARTS_NOT_COUNTED: return c->kind != CHANGE_PART;
    default: break;
    }
    return true;
}

/* Say that ${c} went well without doing it. */
static int
pretend(struct wrapped_store *w, const struct store_ref *ref, struct effect *effect,
        struct record *after) {
    struct record r = {0};
    int found = w->inner->ops->load(w->inner, ref, &r, NULL);
    *effect = (struct effect){.verdict = VERDICT_OK, .lease = -1};
    if (after != NULL) *after = r;
    else record_clear(&r);
    return found;
}

static int
apply(struct wrapped_store *w, const struct store_ref *ref, const struct change *c,
      struct effect *effect, struct record *after) {
    struct change bent = *c;
    if (!distort(w, ref, &bent)) return pretend(w, ref, effect, after);
    if (w->bug != BUG_WRONG_PROOFS_FREE || c->kind != CHANGE_OPEN)
        return w->inner->ops->change(w->inner, ref, &bent, effect, after);
    struct record r = {0};
    int found = w->inner->ops->load(w->inner, ref, &r, NULL);
    bool wrong = found == 1 && !token_hash_equal(r.verifier, c->proof);
    record_clear(&r);
    if (!wrong) return w->inner->ops->change(w->inner, ref, &bent, effect, after);
    found = pretend(w, ref, effect, after);
    effect->verdict = VERDICT_WRONG_PROOF;
    return found;
}

static int
wrap_change(struct store *s, const struct store_ref *ref, const struct change *c,
            struct effect *effect, struct record *after) {
    struct wrapped_store *w = of_store(s);
    if (!fails(w->plan)) return apply(w, ref, c, effect, after);
    if (done(w->plan) && apply(w, ref, c, effect, after) == 1 && after != NULL) record_clear(after);
    *effect = (struct effect){0};
    if (after != NULL) *after = (struct record){0};
    return w->plan->err;
}

static int
wrap_due(struct store *s, int64_t now, int skip, struct store_ref *out, int max) {
    struct wrapped_store *w = of_store(s);
    if (fails(w->plan)) return ERR_STORE;
    return w->inner->ops->due(w->inner, now, skip, out, max);
}

static int
wrap_knows_blob(struct store *s, const char *blob) {
    struct wrapped_store *w = of_store(s);
    if (fails(w->plan)) return ERR_STORE;
    return w->inner->ops->knows_blob(w->inner, blob);
}

static int
wrap_survey(struct store *s, int64_t now, int64_t until_ms, struct survey *out) {
    struct wrapped_store *w = of_store(s);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->survey(w->inner, now, until_ms, out);
}

static int
wrap_scrub(struct store *s) {
    struct wrapped_store *w = of_store(s);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->scrub(w->inner);
}

static uint64_t
wrap_usage(struct store *s) {
    return of_store(s)->inner->ops->usage(of_store(s)->inner);
}

static int
wrap_ping(struct store *s) {
    struct wrapped_store *w = of_store(s);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->ping(w->inner);
}

static void
wrap_close(struct store *s) {
    if (s == NULL) return;
    of_store(s)->inner->ops->close(of_store(s)->inner);
    free(s);
}

struct store *
store_wrap(struct store *inner, struct wrap_plan *plan, enum wrap_bug bug) {
    static const struct store_ops ops = {
        .now = wrap_now,
        .ref = wrap_ref,
        .create = wrap_create,
        .load = wrap_load,
        .load_wrap = wrap_load_wrap,
        .change = wrap_change,
        .due = wrap_due,
        .knows_blob = wrap_knows_blob,
        .survey = wrap_survey,
        .scrub = wrap_scrub,
        .usage = wrap_usage,
        .ping = wrap_ping,
        .close = wrap_close,
    };
    struct wrapped_store *w = calloc(1, sizeof(*w));
    if (w == NULL || inner == NULL) abort();
    w->base = *inner;
    w->base.ops = &ops;
    w->inner = inner;
    w->plan = plan;
    w->bug = bug;
    return &w->base;
}

static int
wrap_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct wrapped_blobs *w = of_blobs(b);
    if (w->plan != NULL && w->plan->before_put != NULL) w->plan->before_put(w->plan->ctx);
    if (!fails(w->plan)) return w->inner->ops->put(w->inner, name, k, data, len);
    if (done(w->plan)) (void)w->inner->ops->put(w->inner, name, k, data, len);
    return w->plan->err;
}

static int
wrap_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct wrapped_blobs *w = of_blobs(b);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->get(w->inner, name, k, out);
}

static int
wrap_erase(struct blobs *b, const char *name, uint32_t first, uint32_t count) {
    struct wrapped_blobs *w = of_blobs(b);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->erase(w->inner, name, first, count);
}

static int
wrap_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    struct wrapped_blobs *w = of_blobs(b);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->tidy(w->inner, known, ctx);
}

static uint64_t
wrap_blobs_usage(struct blobs *b) {
    return of_blobs(b)->inner->ops->usage(of_blobs(b)->inner);
}

static int
wrap_blobs_ping(struct blobs *b) {
    struct wrapped_blobs *w = of_blobs(b);
    return fails(w->plan) ? ERR_STORE : w->inner->ops->ping(w->inner);
}

static void
wrap_blobs_close(struct blobs *b) {
    if (b == NULL) return;
    of_blobs(b)->inner->ops->close(of_blobs(b)->inner);
    free(b);
}

struct blobs *
blobs_wrap(struct blobs *inner, struct wrap_plan *plan) {
    static const struct blobs_ops ops = {
        .put = wrap_put,
        .get = wrap_get,
        .erase = wrap_erase,
        .tidy = wrap_tidy,
        .usage = wrap_blobs_usage,
        .ping = wrap_blobs_ping,
        .close = wrap_blobs_close,
    };
    struct wrapped_blobs *w = calloc(1, sizeof(*w));
    if (w == NULL || inner == NULL) abort();
    w->base.ops = &ops;
    w->inner = inner;
    w->plan = plan;
    return &w->base;
}
