/* SPDX-License-Identifier: MIT */
/* The effect of each change on a record. */
#include "vault/policy.h"

/* Count a change of ${r}: the first one increments its revision. */
static void
mark_written(struct record *r, struct effect *out) {
    if (!out->write) r->rev++;
    out->write = true;
}

/* Have the store delete ${r}. */
static void
drop_record(struct record *r, struct effect *out) {
    r->content = CONTENT_NONE;
    out->write = false;
    out->drop_content = false;
    out->drop_record = true;
}

/* Erase the description of the request ${r}, which has ended.  Its answers are to be burnt. */
static void
release_description(struct record *r, struct effect *out) {
    if (r->content != CONTENT_INLINE) return;
    r->content = CONTENT_NONE;
    if (r->phase == PHASE_BURNT && r->answer_count > 0) r->content = CONTENT_DOOMED;
    out->drop_content = true;
    mark_written(r, out);
}

/* Release the content of ${r} if it can no longer be read. */
static void
release_content(struct record *r, int64_t now, struct effect *out) {
    if (policy_readable(r, now)) return;

    if (r->kind == RECORD_REQUEST) {
        release_description(r, out);
    } else if (r->content == CONTENT_BLOBS) {
        out->drop_content = record_has_wrap(r);
        r->content = CONTENT_DOOMED;
        mark_written(r, out);
    } else if (r->content == CONTENT_INLINE) {
        r->content = CONTENT_NONE;
        out->drop_content = true;
        mark_written(r, out);
        /* A classic record has no receipt to keep. */
        if (record_is_classic(r)) drop_record(r, out);
    }
}

/* Record the end of the leases of ${r} that have lapsed.  A ${burn} also ends those still live. */
static void
end_leases(struct record *r, int64_t now, bool burn, struct effect *out) {
    for (size_t i = 0; i < r->lease_count; i++) {
        struct lease *l = &r->leases[i];
        int64_t at = 0;
        if (l->end != LEASE_LIVE) continue;

        enum lease_end end = policy_lease_end(r, l, now, &at);
        if (end == LEASE_LIVE) {
            if (!burn) continue;
            end = LEASE_BURNT;
            at = now;
        }

        l->end = end;
        l->ended_at = at;
        out->all_leases = true;
        mark_written(r, out);
    }
}

/* Record a fetch under ${l} at ${now}, unless that extends the lease by too little. */
static void
record_fetch(struct record *r, struct lease *l, int64_t now, struct effect *out) {
    struct lease renewed = *l;
    int64_t least = POLICY_RENEW_GAIN_INLINE;
    if (r->part_size > 0) least = POLICY_RENEW_GAIN_PARTS;

    renewed.renewed_at = now;
    if (policy_lease_expires(r, &renewed) - policy_lease_expires(r, l) < least) return;
    *l = renewed;
    mark_written(r, out);
}

static bool
is_owner(const struct record *r, const struct change *c) {
    return r->kind == RECORD_SEALED && token_hash_equal(r->owner_hash, c->hash);
}

static enum verdict
claim_classic(struct record *r, const struct change *c, struct effect *out) {
    if (!record_is_classic(r) || !policy_can_claim(r, c->now)) return VERDICT_ABSENT;
    r->views_left--;
    out->claimed = true;
    mark_written(r, out);
    release_content(r, c->now, out);
    return VERDICT_OK;
}

static enum verdict
count_wrong_proof(struct record *r, const struct change *c, struct effect *out) {
    if (r->attempts == 0) return VERDICT_WRONG_PROOF;

    r->attempts_left--;
    mark_written(r, out);
    if (r->attempts_left == 0) {
        r->phase = PHASE_LOCKED;
        r->ended_at = c->now;
        release_content(r, c->now, out); /* unless a lease is live */
    }
    return VERDICT_WRONG_PROOF;
}

/* Add a lease to ${r}, which takes a view. */
static int
take_view(struct record *r, const struct change *c, struct effect *out) {
    struct lease *l = record_add_lease(r);
    if (l == NULL) return ERR_NOMEM;

    memcpy(l->hash, c->hash, sizeof(l->hash));
    l->opened_at = l->renewed_at = c->now;
    r->views_left--;

    out->verdict = VERDICT_OK;
    out->claimed = out->lease_is_new = true;
    out->lease = (int)(l - r->leases);
    mark_written(r, out);
    return 0;
}

/* Whether the gate that was sent is right, or ${r} has none. */
static bool
passes_gate(const struct record *r, const struct change *c) {
    if (!r->has_gate) return true;
    return c->has_gate && token_hash_equal(r->gate_verifier, c->gate);
}

