/* SPDX-License-Identifier: MIT */
#include "vault/vault.h"

#include "base/err.h"
#include "vault/internal.h"

int64_t
vault_now(struct vault *v) {
    return v->store->ops->now(v->store, clock_now(&v->clock));
}

int64_t
vault_clock_behind(struct vault *v) {
    const struct store_ops *ops = v->store->ops;
    int64_t clock = clock_now(&v->clock), service = clock;
    int64_t now = ops->now(v->store, clock);
    if (ops->service_time != NULL) service = ops->service_time(v->store, clock);

    int64_t behind = now - (service > clock ? service : clock);
    return behind > VAULT_BEHIND_MAX ? behind : 0;
}

int
vault_counted(struct vault *v, int result) {
    if (result == ERR_STORE || result == ERR_STUCK || result == ERR_UNKNOWN_OUTCOME)
        atomic_fetch_add(&v->store_errors, 1);
    return result;
}

int
vault_load(struct vault *v, const char *id, struct record *out, struct buf *content) {
    struct store_ref ref = {0};
    v->store->ops->ref(v->store, id, &ref);
    return vault_counted(v, v->store->ops->load(v->store, &ref, out, content));
}

int
vault_load_owned(struct vault *v, const char *id, const char *owner_token, struct record *out) {
    uint8_t hash[TOKEN_HASH_LEN];
    int found = vault_load(v, id, out, NULL);
    if (found != 1) return found;

    token_hash(owner_token, strlen(owner_token), hash);
    if (out->kind == RECORD_SEALED && token_hash_equal(out->owner_hash, hash)) return 1;
    record_clear(out);
    return 0;
}

static int
erase_blobs(struct vault *v, const struct record *r) {
    return vault_counted(v, v->blobs->ops->erase(v->blobs, r->blob, 0, record_part_count(r)));
}

/* Record that what was doomed of the record ${ref} is gone.  Returns 0 or a negative code. */
static int
record_erased(struct vault *v, const struct store_ref *ref, int64_t now) {
    struct change c = {.kind = CHANGE_ERASED, .now = now};
    struct effect effect;
    int err = vault_counted(v, v->store->ops->change(v->store, ref, &c, &effect, NULL));
    if (err < 0) return err;
    if (effect.write || effect.drop_record) atomic_fetch_add(&v->erased, 1);
    return 0;
}

/* Burn the answer ${ref} to a request that has ended by the change ${c}.  Returns 0 or a negative
 * code. */
static int
discard_answer(struct vault *v, const struct store_ref *ref, const struct change *c) {
    struct effect effect;
    struct record after = {0};
    int found = vault_counted(v, v->store->ops->change(v->store, ref, c, &effect, &after));

    /* Blobs that remain are due by themselves. */
    if (found == 1 && effect.drop_content) atomic_fetch_add(&v->erased, 1);
    if (found == 1 && after.content == CONTENT_DOOMED && erase_blobs(v, &after) == 0)
        (void)!record_erased(v, ref, c->now);
    record_clear(&after);
    return found < 0 ? found : 0;
}

/*
 * Burn the answers to the request ${r}, which has ended: those that were never opened; or all of
 * them, if the operator took the request down.  Returns 0, or the first negative code after all
 * others were tried.
 */
static int
discard_answers(struct vault *v, const struct record *r, int64_t now) {
    struct change c = {.kind = CHANGE_DISCARD, .now = now};
    int first = 0;
    if (r->burnt_by == BURNT_BY_OPERATOR) c.kind = CHANGE_REMOVE;

    for (size_t i = 0; i < r->answer_count; i++) {
        int err = discard_answer(v, &r->answers[i].ref, &c);
        if (first == 0) first = err;
    }
    return first;
}

/* Erase the doomed blobs of ${r}, or burn the answers to it, then record that.  Returns 0 or a
 * negative code. */
static int
erase_doomed(struct vault *v, const struct store_ref *ref, const struct record *r, int64_t now) {
    int err = r->kind == RECORD_REQUEST ? discard_answers(v, r, now) : erase_blobs(v, r);
    return err < 0 ? err : record_erased(v, ref, now);
}

