/* SPDX-License-Identifier: MIT */
#include "vault/request/request.h"

#include "base/err.h"
#include "vault/internal.h"

static void
fill_request_record(struct vault *v, const struct vault_request_new *in, struct record *r) {
    r->kind = RECORD_REQUEST;
    r->phase = PHASE_OPEN;
    r->content = CONTENT_INLINE;
    r->rev = RECORD_REV_FIRST;
    r->created_at = vault_now(v);
    r->expires_at = r->created_at + in->ttl;
    r->views = r->views_left = in->answers;
    r->size = in->description->len;
    r->answer_ttl = in->answer_ttl;
    r->answer_size = in->answer_size;
    if (in->by != NULL) r->creator = *in->by;

    /* The link key of the answerers' link proves itself by the gate, and the asker by a token. */
    memcpy(r->owner_hash, in->owner_hash, sizeof(r->owner_hash));
    memcpy(r->header, in->header, sizeof(r->header));
    r->has_gate = true;
    memcpy(r->gate_verifier, in->gate_verifier, sizeof(r->gate_verifier));
}

struct vault_charge
vault_request_charge(const struct vault_request_new *in) {
    return vault_charge(in->answers, CONTENT_INLINE, in->description->len, 0);
}

int
vault_request_create(struct vault *v, const struct vault_request_new *in,
                     struct vault_request_created *out) {
    struct record r = {0};
    struct vault_charge charge = vault_request_charge(in);
    *out = (struct vault_request_created){0};
    if (in->description->len > v->store->inline_max) return ERR_TOO_LARGE;

    int result = vault_quota_hold(v, &charge);
    if (result != 0) return result;
    fill_request_record(v, in, &r);
    result = vault_store_sealed(v, &r, in->description, NULL, out->id);
    out->expires_at = r.expires_at;

    vault_quota_release(v, &charge, vault_stored(result));
    record_clear(&r);
    if (result != 1) explicit_bzero(out, sizeof(*out));
    return result;
}

int
vault_request_info(struct vault *v, const char *id, enum verdict *verdict, struct record *out,
                   struct buf *description) {
    *verdict = VERDICT_ABSENT;
    int found = vault_load(v, id, out, description);
    if (found < 0) return found;

    bool takes = found == 1 && out->kind == RECORD_REQUEST && policy_can_claim(out, vault_now(v));
    if (takes) *verdict = VERDICT_OK;
    else record_clear(out);
    if (!takes && description != NULL) buf_reset(description);
    return 1;
}

int
vault_request_admit(struct vault *v, const char *id, const uint8_t *gate, enum verdict *verdict,
                    struct vault_request_admitted *out) {
    struct record r = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    *out = (struct vault_request_admitted){0};

    /* The gate proves the link key of the request. */
    int result = vault_request_info(v, id, verdict, &r, NULL);
    if (result != 1 || *verdict != VERDICT_OK) goto out;
    token_hash(gate, VAULT_PROOF_LEN, hash);
    if (!token_hash_equal(r.gate_verifier, hash)) {
        *verdict = VERDICT_WRONG_KEY;
        goto out;
    }

    v->store->ops->ref(v->store, id, &out->ref);
    out->answer_ttl = r.answer_ttl;
    out->answer_size = r.answer_size;
out:
    record_clear(&r);
    return result;
}

int
vault_request_load(struct vault *v, const char *id, const char *owner_token, struct record *out,
                   struct buf *description) {
    uint8_t hash[TOKEN_HASH_LEN];
    int found = vault_load(v, id, out, description);
    if (found != 1) return found;

    token_hash(owner_token, strlen(owner_token), hash);
    if (out->kind == RECORD_REQUEST && token_hash_equal(out->owner_hash, hash) &&
        policy_receipt_kept(out, vault_now(v)))
        return 1;

    record_clear(out);
    if (description != NULL) buf_reset(description);
    return 0;
}

int
vault_request_answer(struct vault *v, const struct record *r, size_t i, struct record *out,
                     struct buf *wrap) {
    const struct store_ops *ops = v->store->ops;
    int found = vault_counted(v, ops->load_wrap(v->store, &r->answers[i].ref, out, wrap));
    if (found != 1) return found;
    if (record_is_answer(out) && out->phase != PHASE_UPLOADING) return 1;

    record_clear(out);
    buf_reset(wrap);
    return 0;
}

int
vault_request_end(struct vault *v, const char *id, const char *owner_token, const struct actor *by,
                  enum verdict *verdict) {
    struct change c = {.kind = CHANGE_BURN, .now = vault_now(v)};
    struct record r = {0};
    struct effect effect;
    *verdict = VERDICT_ABSENT;

    /* The id of a secret is none of a request. */
    int found = vault_request_load(v, id, owner_token, &r, NULL);
    record_clear(&r);
    if (found != 1) return found < 0 ? found : 1;

    if (by != NULL) c.by = *by;
    token_hash(owner_token, strlen(owner_token), c.hash);
    found = vault_change(v, id, &c, &effect, &r);
    if (found == 1) *verdict = effect.verdict;
    record_clear(&r);
    return found < 0 ? found : 1;
}