enum verdict
policy_wrap(const struct record *r, const uint8_t gate[static TOKEN_HASH_LEN], int64_t now) {
    if (r->kind != RECORD_SEALED || !r->has_gate || r->wrap_len == 0) return VERDICT_ABSENT;
    if (policy_uploading(r, now)) return VERDICT_UPLOADING;
    if (!policy_visible(r, now) || !record_has_wrap(r)) return VERDICT_ABSENT;
    return token_hash_equal(r->gate_verifier, gate) ? VERDICT_OK : VERDICT_WRONG_KEY;
}

/* The order of these checks is a promise: docs/DESIGN.md, "Order of open". */
static int
open_sealed(struct record *r, const struct change *c, struct effect *out) {
    out->verdict = VERDICT_ABSENT;
    if (r->kind != RECORD_SEALED || c->now >= r->expires_at) return 0;
    if (policy_uploading(r, c->now)) out->verdict = VERDICT_UPLOADING;
    if (r->phase != PHASE_OPEN && r->phase != PHASE_LOCKED) return 0;

    /* The lease comes first: a view whose response was lost is given again, even if the secret was
     * used up or locked meanwhile. */
    bool proven = token_hash_equal(r->verifier, c->proof), gate_passed = passes_gate(r, c);
    struct lease *l = record_find_lease(r, c->hash);
    if (l != NULL && !policy_lease_live(r, l, c->now)) {
        out->verdict = VERDICT_LEASE_ENDED;
        return 0;
    }
    if (l != NULL && gate_passed && proven) {
        out->verdict = VERDICT_REPEAT;
        out->lease = (int)(l - r->leases);
        record_fetch(r, l, c->now, out);
        return 0;
    }

    if (r->phase == PHASE_LOCKED || r->views_left == 0) return 0;

    /* Without the link key nobody can use up attempts. */
    if (!gate_passed) {
        out->verdict = VERDICT_WRONG_KEY;
        return 0;
    }
    if (proven) return take_view(r, c, out);
    out->verdict = count_wrong_proof(r, c, out);
    return 0;
}

static enum verdict
apply_fetch(struct record *r, const struct change *c, struct effect *out) {
    struct lease *l = record_find_lease(r, c->hash);
    if (l == NULL || !policy_lease_live(r, l, c->now)) return VERDICT_ABSENT;
    out->lease = (int)(l - r->leases);
    record_fetch(r, l, c->now, out);
    return VERDICT_OK;
}

static enum verdict
apply_confirm(struct record *r, const struct change *c, struct effect *out) {
    struct lease *l = record_find_lease(r, c->hash);
    if (l == NULL || c->now >= r->expires_at) return VERDICT_ABSENT;

    /* Idempotent: a lease that has ended stays as it is. */
    out->lease = (int)(l - r->leases);
    if (policy_lease_live(r, l, c->now)) {
        l->end = LEASE_CONFIRMED;
        l->ended_at = c->now;
        out->confirmed = true;
        mark_written(r, out);
    }
    release_content(r, c->now, out);
    return VERDICT_OK;
}

/* ${r}, which was readable or unfinished, is burnt at ${now}. */
static void
burn_record(struct record *r, enum record_burnt_by by, int64_t now, struct effect *out) {
    r->phase = PHASE_BURNT;
    r->ended_at = now;
    r->burnt_by = by;
    mark_written(r, out);
    release_content(r, now, out);
}

/* End the request ${r} by its owner.  What has ended stays as it ended. */
static enum verdict
end_asking(struct record *r, const struct change *c, struct effect *out) {
    bool owner = token_hash_equal(r->owner_hash, c->hash);
    if (!owner || c->now >= policy_request_ends(r)) return VERDICT_ABSENT;
    if (r->phase == PHASE_BURNT) return VERDICT_OK;

    burn_record(r, BURNT_BY_OWNER, c->now, out);
    return VERDICT_OK;
}

static enum verdict
apply_burn(struct record *r, const struct change *c, struct effect *out) {
    if (r->kind == RECORD_REQUEST) return end_asking(r, c, out);
    bool owner = is_owner(r, c);
    if (c->now >= r->expires_at || (!owner && record_find_lease(r, c->hash) == NULL))
        return VERDICT_ABSENT;

    if (!policy_readable(r, c->now)) {
        release_content(r, c->now, out);
        return VERDICT_OK;
    }

    /* Live leases end at once. */
    end_leases(r, c->now, true, out);
    burn_record(r, owner ? BURNT_BY_OWNER : BURNT_BY_OPENER, c->now, out);
    return VERDICT_OK;
}

/* A record whose content nobody can read any more has ended already, and stays as it ended. */
static enum verdict
apply_remove(struct record *r, const struct change *c, struct effect *out) {
    bool removed = r->phase == PHASE_BURNT && r->burnt_by == BURNT_BY_OPERATOR;
    if (!policy_readable(r, c->now)) {
        release_content(r, c->now, out);
        return removed ? VERDICT_OK : VERDICT_ABSENT;
    }

    end_leases(r, c->now, true, out);
    /* A classic record in the layout of pysecrets has no phase: its views tell. */
    if (record_is_classic(r)) r->views_left = 0;
    burn_record(r, BURNT_BY_OPERATOR, c->now, out);
    return VERDICT_OK;
}

