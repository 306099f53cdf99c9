/* SPDX-License-Identifier: MIT */
/* Count a completed answer in its request, and open it. */
#include "base/err.h"
#include "vault/internal.h"
#include "vault/request/request.h"

/* The two changes of a complete, in their order. */
struct completion {
    struct store_ref refs[2]; /* of the request, and of the answer */
    struct change changes[2];
    struct store_change done[2];
};

static void
plan_completion(struct vault *v, const char *id, const char *owner_token, const struct record *r,
                const struct buf *wrap, const struct actor *by, struct completion *out) {
    int64_t now = vault_now(v);
    *out = (struct completion){.refs = {r->request}};
    v->store->ops->ref(v->store, id, &out->refs[1]);

    out->changes[0] = (struct change){.kind = CHANGE_ANSWER, .now = now, .answer = out->refs[1]};
    out->changes[1] = (struct change){.kind = CHANGE_COMPLETE, .now = now, .wrap = wrap};
    token_hash(owner_token, strlen(owner_token), out->changes[1].hash);
    if (by != NULL) out->changes[0].by = out->changes[1].by = *by;
}

/* Make change ${i} of ${c}.  Returns 0 or a negative code. */
static int
make_change(struct vault *v, struct completion *c, int i) {
    struct store_change *d = &c->done[i];
    d->found = vault_counted(
        v, v->store->ops->change(v->store, &c->refs[i], &c->changes[i], &d->effect, &d->after));
    return d->found < 0 ? d->found : 0;
}

/*
 * Make both changes.  Where the store has no step for both, the request comes first: a crash in
 * between leaves an entry whose answer lapses, but never an answer too many.  Repeating it is safe.
 * Returns 0 or a negative code.
 */
static int
make_both(struct vault *v, struct completion *c) {
    const struct store_ops *ops = v->store->ops;
    if (ops->change_both != NULL)
        return vault_counted(v, ops->change_both(v->store, c->refs, c->changes, c->done));

    int err = make_change(v, c, 0);
    if (err == 0 && c->done[0].effect.verdict == VERDICT_OK) err = make_change(v, c, 1);
    return err;
}

static enum verdict
change_verdict(const struct store_change *d) {
    return d->found == 1 ? d->effect.verdict : VERDICT_ABSENT;
}

int
vault_request_complete(struct vault *v, const char *id, const char *owner_token,
                       const struct record *r, const struct buf *wrap, const struct actor *by,
                       enum verdict *verdict) {
    struct completion c;
    plan_completion(v, id, owner_token, r, wrap, by, &c);
    int err = make_both(v, &c);

    *verdict = change_verdict(&c.done[0]);
    bool counted = *verdict == VERDICT_OK;
    if (counted) *verdict = change_verdict(&c.done[1]);
    for (int i = 0; i < 2; i++)
        record_clear(&c.done[i].after);
    explicit_bzero(&c, sizeof(c));
    if (err != 0) return err;

    /* Its request takes it no more, so nobody will ever read it.  The sweeper retries. */
    enum verdict ignored;
    if (!counted) (void)!vault_change_by_token(v, id, owner_token, CHANGE_BURN, 0, by, &ignored);
    return 1;
}
