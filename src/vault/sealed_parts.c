/* SPDX-License-Identifier: MIT */
/* Upload and download of the parts of sealed secrets. */
#include "base/err.h"
#include "vault/internal.h"
#include "vault/request/request.h"
#include "vault/sealed.h"

/* The state of the upload of ${r}: OK in progress, CONFLICT once complete, else ABSENT. */
static enum verdict
upload_verdict(struct vault *v, const struct record *r) {
    int64_t now = vault_now(v);
    if (policy_uploading(r, now)) return VERDICT_OK;
    if (r->phase == PHASE_OPEN && now < r->expires_at) return VERDICT_CONFLICT;
    return VERDICT_ABSENT;
}

int
vault_sealed_part_len(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                      uint32_t *len) {
    struct record r = {0};
    *len = 0;
    int found = vault_load_owned(v, id, owner_token, &r);
    if (found == 1 && upload_verdict(v, &r) != VERDICT_ABSENT) *len = record_part_len(&r, k);
    record_clear(&r);
    return found < 0 ? found : *len > 0;
}

/* Register part ${k}, whose bytes are durable.  If the upload has ended, erase them. */
static int
register_part(struct vault *v, const char *id, const char *owner_token, const struct record *r,
              uint32_t k, enum verdict *verdict) {
    int result = vault_change_by_token(v, id, owner_token, CHANGE_PART, k, NULL, verdict);
    if (result == 1 && *verdict == VERDICT_ABSENT)
        vault_erase_orphan(v, r->blob, record_part_count(r));
    return result;
}

/* Store the bytes of part ${k}, which count in the quota as ${c}.  Returns as blobs_ops.put(). */
static int
put_within_quota(struct vault *v, const struct record *r, uint32_t k, struct buf *data,
                 const struct vault_charge *c) {
    int err = vault_quota_hold(v, c);
    if (err != 0) return err;

    int stored = vault_put_blob(v, r->blob, k, data);
    vault_quota_release(v, c, vault_stored(stored));
    return stored;
}

/* Store the bytes of part ${k}.  Returns 1; 0 if other bytes are there; or a negative code. */
static int
put_part_bytes(struct vault *v, const struct record *r, uint32_t k, struct buf *data,
               const struct vault_sealed_payer *payer) {
    const struct vault_charge charge = {.bytes = {[VAULT_BLOBS] = data->len}};
    int64_t ttl = r->expires_at - vault_now(v);
    int err = 0;
    if (payer != NULL) err = payer->take(payer->ctx, &charge, ttl);
    if (err != 0) return err;

    int stored = put_within_quota(v, r, k, data, &charge);
    if (payer != NULL && !vault_stored(stored)) payer->give_back(payer->ctx, &charge, ttl);
    if (stored == ERR_CONFLICT) return 0;
    if (stored < 0) return stored;
    return 1;
}

int
vault_sealed_put_part(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                      struct buf *data, const struct vault_sealed_payer *payer,
                      enum verdict *verdict) {
    struct record r = {0};
    *verdict = VERDICT_ABSENT;

    int result = vault_load_owned(v, id, owner_token, &r);
    if (result != 1) goto out;
    if (k < record_part_count(&r)) *verdict = upload_verdict(v, &r);
    if (*verdict == VERDICT_OK && data->len != record_part_len(&r, k)) *verdict = VERDICT_CONFLICT;
    if (*verdict != VERDICT_OK) goto out;

    /* The order is a promise: a part counts only after its bytes are durable. */
    result = put_part_bytes(v, &r, k, data, payer);
    if (result == 0) *verdict = VERDICT_CONFLICT;
    if (result == 1) result = register_part(v, id, owner_token, &r, k, verdict);

    /* The bytes may exist without a record: the secret may have been burnt meanwhile. */
    if (result < 0 && result != ERR_FULL) atomic_store(&v->untidy, true);
out:
    record_clear(&r);
    return result < 0 ? result : 1;
}

/* Whether part 0 begins with the header given to create.  Inline content was compared then.
 * Returns 1, 0 or a negative code. */
static int
header_matches(struct vault *v, const struct record *r) {
    if (r->part_size == 0) return 1;

    struct buf part = BUF_INIT(record_part_len(r, 0));
    int found = vault_counted(v, v->blobs->ops->get(v->blobs, r->blob, 0, &part));
    if (found == 0) found = vault_counted(v, ERR_STORE); /* registered but lost */
    if (found == 1)
        found =
            part.len >= sizeof(r->header) && memcmp(part.data, r->header, sizeof(r->header)) == 0;
    buf_free(&part);
    return found;
}