/* Count a change for the metrics. */
static void
count_change(struct vault *v, const struct effect *effect, const struct record *after) {
    if (effect->claimed) atomic_fetch_add(&v->views_claimed, 1);
    if (after->content == CONTENT_DOOMED) return; /* erase_doomed() counts it */
    if (effect->drop_content || (effect->drop_record && record_is_classic(after)))
        atomic_fetch_add(&v->erased, 1);
}

/*
 * Whether the sweeper erases what ${c} doomed.  To erase a large file takes seconds, and only
 * somebody who has asked for that waits for it.
 */
static bool
is_left_to_sweep(const struct vault *v, const struct change *c) {
    return v->wake_sweep != NULL && c->kind != CHANGE_BURN && c->kind != CHANGE_REMOVE;
}

/* The change is done, even if the erase fails, which the sweeper retries. */
int
vault_changed(struct vault *v, const struct store_ref *ref, const struct change *c, int found,
              const struct effect *effect, const struct record *after) {
    if (vault_counted(v, found) != 1) return found;
    count_change(v, effect, after);
    if (after->content != CONTENT_DOOMED) return found;
    if (is_left_to_sweep(v, c)) v->wake_sweep(v->wake_ctx);
    else (void)erase_doomed(v, ref, after, c->now);
    return found;
}

int
vault_change(struct vault *v, const char *id, const struct change *c, struct effect *effect,
             struct record *after) {
    struct store_ref ref = {0};
    v->store->ops->ref(v->store, id, &ref);
    int found = v->store->ops->change(v->store, &ref, c, effect, after);
    return vault_changed(v, &ref, c, found, effect, after);
}

int
vault_look_and_change(struct vault *v, const char *id, const struct change *c,
                      struct effect *effect, struct record *after) {
    /* Only the store knows whether a part is new. */
    if (!v->store->look_first || c->kind == CHANGE_PART)
        return vault_change(v, id, c, effect, after);

    /* The read is consistent: the outcome of a change that writes nothing is that of the read. */
    int found = vault_load(v, id, after, NULL);
    if (found != 1) return found;
    int err = policy_apply(after, c, effect);
    if (err == 0 && !effect->write && !effect->drop_record) return 1;
    record_clear(after);
    if (err != 0) return err;

    return vault_change(v, id, c, effect, after);
}

int
vault_change_by_token(struct vault *v, const char *id, const char *token, enum change_kind kind,
                      uint32_t part, const struct actor *by, enum verdict *verdict) {
    struct change c = {.kind = kind, .now = vault_now(v), .part = part};
    struct effect effect;
    struct record after = {0};
    if (by != NULL) c.by = *by;

    token_hash(token, strlen(token), c.hash);
    int found = vault_look_and_change(v, id, &c, &effect, &after);
    record_clear(&after);

    *verdict = found == 1 ? effect.verdict : VERDICT_ABSENT;
    return found < 0 ? found : 1;
}

/* One running sweep. */
struct sweep {
    struct vault *vault;
    struct vault_sweep_result *out;
    int64_t now;
    int64_t until_ms; /* monotonic; 0: no time limit */
    int first;        /* first error of a record */
};

static bool
sweep_is_over(const struct sweep *s) {
    return atomic_load(&s->vault->ending) ||
           (s->until_ms != 0 && clock_monotonic_ms() >= s->until_ms);
}

/* The record ${ref} was swept, with the result ${done}.  Returns 1 if that made progress, 0 if not,
 * or a negative code. */
static int
settle_swept(struct sweep *s, const struct store_ref *ref, const struct store_change *done) {
    const struct effect *e = &done->effect;
    bool doomed = done->after.content == CONTENT_DOOMED;
    if (done->found < 0) return done->found;
    if (done->found == 0) return 1; /* deleted meanwhile */

    /* A sweep that must end leaves the erase of blobs to the next one. */
    if (doomed && sweep_is_over(s)) return 1;
    int err = 0;
    count_change(s->vault, e, &done->after);
    if (doomed) err = erase_doomed(s->vault, ref, &done->after, s->now);
    if (err == ERR_BUSY) return 0; /* the erase continues; a later sweep finishes it */
    if (err < 0) return err;
    if (doomed || e->drop_content) s->out->erased++;
    return doomed || e->write || e->drop_record;
}

