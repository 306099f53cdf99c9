/* SPDX-License-Identifier: MIT */
/* What each change does to a record. */
#include "vault/policy.h"

/* The record changed. */
static void
touch(struct record *r, struct effect *out) {
    if (!out->write) r->rev++;
    out->write = true;
}

static void
forget(struct record *r, struct effect *out) {
    r->content = CONTENT_NONE;
    out->write = false;
    out->drop_content = false;
    out->drop_record = true;
}

/* The content of ${r} goes if nobody may read it any more. */
static void
release_content(struct record *r, int64_t now, struct effect *out) {
    if (policy_readable(r, now)) return;
    if (r->content == CONTENT_BLOBS) {
        r->content = CONTENT_DOOMED;
        touch(r, out);
    } else if (r->content == CONTENT_INLINE) {
        r->content = CONTENT_NONE;
        out->drop_content = true;
        touch(r, out);
        /* A classic record is nothing but its content. */
        if (r->kind != RECORD_SEALED) forget(r, out);
    }
}

/* End every lease that is live in ${r}'s books: by time where time did it, else by a burn. */
static void
end_leases(struct record *r, int64_t now, bool burn, struct effect *out) {
    for (size_t i = 0; i < r->lease_count; i++) {
        struct lease *l = &r->leases[i];
        int64_t at = 0;
        if (l->end != LEASE_LIVE) continue;
        enum lease_end end = policy_lease_end(r, l, now, &at);
        if (end == LEASE_LIVE && !burn) continue;
        l->end = end == LEASE_LIVE ? LEASE_BURNT : end;
        l->ended_at = end == LEASE_LIVE ? now : at;
        out->all_leases = true;
        touch(r, out);
    }
}

/* The last fetch of ${l} is now; not written down for a gain that is hardly one. */
static void
renew(struct record *r, struct lease *l, int64_t now, struct effect *out) {
    struct lease renewed = *l;
    renewed.renewed_at = now;
    int64_t least = r->part_size > 0 ? POLICY_RENEW_GAIN_PARTS : POLICY_RENEW_GAIN_INLINE;
    if (policy_lease_expires(r, &renewed) - policy_lease_expires(r, l) < least) return;
    *l = renewed;
    touch(r, out);
}

static bool
owner_fits(const struct record *r, const struct change *c) {
    return r->kind == RECORD_SEALED && token_hash_equal(r->owner_hash, c->hash);
}

static enum verdict
claim_classic(struct record *r, const struct change *c, struct effect *out) {
    if (r->kind == RECORD_SEALED || !policy_can_claim(r, c->now)) return VERDICT_ABSENT;
    r->views_left--;
    out->claimed = true;
    touch(r, out);
    release_content(r, c->now, out);
    return VERDICT_OK;
}

static enum verdict
count_wrong_proof(struct record *r, const struct change *c, struct effect *out) {
    if (r->attempts == 0) return VERDICT_WRONG_PROOF;
    r->attempts_left--;
    touch(r, out);
    if (r->attempts_left == 0) {
        r->phase = PHASE_LOCKED;
        r->ended_at = c->now;
        release_content(r, c->now, out);
    }
    return VERDICT_WRONG_PROOF;
}

static int
open_sealed(struct record *r, const struct change *c, struct effect *out) {
    out->verdict = VERDICT_ABSENT;
    if (r->kind != RECORD_SEALED || r->phase != PHASE_OPEN || c->now >= r->expires_at) return 0;
    bool proven = token_hash_equal(r->verifier, c->proof);
    struct lease *l = record_find_lease(r, c->hash);
    if (l != NULL && !policy_lease_live(r, l, c->now)) {
        out->verdict = VERDICT_LEASE_ENDED;
    } else if (l != NULL && proven) {
        out->verdict = VERDICT_REPEAT;
        out->lease = (int)(l - r->leases);
        renew(r, l, c->now, out);
    } else if (r->views_left == 0) {
        return 0;
    } else if (!proven) {
        out->verdict = count_wrong_proof(r, c, out);
    } else {
        l = record_add_lease(r);
        if (l == NULL) return ERR_NOMEM;
        memcpy(l->hash, c->hash, sizeof(l->hash));
        l->opened_at = l->renewed_at = c->now;
        r->views_left--;
        out->verdict = VERDICT_OK;
        out->claimed = out->lease_is_new = true;
        out->lease = (int)(l - r->leases);
        touch(r, out);
    }
    return 0;
}

