/* SPDX-License-Identifier: MIT */
/* Create, open, end and describe sealed secrets.  sealed_parts.c handles their parts. */
#include "vault/sealed.h"

#include "base/err.h"
#include "base/size.h"
#include "vault/internal.h"

static void
fill_sealed_record(struct vault *v, const struct vault_sealed_new *in, const char *owner_token,
                   struct record *r) {
    r->kind = RECORD_SEALED;
    r->phase = PHASE_OPEN;
    r->content = CONTENT_INLINE;
    r->rev = RECORD_REV_FIRST;
    r->created_at = vault_now(v);
    r->expires_at = r->created_at + in->ttl;
    r->views = r->views_left = in->views;
    r->attempts = r->attempts_left = in->attempts;
    r->passphrase = in->passphrase;
    r->size = in->size;
    if (in->by != NULL) r->creator = *in->by;
    if (in->wrap != NULL) r->wrap_len = (uint32_t)in->wrap->len;
    memcpy(r->verifier, in->verifier, sizeof(r->verifier));
    memcpy(r->header, in->header, sizeof(r->header));
    if (in->gate_verifier != NULL) {
        r->has_gate = true;
        memcpy(r->gate_verifier, in->gate_verifier, sizeof(r->gate_verifier));
    }
    token_hash(owner_token, strlen(owner_token), r->owner_hash);

    /* An answer cannot be opened before its request has counted it. */
    if (in->request != NULL) {
        r->request = *in->request;
        r->phase = PHASE_UPLOADING;
    }
    if (in->content != NULL) return;

    /* Parts follow. */
    r->phase = PHASE_UPLOADING;
    r->content = CONTENT_BLOBS;
    r->part_size = v->limits.part_size;
    token_mint_blob(&v->random, r->blob);
}

int
vault_store_sealed(struct vault *v, const struct record *r, const struct buf *content,
                   const struct buf *wrap, char id[static TOKEN_SEALED_ID_LEN + 1]) {
    int created = 0;
    for (int i = 0; i < VAULT_ID_TRIES && created == 0; i++) {
        struct store_ref ref = {0};
        token_mint_sealed_id(&v->random, id);
        v->store->ops->ref(v->store, id, &ref);
        created = v->store->ops->create(v->store, &ref, r, content, wrap);
    }

    /* That many collisions mean that the store or the random numbers are broken. */
    if (created == 0) created = ERR_STORE;
    return vault_counted(v, created);
}

struct vault_charge
vault_sealed_charge(const struct vault_sealed_new *in) {
    enum record_content content = CONTENT_BLOBS;
    size_t wrap_len = 0;
    if (in->content != NULL) content = CONTENT_INLINE;
    if (in->wrap != NULL) wrap_len = in->wrap->len;
    if (in->request != NULL) wrap_len = RECORD_ANSWER_WRAP_MAX; /* it comes with the complete */
    return vault_charge(in->views, content, in->size, wrap_len);
}

/*
 * Hold what the create of ${in} counts for, and fill its record ${r}.  Returns 0, and then
 * settle_create() is to be called; or a negative code.
 */
static int
prepare_create(struct vault *v, const struct vault_sealed_new *in, struct vault_sealed_creation *c,
               struct record *r) {
    *c = (struct vault_sealed_creation){0};
    *r = (struct record){0};
    if (in->content != NULL && in->content->len > v->store->inline_max) return ERR_TOO_LARGE;

    /* Each part is held when it arrives, but a size that can never fit is refused here. */
    c->held = vault_sealed_charge(in);
    uint64_t later = c->held.bytes[VAULT_BLOBS];
    c->held.bytes[VAULT_BLOBS] = 0;
    int err = vault_quota_hold(v, &c->held);
    if (err != 0) return err;
    err = vault_has_room(v, VAULT_BLOBS, later);
    if (err != 0) {
        vault_quota_release(v, &c->held, false);
        return err;
    }

    token_mint(&v->random, c->out.owner_token);
    fill_sealed_record(v, in, c->out.owner_token, r);
    c->out.expires_at = r->expires_at;
    c->out.part_size = r->part_size;
    return 0;
}

/* The store returned ${result} for ${c}: give back what is not stored, and fill ${out}.  Returns
 * ${result}. */
static int
settle_create(struct vault *v, struct vault_sealed_creation *c, int result,
              struct vault_sealed_created *out) {
    vault_quota_release(v, &c->held, vault_stored(result));
    if (result == 1) *out = c->out;
    explicit_bzero(&c->out, sizeof(c->out));
    return result;
}

int
vault_sealed_create(struct vault *v, const struct vault_sealed_new *in,
                    struct vault_sealed_created *out) {
    struct vault_sealed_creation c;
    struct record r;
    *out = (struct vault_sealed_created){0};
    int result = prepare_create(v, in, &c, &r);
    if (result != 0) return result;

    result = vault_store_sealed(v, &r, in->content, in->wrap, c.out.id);
    record_clear(&r);
    return settle_create(v, &c, result, out);
}