/* Let time end ${n} records, at most STORE_CHANGES_MAX, in one step if the store has such a step
 * and it succeeds.  The result of each goes into ${done}. */
static void
lapse_records(struct sweep *s, const struct store_ref *refs, int n, struct store_change *done) {
    struct vault *v = s->vault;
    const struct store_ops *ops = v->store->ops;
    struct change c = {.kind = CHANGE_LAPSE, .now = s->now};
    if (ops->change_all != NULL && ops->change_all(v->store, refs, n, &c, done) == 0) return;

    /* One record that cannot be changed must not delay the others. */
    for (int i = 0; i < n; i++) {
        struct store_change *d = &done[i];
        d->found = vault_counted(v, ops->change(v->store, &refs[i], &c, &d->effect, &d->after));
    }
}

static void
sweep_some(struct sweep *s, const struct store_ref *refs, int n) {
    struct store_change done[STORE_CHANGES_MAX];
    lapse_records(s, refs, n, done);

    for (int i = 0; i < n; i++) {
        int result = settle_swept(s, &refs[i], &done[i]);
        record_clear(&done[i].after);
        s->out->records++;
        if (result > 0) continue;

        s->vault->sweep_skip++;
        if (result == 0) continue;

        s->out->errors++;
        if (s->first == 0) s->first = result;
    }
}

/*
 * Sweep up to ${max} records, starting after those that could not be finished: these stay due and
 * would delay the rest.  Returns how many were due, or a negative code.
 */
static int
sweep_batch(struct sweep *s, int max) {
    struct vault *v = s->vault;
    struct store_ref refs[STORE_DUE_MAX];
    int n = vault_counted(v, v->store->ops->due(v->store, s->now, v->sweep_skip, refs, max));
    int step = v->store->ops->change_all != NULL ? STORE_CHANGES_MAX : 1;

    for (int i = 0; i < n && !sweep_is_over(s); i += step)
        sweep_some(s, &refs[i], n - i < step ? n - i : step);

    explicit_bzero(refs, sizeof(refs)); /* some stores use ids as refs */
    return n;
}

/* Sweep batch after batch.  Returns 0, or the error of asking for the next batch. */
static int
sweep_batches(struct sweep *s, int max) {
    struct vault *v = s->vault;
    bool whole = v->sweep_skip == 0; /* else this sweep continues the last one */

    while (s->out->records < max && !sweep_is_over(s)) {
        int remaining = max - s->out->records;
        if (remaining > STORE_DUE_MAX) remaining = STORE_DUE_MAX;
        int n = sweep_batch(s, remaining);
        if (n > 0) continue;

        /* The end of the list: start again at the first record, once. */
        v->sweep_skip = 0;
        if (n < 0 || whole) return n;
        whole = true;
    }
    return 0;
}

int
vault_sweep_due(struct vault *v, int max, struct vault_sweep_result *out) {
    struct sweep s = {.vault = v, .out = out, .now = vault_now(v)};
    *out = (struct vault_sweep_result){0};
    if (v->limits.sweep_ms > 0) s.until_ms = clock_monotonic_ms() + v->limits.sweep_ms;

    int err = sweep_batches(&s, max);
    out->more = sweep_is_over(&s) || out->records >= max;
    return s.first != 0 ? s.first : err;
}

int
vault_sweep(struct vault *v, int max, struct vault_sweep_result *out) {
    int tidied = 0;
    int swept = vault_sweep_due(v, max, out);
    if (atomic_load(&v->ending)) return swept;

    /* Tidy and scrub even after an error: what was erased must not stay on disk. */
    if (atomic_exchange(&v->untidy, false)) tidied = vault_tidy(v);
    int err = vault_counted(v, v->store->ops->scrub(v->store));
    if (swept != 0) return swept;
    return tidied != 0 ? tidied : err;
}

void
vault_end_sweeps(struct vault *v) {
    atomic_store(&v->ending, true);
}

/* Whether a record may name ${name}.  If that is unknown, one may. */
static bool
is_blob_known(void *ctx, const char *name) {
    struct vault *v = ctx;
    /* First the counter, then the store: a create that has finished has its record by now, and one
     * that has not is counted here. */
    if (atomic_load(&v->creating) > 0 || atomic_load(&v->ending)) {
        atomic_store(&v->untidy, true);
        return true;
    }
    return vault_counted(v, v->store->ops->knows_blob(v->store, name)) != 0;
}

