/* SPDX-License-Identifier: MIT */
#include "vault/happened.h"

static bool
has_content(const struct record *r) {
    return r->content == CONTENT_INLINE || r->content == CONTENT_BLOBS;
}

/* The event that ends a secret, or 0.  Each can only come once. */
static int
ending_of(const struct record *before, const struct record *after, int64_t now) {
    bool released = has_content(before) && !has_content(after);
    if (before->phase != PHASE_LOCKED && after->phase == PHASE_LOCKED) return AUDIT_LOCKED;
    if (before->phase != PHASE_BURNT && after->phase == PHASE_BURNT)
        return after->burnt_by == BURNT_BY_OPERATOR ? AUDIT_REMOVED : AUDIT_BURNT;
    return released && policy_receipt_state(after, now) == RECEIPT_EXPIRED ? AUDIT_EXPIRED : 0;
}

int
happened(const struct record *before, const struct record *after, const struct effect *effect,
         int64_t now, enum audit_kind out[static HAPPENED_MAX]) {
    int n = 0;
    if (!effect->write && !effect->drop_record) return 0;

    if (effect->claimed) out[n++] = AUDIT_OPENED;
    if (effect->claimed && after->views_left == 0) out[n++] = AUDIT_USED_UP;
    if (effect->confirmed) out[n++] = AUDIT_CONFIRMED;
    if (effect->answered) out[n++] = AUDIT_ANSWERED;
    int ending = ending_of(before, after, now);
    if (ending != 0) out[n++] = (enum audit_kind)ending;
    return n;
}