int
vault_sealed_begin_create(struct vault *v, const struct vault_sealed_new *in,
                          struct vault_sealed_creation *c, struct store_later *l) {
    struct vault_sealed_created none;
    struct store_ref ref = {0};
    struct record r;
    int err = prepare_create(v, in, c, &r);
    if (err != 0) return err;

    token_mint_sealed_id(&v->random, c->out.id);
    v->store->ops->ref(v->store, c->out.id, &ref);
    err = v->store->ops->create_later(v->store, &ref, &r, in->content, in->wrap, l);
    record_clear(&r);
    return err == 0 ? 0 : settle_create(v, c, vault_counted(v, err), &none);
}

int
vault_sealed_end_create(struct vault *v, struct vault_sealed_creation *c, struct store_later *l,
                        struct vault_sealed_created *out) {
    *out = (struct vault_sealed_created){0};
    return settle_create(v, c, vault_counted(v, v->store->ops->created(v->store, l)), out);
}

int
vault_sealed_info(struct vault *v, const char *id, enum verdict *verdict, struct record *out) {
    *verdict = VERDICT_ABSENT;
    int found = vault_load(v, id, out, NULL);
    if (found < 0) return found;
    if (found == 0) return 1;

    int64_t now = vault_now(v);
    if (out->kind == RECORD_SEALED && policy_visible(out, now)) *verdict = VERDICT_OK;
    else if (out->kind == RECORD_SEALED && policy_uploading(out, now)) *verdict = VERDICT_UPLOADING;
    if (*verdict != VERDICT_OK) record_clear(out);
    return 1;
}

int
vault_sealed_wrap(struct vault *v, const char *id, const uint8_t gate[static VAULT_PROOF_LEN],
                  enum verdict *verdict, struct buf *wrap) {
    struct store_ref ref = {0};
    struct record r;
    uint8_t hash[TOKEN_HASH_LEN];
    v->store->ops->ref(v->store, id, &ref);
    token_hash(gate, VAULT_PROOF_LEN, hash);

    *verdict = VERDICT_ABSENT;
    int found = vault_counted(v, v->store->ops->load_wrap(v->store, &ref, &r, wrap));
    if (found == 1) *verdict = policy_wrap(&r, hash, vault_now(v));
    record_clear(&r);
    if (*verdict != VERDICT_OK) buf_reset(wrap);
    return found < 0 ? found : 1;
}

void
vault_sealed_ref(struct vault *v, const char *id, struct store_ref *out) {
    *out = (struct store_ref){0};
    v->store->ops->ref(v->store, id, out);
}

int
vault_sealed_uploading(struct vault *v, const struct store_ref *ref) {
    struct record r;
    int found = vault_counted(v, v->store->ops->load(v->store, ref, &r, NULL));
    if (found != 1) return found;

    found = r.kind == RECORD_SEALED && policy_uploading(&r, vault_now(v));
    record_clear(&r);
    return found;
}

/*
 * Read record and content consistently and try the open on them.  Most opens that fail need no
 * write, and the content is in memory before the claim.  Returns 1 if out->verdict is final; 0 if
 * the claim decides; or a negative code.
 */
static int
read_for_open(struct vault *v, const char *id, const struct change *c,
              const struct vault_sealed_opening *in, struct vault_sealed_opened *out) {
    struct record r = {0};
    struct effect effect;
    int found = vault_load(v, id, &r, &out->content);
    int result = found;
    if (found == 1) result = policy_apply(&r, c, &effect);
    if (result < 0) goto out;

    out->verdict = found == 1 ? effect.verdict : VERDICT_ABSENT;
    switch (out->verdict) {
    case VERDICT_OK:
    case VERDICT_REPEAT:
        out->has_content = r.content == CONTENT_INLINE;
        result = 0;
        if (out->has_content && out->content.len > in->content_max) result = ERR_TOO_LARGE;
        else if (in->reserve != NULL) result = in->reserve(in->ctx, out->content.len);
        break;
    /* A wrong proof that counts is decided by the write that counts it. */
    case VERDICT_WRONG_PROOF: result = r.attempts == 0; break;
    default: result = 1; break;
    }
out:
    record_clear(&r);
    return result;
}

/* Fill ${out} with what the conditional write of an open has decided. */
static void
fill_opened(int found, const struct effect *effect, const struct record *after,
            struct vault_sealed_opened *out) {
    out->verdict = found == 1 ? effect->verdict : VERDICT_ABSENT;
    out->views_left = after->views_left;
    if (after->attempts > 0) out->attempts_left = after->attempts_left;
    if (out->verdict == VERDICT_OK || out->verdict == VERDICT_REPEAT)
        out->lease_expires_at = policy_lease_expires(after, &after->leases[effect->lease]);
}

/* Apply the conditional write that decides.  Returns 1 with out->verdict, or a negative code. */
static int
claim_sealed_view(struct vault *v, const char *id, const struct change *c,
                  struct vault_sealed_opened *out) {
    struct effect effect;
    struct record after = {0};
    int found = vault_change(v, id, c, &effect, &after);
    if (found >= 0) fill_opened(found, &effect, &after, out);
    record_clear(&after);
    return found < 0 ? found : 1;
}

