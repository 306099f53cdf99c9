/* SPDX-License-Identifier: MIT */
/* How time affects a record: the functions of policy.h that change nothing. */
#include "vault/policy.h"

static int64_t
min64(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t
max64(int64_t a, int64_t b) {
    return a < b ? b : a;
}

int64_t
policy_lease_expires(const struct record *r, const struct lease *l) {
    int64_t idle = POLICY_LEASE_IDLE_INLINE, life = POLICY_LEASE_LIFE_INLINE;
    if (r->part_size > 0) {
        idle = POLICY_LEASE_IDLE_PARTS;
        life = POLICY_LEASE_LIFE_PARTS;
    }
    return min64(min64(l->renewed_at + idle, l->opened_at + life), r->expires_at);
}

enum lease_end
policy_lease_end(const struct record *r, const struct lease *l, int64_t now, int64_t *at) {
    int64_t expires = policy_lease_expires(r, l);
    *at = l->ended_at;
    if (l->end != LEASE_LIVE || now < expires) return l->end;
    *at = expires;
    return LEASE_LAPSED;
}

bool
policy_lease_live(const struct record *r, const struct lease *l, int64_t now) {
    return l->end == LEASE_LIVE && now < policy_lease_expires(r, l);
}

static bool
any_lease_live(const struct record *r, int64_t now) {
    for (size_t i = 0; i < r->lease_count; i++)
        if (policy_lease_live(r, &r->leases[i], now)) return true;
    return false;
}

bool
policy_can_claim(const struct record *r, int64_t now) {
    return r->phase == PHASE_OPEN && now < r->expires_at && r->views_left > 0;
}

bool
policy_visible(const struct record *r, int64_t now) {
    if (r->phase != PHASE_OPEN && r->phase != PHASE_LOCKED) return false;
    return policy_can_claim(r, now) || any_lease_live(r, now);
}

int64_t
policy_upload_ends(const struct record *r) {
    int64_t last = max64(r->part_at, r->created_at);
    return min64(min64(last + POLICY_UPLOAD_IDLE, r->created_at + POLICY_UPLOAD_LIFE),
                 r->expires_at);
}

bool
policy_uploading(const struct record *r, int64_t now) {
    return r->phase == PHASE_UPLOADING && now < policy_upload_ends(r);
}

bool
policy_receipt_kept(const struct record *r, int64_t now) {
    if (record_is_classic(r)) return false;
    if (r->kind == RECORD_REQUEST) return now < policy_request_ends(r);
    return now < r->expires_at + POLICY_RECEIPT_LIFE;
}

int64_t
policy_request_ends(const struct record *r) {
    int64_t ends = r->expires_at;
    for (size_t i = 0; i < r->answer_count; i++)
        ends = max64(ends, r->answers[i].at + r->answer_ttl);
    return ends;
}

/* The time from which the content of ${r} can no longer be read; 0 if it cannot now. */
static int64_t
unreadable_at(const struct record *r) {
    int64_t at = 0;
    if (r->phase == PHASE_BURNT) return 0;
    if (r->kind == RECORD_REQUEST) return policy_request_ends(r);
    if (r->phase == PHASE_UPLOADING) return policy_upload_ends(r);
    if (r->phase == PHASE_OPEN && r->views_left > 0) return r->expires_at;

    /* No view is left: the last live lease decides. */
    for (size_t i = 0; i < r->lease_count; i++) {
        int64_t expires = policy_lease_expires(r, &r->leases[i]);
        if (r->leases[i].end == LEASE_LIVE && expires > at) at = expires;
    }
    return at;
}

bool
policy_readable(const struct record *r, int64_t now) {
    return now < unreadable_at(r);
}

int64_t
policy_sweep_at(const struct record *r) {
    if (r->content == CONTENT_DOOMED) return 0;
    if (r->content != CONTENT_NONE) return unreadable_at(r);
    if (record_is_classic(r)) return 0;
    if (r->kind == RECORD_REQUEST) return policy_request_ends(r);
    return r->expires_at + POLICY_RECEIPT_LIFE;
}

enum receipt_state
policy_receipt_state(const struct record *r, int64_t now) {
    if (r->phase == PHASE_BURNT)
        return r->burnt_by == BURNT_BY_OPERATOR ? RECEIPT_REMOVED : RECEIPT_BURNT;
    if (r->phase == PHASE_LOCKED) return RECEIPT_LOCKED;
    if (r->phase == PHASE_UPLOADING)
        return policy_uploading(r, now) ? RECEIPT_UPLOADING : RECEIPT_EXPIRED;

    if (r->views_left == 0) return RECEIPT_USED_UP;
    if (now >= r->expires_at) return RECEIPT_EXPIRED;
    return r->views_left < r->views ? RECEIPT_OPENED : RECEIPT_WAITING;
}