static enum verdict
apply_part(struct record *r, const struct change *c, struct effect *out) {
    if (!is_owner(r, c) || c->now >= r->expires_at) return VERDICT_ABSENT;
    if (r->phase == PHASE_OPEN) return VERDICT_CONFLICT;
    if (!policy_uploading(r, c->now) || c->part >= record_part_count(r)) return VERDICT_ABSENT;

    if (c->part_is_new) {
        r->parts_stored++;
        r->part_at = c->now;
        mark_written(r, out);
    }
    return VERDICT_OK;
}

/* Exactly answers have a wrap that comes last.  The first wrap stays. */
static enum verdict
apply_complete(struct record *r, const struct change *c, struct effect *out) {
    if (!is_owner(r, c) || c->now >= r->expires_at) return VERDICT_ABSENT;
    if (r->phase == PHASE_OPEN) return VERDICT_OK;
    if (!policy_uploading(r, c->now)) return VERDICT_ABSENT;
    if (r->parts_stored < record_part_count(r)) return VERDICT_INCOMPLETE;
    if (record_is_answer(r) != (c->wrap != NULL)) return VERDICT_CONFLICT;

    r->phase = PHASE_OPEN;
    if (c->wrap != NULL) {
        r->wrap_len = (uint32_t)c->wrap->len;
        out->put_wrap = true;
    }
    mark_written(r, out);
    return VERDICT_OK;
}

/* Idempotent: an answer that is counted stays so, even when the request has become full or has
 * expired.  A request that has ended takes none, since it burns what it counted. */
static int
apply_answer(struct record *r, const struct change *c, struct effect *out) {
    const struct record_answer answer = {.ref = c->answer, .at = c->now};
    if (r->kind != RECORD_REQUEST || r->phase != PHASE_OPEN) return 0;

    out->verdict = VERDICT_OK;
    if (record_has_answer(r, &c->answer)) return 0;
    out->verdict = VERDICT_ABSENT;
    if (c->now >= r->expires_at) return 0;
    out->verdict = VERDICT_FULL;
    if (r->views_left == 0) return 0;

    int err = record_add_answer(r, &answer);
    if (err != 0) return err;
    r->views_left--;
    out->verdict = VERDICT_OK;
    out->answered = true;
    mark_written(r, out);
    return 0;
}

/* What was opened stays: its opener has it. */
static enum verdict
apply_discard(struct record *r, const struct change *c, struct effect *out) {
    if (!record_is_answer(r)) return VERDICT_ABSENT;
    bool unopened = r->phase == PHASE_UPLOADING || policy_can_claim(r, c->now);
    if (!unopened) return VERDICT_OK;

    burn_record(r, BURNT_BY_OPENER, c->now, out);
    return VERDICT_OK;
}

static enum verdict
apply_lapse(struct record *r, const struct change *c, struct effect *out) {
    end_leases(r, c->now, false, out);
    release_content(r, c->now, out);
    /* Blobs are erased before the record that names them. */
    if (r->content == CONTENT_NONE && !policy_receipt_kept(r, c->now)) drop_record(r, out);
    return VERDICT_OK;
}

static enum verdict
apply_erased(struct record *r, struct effect *out) {
    if (r->content != CONTENT_DOOMED) return VERDICT_OK;
    r->content = CONTENT_NONE;
    explicit_bzero(r->blob, sizeof(r->blob));
    mark_written(r, out);
    if (record_is_classic(r)) drop_record(r, out);
    return VERDICT_OK;
}

int
policy_apply(struct record *r, const struct change *c, struct effect *out) {
    *out = (struct effect){.verdict = VERDICT_ABSENT, .lease = -1};
    switch (c->kind) {
    case CHANGE_CLAIM_CLASSIC: out->verdict = claim_classic(r, c, out); break;
    case CHANGE_OPEN: return open_sealed(r, c, out);
    case CHANGE_FETCH: out->verdict = apply_fetch(r, c, out); break;
    case CHANGE_CONFIRM: out->verdict = apply_confirm(r, c, out); break;
    case CHANGE_BURN: out->verdict = apply_burn(r, c, out); break;
    case CHANGE_PART: out->verdict = apply_part(r, c, out); break;
    case CHANGE_COMPLETE: out->verdict = apply_complete(r, c, out); break;
    case CHANGE_ANSWER: return apply_answer(r, c, out);
    case CHANGE_DISCARD: out->verdict = apply_discard(r, c, out); break;
    case CHANGE_REMOVE: out->verdict = apply_remove(r, c, out); break;
    case CHANGE_LAPSE: out->verdict = apply_lapse(r, c, out); break;
    case CHANGE_ERASED: out->verdict = apply_erased(r, out); break;
    }
    return 0;
}