int
vault_tidy(struct vault *v) {
    int err = vault_counted(v, v->blobs->ops->tidy(v->blobs, is_blob_known, v));
    if (err != 0) atomic_store(&v->untidy, true);
    return err;
}

int
vault_put_blob(struct vault *v, const char *name, uint32_t k, struct buf *data) {
    const struct blobs_ops *ops = v->blobs->ops;
    if (ops->put_taking != NULL) return vault_counted(v, ops->put_taking(v->blobs, name, k, data));
    return vault_counted(v, ops->put(v->blobs, name, k, data->data, data->len));
}

void
vault_erase_orphan(struct vault *v, const char *blob, uint32_t count) {
    if (vault_counted(v, v->blobs->ops->erase(v->blobs, blob, 0, count)) != 0)
        atomic_store(&v->untidy, true);
}

uint64_t
vault_usage(struct vault *v) {
    uint64_t stored = v->store->ops->usage(v->store) + v->blobs->ops->usage(v->blobs);
    return stored + atomic_load(&v->quota_held);
}

/* Whether ${bytes} more fit into the quota.  Returns 0 or ERR_FULL. */
static int
check_quota(struct vault *v, uint64_t bytes) {
    uint64_t quota = v->limits.quota;
    if (quota == 0) return 0;

    uint64_t used = vault_usage(v);
    if (used > quota || bytes > quota - used) return ERR_FULL;
    return 0;
}

int
vault_has_room(struct vault *v, enum vault_place place, uint64_t bytes) {
    if (v->limits.remote[place]) return 0;
    return check_quota(v, bytes);
}

struct vault_charge
vault_charge(int views, enum record_content content, uint64_t size, size_t wrap_len) {
    const struct record r = {
        .views = views, .content = content, .size = size, .wrap_len = (uint32_t)wrap_len};
    struct vault_charge c = {{0}};
    c.bytes[VAULT_RECORDS] = record_cost(&r);
    if (content == CONTENT_BLOBS) c.bytes[VAULT_BLOBS] = size;
    return c;
}

/* The bytes of ${c} in the stores that are ${remote}, or in those that are not. */
static uint64_t
sum_charge(const struct vault *v, const struct vault_charge *c, bool remote) {
    uint64_t sum = 0;
    for (int i = 0; i < VAULT_PLACES; i++)
        if (v->limits.remote[i] == remote) sum += c->bytes[i];
    return sum;
}

int
vault_quota_hold(struct vault *v, const struct vault_charge *c) {
    uint64_t kept = sum_charge(v, c, false), sent = sum_charge(v, c, true);
    int err = 0;

    /* First hold, then check: concurrent callers see the bytes of each other. */
    atomic_fetch_add(&v->quota_held, kept);
    if (kept > 0) err = check_quota(v, 0);

    if (err == 0 && sent > 0 && v->limits.daily != NULL)
        err = daily_take(v->limits.daily, sent, clock_now(&v->clock));
    if (err != 0) atomic_fetch_sub(&v->quota_held, kept);
    return err;
}

void
vault_quota_release(struct vault *v, const struct vault_charge *c, bool stored) {
    uint64_t sent = sum_charge(v, c, true);
    atomic_fetch_sub(&v->quota_held, sum_charge(v, c, false));
    if (!stored && sent > 0 && v->limits.daily != NULL)
        daily_return(v->limits.daily, sent, clock_now(&v->clock));
}

bool
vault_has_later(const struct vault *v) {
    return v->store->ops->create_later != NULL;
}

bool
vault_abandon(struct vault *v, struct store_later *l) {
    return v->store->ops->abandon(v->store, l);
}

int
vault_ping(struct vault *v) {
    int err = vault_counted(v, v->store->ops->ping(v->store));
    return err != 0 ? err : vault_counted(v, v->blobs->ops->ping(v->blobs));
}

bool
vault_stuck(struct vault *v) {
    const struct store_ops *store = v->store->ops;
    const struct blobs_ops *blobs = v->blobs->ops;
    return (store->stuck != NULL && store->stuck(v->store)) ||
           (blobs->stuck != NULL && blobs->stuck(v->blobs));
}