static enum verdict
fetch(struct record *r, const struct change *c, struct effect *out) {
    struct lease *l = record_find_lease(r, c->hash);
    if (l == NULL || !policy_lease_live(r, l, c->now)) return VERDICT_ABSENT;
    out->lease = (int)(l - r->leases);
    renew(r, l, c->now, out);
    return VERDICT_OK;
}

static enum verdict
confirm(struct record *r, const struct change *c, struct effect *out) {
    struct lease *l = record_find_lease(r, c->hash);
    if (l == NULL || c->now >= r->expires_at) return VERDICT_ABSENT;
    out->lease = (int)(l - r->leases);
    if (policy_lease_live(r, l, c->now)) {
        l->end = LEASE_CONFIRMED;
        l->ended_at = c->now;
        touch(r, out);
    }
    release_content(r, c->now, out);
    return VERDICT_OK;
}

static enum verdict
burn(struct record *r, const struct change *c, struct effect *out) {
    bool owner = owner_fits(r, c);
    if (c->now >= r->expires_at || (!owner && record_find_lease(r, c->hash) == NULL))
        return VERDICT_ABSENT;
    if (!policy_readable(r, c->now)) {
        release_content(r, c->now, out);
        return VERDICT_OK;
    }
    end_leases(r, c->now, true, out);
    r->phase = PHASE_BURNT;
    r->ended_at = c->now;
    r->burnt_by_owner = owner;
    touch(r, out);
    release_content(r, c->now, out);
    return VERDICT_OK;
}

static enum verdict
count_part(struct record *r, const struct change *c, struct effect *out) {
    if (!owner_fits(r, c) || c->now >= r->expires_at) return VERDICT_ABSENT;
    if (r->phase == PHASE_OPEN) return VERDICT_CONFLICT;
    if (!policy_uploading(r, c->now) || c->part >= record_part_count(r)) return VERDICT_ABSENT;
    if (c->part_is_new) {
        r->parts_stored++;
        r->part_at = c->now;
        touch(r, out);
    }
    return VERDICT_OK;
}

static enum verdict
complete(struct record *r, const struct change *c, struct effect *out) {
    if (!owner_fits(r, c) || c->now >= r->expires_at) return VERDICT_ABSENT;
    if (r->phase == PHASE_OPEN) return VERDICT_OK;
    if (!policy_uploading(r, c->now)) return VERDICT_ABSENT;
    if (r->parts_stored < record_part_count(r)) return VERDICT_INCOMPLETE;
    r->phase = PHASE_OPEN;
    touch(r, out);
    return VERDICT_OK;
}

static enum verdict
lapse(struct record *r, const struct change *c, struct effect *out) {
    end_leases(r, c->now, false, out);
    release_content(r, c->now, out);
    /* What still lies in the blob store must be erased before its name is forgotten. */
    if (r->content == CONTENT_NONE && !policy_receipt_kept(r, c->now)) forget(r, out);
    return VERDICT_OK;
}

static enum verdict
erased(struct record *r, struct effect *out) {
    if (r->content != CONTENT_DOOMED) return VERDICT_OK;
    r->content = CONTENT_NONE;
    explicit_bzero(r->blob, sizeof(r->blob));
    touch(r, out);
    if (r->kind != RECORD_SEALED) forget(r, out);
    return VERDICT_OK;
}

int
policy_apply(struct record *r, const struct change *c, struct effect *out) {
    *out = (struct effect){.verdict = VERDICT_ABSENT, .lease = -1};
    switch (c->kind) {
    case CHANGE_CLAIM_CLASSIC: out->verdict = claim_classic(r, c, out); break;
    case CHANGE_OPEN: return open_sealed(r, c, out);
    case CHANGE_FETCH: out->verdict = fetch(r, c, out); break;
    case CHANGE_CONFIRM: out->verdict = confirm(r, c, out); break;
    case CHANGE_BURN: out->verdict = burn(r, c, out); break;
    case CHANGE_PART: out->verdict = count_part(r, c, out); break;
    case CHANGE_COMPLETE: out->verdict = complete(r, c, out); break;
    case CHANGE_LAPSE: out->verdict = lapse(r, c, out); break;
    case CHANGE_ERASED: out->verdict = erased(r, out); break;
    }
    return 0;
}