/* Check the upload of ${r} and complete it.  Returns 1 with ${verdict}, or a negative code. */
static int
finish_upload(struct vault *v, const char *id, const char *owner_token, const struct record *r,
              const struct buf *wrap, const struct actor *by, enum verdict *verdict,
              uint32_t *missing) {
    *missing = record_part_count(r) - r->parts_stored;
    if (*missing > 0) {
        *verdict = VERDICT_INCOMPLETE;
        return 1;
    }

    int matches = header_matches(v, r);
    if (matches < 0) return matches;
    if (matches == 0) {
        *verdict = VERDICT_CONFLICT;
        return 1;
    }
    if (record_is_answer(r))
        return vault_request_complete(v, id, owner_token, r, wrap, by, verdict);
    return vault_change_by_token(v, id, owner_token, CHANGE_COMPLETE, 0, NULL, verdict);
}

int
vault_sealed_complete(struct vault *v, const char *id, const char *owner_token,
                      const struct buf *wrap, const struct actor *by, enum verdict *verdict,
                      uint32_t *missing) {
    struct record r = {0};
    *verdict = VERDICT_ABSENT;
    *missing = 0;

    int result = vault_load_owned(v, id, owner_token, &r);
    if (result != 1) goto out;
    if (record_is_answer(&r) != (wrap != NULL)) {
        result = ERR_INVALID;
        goto out;
    }
    *verdict = upload_verdict(v, &r);
    if (*verdict == VERDICT_CONFLICT) *verdict = VERDICT_OK; /* complete already */
    else if (*verdict == VERDICT_OK)
        result = finish_upload(v, id, owner_token, &r, wrap, by, verdict, missing);

out:
    record_clear(&r);
    return result < 0 ? result : 1;
}

/*
 * Renew ${lease} if it is live.  ${after}, which the caller clears, is the record.  Returns 1 with
 * ${verdict}, OK or ABSENT, or a negative code.
 */
static int
renew_lease(struct vault *v, const char *id, const char *lease, struct record *after,
            enum verdict *verdict) {
    struct change c = {.kind = CHANGE_FETCH, .now = vault_now(v)};
    struct effect effect;
    token_hash(lease, strlen(lease), c.hash);
    int found = vault_look_and_change(v, id, &c, &effect, after);
    *verdict = found == 1 ? effect.verdict : VERDICT_ABSENT;
    return found < 0 ? found : 1;
}

/* Read part ${k} of ${r}, of ${len} bytes.  Returns 1; 0 if it is absent; or a negative code. */
static int
get_part_bytes(struct vault *v, const struct record *r, uint32_t k, size_t len,
               const struct vault_sealed_fetch *to) {
    const struct blobs_ops *ops = v->blobs->ops;
    bool pipes = to->piped != NULL && ops->get_piped != NULL;
    if (pipes && len >= PIPED_MIN && len <= PIPED_MAX) {
        int found = ops->get_piped(v->blobs, r->blob, k, len, to->piped);
        if (found != ERR_TOO_LARGE) return vault_counted(v, found);
    }

    int found = vault_counted(v, ops->get(v->blobs, r->blob, k, to->out));
    if (found == 1 && to->out->len != len) return ERR_STORE;
    return found;
}

/* Reserve and read part ${k} of ${r}.  Returns as get_part_bytes(). */
static int
read_part(struct vault *v, const struct record *r, uint32_t k,
          const struct vault_sealed_fetch *to) {
    uint32_t len = record_part_len(r, k);
    int err = 0;
    if (to->reserve != NULL) err = to->reserve(to->ctx, len);
    if (err != 0) return err;
    return get_part_bytes(v, r, k, len, to);
}

int
vault_sealed_get_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                      const struct vault_sealed_fetch *to, enum verdict *verdict) {
    struct record r = {0};

    int result = renew_lease(v, id, lease, &r, verdict);
    if (result < 0 || *verdict != VERDICT_OK) goto out;
    if (record_part_len(&r, k) == 0) {
        *verdict = VERDICT_ABSENT;
        goto out;
    }
    result = read_part(v, &r, k, to);

    /* The part was erased meanwhile (burnt), or it is lost.  Only the record tells.  ERR_STORE may
     * mean absent, too: S3 refuses a GET of an absent object without the right to list. */
    if (result == 0 || result == ERR_STORE) {
        bool counted = result == ERR_STORE;
        record_clear(&r);
        result = renew_lease(v, id, lease, &r, verdict);
        if (result == 1 && *verdict == VERDICT_OK) {
            result = ERR_STORE;
            if (!counted) (void)vault_counted(v, result);
        }
    }

out:
    if (result < 0 || *verdict != VERDICT_OK) buf_reset(to->out);
    record_clear(&r);
    return result;
}

int
vault_sealed_peek_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                       uint32_t *len) {
    struct record r = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    const struct lease *l = NULL;
    *len = 0;

    int found = vault_load(v, id, &r, NULL);
    token_hash(lease, strlen(lease), hash);
    if (found == 1 && r.kind == RECORD_SEALED) l = record_find_lease(&r, hash);
    if (l != NULL && policy_lease_live(&r, l, vault_now(v))) *len = record_part_len(&r, k);
    record_clear(&r);
    return found < 0 ? found : *len > 0;
}
