/* SPDX-License-Identifier: MIT */
/* Parts of sealed secrets: how they come, and how they are fetched. */
#include "base/err.h"
#include "vault/internal.h"
#include "vault/sealed.h"

/* How the upload of ${r} stands: OK while it goes on, CONFLICT once complete, else ABSENT. */
static enum verdict
upload_verdict(struct vault *v, const struct record *r) {
    int64_t now = vault_now(v);
    if (policy_uploading(r, now)) return VERDICT_OK;
    return r->phase == PHASE_OPEN && now < r->expires_at ? VERDICT_CONFLICT : VERDICT_ABSENT;
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

/* Write down that part ${k} is there.  What came too late for that is erased again. */
static int
register_part(struct vault *v, const char *id, const char *owner_token, const struct record *r,
              uint32_t k, enum verdict *verdict) {
    int result = vault_change_by_token(v, id, owner_token, CHANGE_PART, k, verdict);
    if (result == 1 && *verdict == VERDICT_ABSENT)
        vault_erase_orphan(v, r->blob, record_part_count(r));
    return result;
}

/* Store the bytes.  Returns 1; 0 if others are there; or a negative code. */
static int
put_bytes(struct vault *v, const struct record *r, uint32_t k, const struct buf *data) {
    int err = vault_quota_hold(v, data->len);
    if (err != 0) return err;
    int stored = vault_counted(v, v->blobs->ops->put(v->blobs, r->blob, k, data->data, data->len));
    vault_quota_release(v, data->len);
    if (stored == ERR_CONFLICT) return 0;
    return stored < 0 ? stored : 1;
}

int
vault_sealed_put_part(struct vault *v, const char *id, const char *owner_token, uint32_t k,
                      const struct buf *data, enum verdict *verdict) {
    struct record r = {0};
    *verdict = VERDICT_ABSENT;
    int result = vault_load_owned(v, id, owner_token, &r);
    if (result != 1) goto out;
    *verdict = k < record_part_count(&r) ? upload_verdict(v, &r) : VERDICT_ABSENT;
    if (*verdict == VERDICT_OK && data->len != record_part_len(&r, k)) *verdict = VERDICT_CONFLICT;
    if (*verdict != VERDICT_OK) goto out;
    result = put_bytes(v, &r, k, data);
    if (result == 0) *verdict = VERDICT_CONFLICT;
    if (result == 1) result = register_part(v, id, owner_token, &r, k, verdict);
    /* The bytes may be there, and their record, burnt meanwhile, gone. */
    if (result < 0 && result != ERR_FULL) atomic_store(&v->untidy, true);
out:
    record_clear(&r);
    return result < 0 ? result : 1;
}

/* Whether the envelope in part 0 has the header that create named.  Returns 1, 0 or a code. */
static int
header_fits(struct vault *v, const struct record *r) {
    struct buf part = BUF_INIT(record_part_len(r, 0));
    int found = vault_counted(v, v->blobs->ops->get(v->blobs, r->blob, 0, &part));
    if (found == 0) found = vault_counted(v, ERR_STORE); /* it is registered, so it was there */
    if (found == 1) found = part.len >= sizeof(r->header) && memcmp(part.data, r->header, 32) == 0;
    buf_free(&part);
    return found;
}

int
vault_sealed_complete(struct vault *v, const char *id, const char *owner_token,
                      enum verdict *verdict, uint32_t *missing) {
    struct record r = {0};
    *verdict = VERDICT_ABSENT;
    *missing = 0;
    int result = vault_load_owned(v, id, owner_token, &r);
    if (result != 1) goto out;
    *verdict = upload_verdict(v, &r);
    if (*verdict == VERDICT_CONFLICT) *verdict = VERDICT_OK; /* complete already */
    else if (*verdict == VERDICT_OK) {
        *missing = record_part_count(&r) - r.parts_stored;
        result = *missing > 0 ? 1 : header_fits(v, &r);
        if (*missing > 0) *verdict = VERDICT_INCOMPLETE;
        else if (result == 0) *verdict = VERDICT_CONFLICT;
        else if (result == 1)
            result = vault_change_by_token(v, id, owner_token, CHANGE_COMPLETE, 0, verdict);
    }
out:
    record_clear(&r);
    return result < 0 ? result : 1;
}

/* Whether the lease is live, renewing it; ${after} is the record.  Returns 1 with ${verdict}. */
static int
renew(struct vault *v, const char *id, const char *lease, struct record *after,
      enum verdict *verdict) {
    struct change c = {.kind = CHANGE_FETCH, .now = vault_now(v)};
    struct effect effect;
    token_hash(lease, strlen(lease), c.hash);
    int found = vault_change(v, id, &c, &effect, after);
    *verdict = found == 1 ? effect.verdict : VERDICT_ABSENT;
    return found < 0 ? found : 1;
}

int
vault_sealed_get_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                      struct buf *out, enum verdict *verdict) {
    struct record r = {0};
    int result = renew(v, id, lease, &r, verdict);
    if (result < 0 || *verdict != VERDICT_OK) goto out;
    if (record_part_len(&r, k) == 0) {
        *verdict = VERDICT_ABSENT;
        goto out;
    }
    size_t before = out->len;
    result = vault_counted(v, v->blobs->ops->get(v->blobs, r.blob, k, out));
    if (result == 1 && out->len - before != record_part_len(&r, k)) result = ERR_STORE;
    if (result == 0 || result == ERR_STORE) {
        /* Burnt and erased meanwhile, or lost: S3 answers an absence with a refusal to whom it does
         * not let list the bucket. */
        bool counted = result == ERR_STORE;
        record_clear(&r);
        result = renew(v, id, lease, &r, verdict);
        if (result == 1 && *verdict == VERDICT_OK)
            result = counted ? ERR_STORE : vault_counted(v, ERR_STORE);
    }
out:
    if (result < 0 || *verdict != VERDICT_OK) buf_reset(out);
    record_clear(&r);
    return result;
}

int
vault_sealed_peek_part(struct vault *v, const char *id, const char *lease, uint32_t k,
                       uint32_t *len) {
    struct record r = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    *len = 0;
    int found = vault_load(v, id, &r, NULL);
    token_hash(lease, strlen(lease), hash);
    const struct lease *l =
        found == 1 && r.kind == RECORD_SEALED ? record_find_lease(&r, hash) : NULL;
    if (l != NULL && policy_lease_live(&r, l, vault_now(v))) *len = record_part_len(&r, k);
    record_clear(&r);
    return found < 0 ? found : *len > 0;
}