/* Fill ${c} with the open of ${id} that ${in} asks for. */
static void
prepare_open(struct vault *v, const char *id, const struct vault_sealed_opening *in,
             struct vault_sealed_claim *c) {
    struct change *change = &c->change;
    *c = (struct vault_sealed_claim){.change = {.kind = CHANGE_OPEN, .now = vault_now(v)}};
    v->store->ops->ref(v->store, id, &c->ref);
    c->content_max = size_min(in->unreserved_max, in->content_max);
    c->content_max = size_min(c->content_max, (size_t)v->store->inline_max);

    token_hash(in->access, VAULT_PROOF_LEN, change->proof);
    change->has_gate = in->gate != NULL;
    if (change->has_gate) token_hash(in->gate, VAULT_PROOF_LEN, change->gate);
    if (in->by != NULL) change->by = *in->by;
    token_hash(in->lease, strlen(in->lease), change->hash);
}

/* What store_ops.opened returns. */
struct claimed {
    int found;
    struct effect effect;
    struct record after;
    struct buf content;
};

/* Take the outcome ${s} of ${c} into ${out} and clear it.  Returns 1 if out->verdict is final; 0 if
 * nothing has happened, and it takes two steps; or a negative code. */
static int
settle_claimed(struct vault *v, const struct vault_sealed_claim *c, struct claimed *s,
               struct vault_sealed_opened *out) {
    int found = vault_changed(v, &c->ref, &c->change, s->found, &s->effect, &s->after);
    if (found >= 0) {
        fill_opened(found, &s->effect, &s->after, out);
        out->has_content = s->content.len > 0;
        buf_move(&out->content, &s->content);
    }
    record_clear(&s->after);
    buf_free(&s->content);
    if (found == ERR_TOO_LARGE) return 0;
    return found < 0 ? found : 1;
}

static void
empty_opened(const struct vault *v, struct vault_sealed_opened *out) {
    *out = (struct vault_sealed_opened){.attempts_left = -1,
                                        .content = BUF_INIT((size_t)v->store->inline_max)};
}

/* The open ${c} came to ${result}: wipe it, and what ${out} has unless it is a view.  Returns
 * ${result}. */
static int
settle_open(struct vault_sealed_claim *c, int result, struct vault_sealed_opened *out) {
    explicit_bzero(c, sizeof(*c));
    if (result == 1 && (out->verdict == VERDICT_OK || out->verdict == VERDICT_REPEAT)) return 1;

    out->has_content = false;
    buf_free(&out->content);
    if (result < 0) vault_sealed_opened_clear(out);
    return result;
}

int
vault_sealed_open(struct vault *v, const char *id, const struct vault_sealed_opening *in,
                  struct vault_sealed_opened *out) {
    struct vault_sealed_claim c;
    prepare_open(v, id, in, &c);
    empty_opened(v, out);

    /* The order is a promise: content is read before the claim, and nothing is delivered before the
     * claim is durable. */
    int result = read_for_open(v, id, &c.change, in, out);
    if (result == 0) result = claim_sealed_view(v, id, &c.change, out);
    return settle_open(&c, result, out);
}

int
vault_sealed_begin_open(struct vault *v, const char *id, const struct vault_sealed_opening *in,
                        struct vault_sealed_claim *c, struct store_later *l) {
    prepare_open(v, id, in, c);
    int err = v->store->ops->open_later(v->store, &c->ref, &c->change, c->content_max, l);
    if (err != 0) explicit_bzero(c, sizeof(*c));
    return vault_counted(v, err);
}

int
vault_sealed_end_open(struct vault *v, struct vault_sealed_claim *c, struct store_later *l,
                      struct vault_sealed_opened *out) {
    struct claimed s = {.content = BUF_INIT(c->content_max)};
    empty_opened(v, out);
    s.found = v->store->ops->opened(v->store, l, &s.effect, &s.after, &s.content);
    return settle_open(c, settle_claimed(v, c, &s, out), out);
}

void
vault_sealed_opened_clear(struct vault_sealed_opened *o) {
    if (o == NULL) return;
    buf_free(&o->content);
    explicit_bzero(o, sizeof(*o));
}

int
vault_sealed_confirm(struct vault *v, const char *id, const char *lease, const struct actor *by,
                     enum verdict *verdict) {
    return vault_change_by_token(v, id, lease, CHANGE_CONFIRM, 0, by, verdict);
}

int
vault_sealed_burn(struct vault *v, const char *id, const char *token, const struct actor *by,
                  enum verdict *verdict) {
    return vault_change_by_token(v, id, token, CHANGE_BURN, 0, by, verdict);
}

int
vault_sealed_receipt(struct vault *v, const char *id, const char *owner_token, struct record *out) {
    int found = vault_load_owned(v, id, owner_token, out);
    if (found != 1) return found;
    if (policy_receipt_kept(out, vault_now(v))) return 1;
    record_clear(out);
    return 0;
}
