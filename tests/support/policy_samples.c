/* SPDX-License-Identifier: MIT */
#include "policy_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define T0 SAMPLE_T0

struct record
policy_sample(enum policy_sample which) {
    struct record r = which == UPLOAD || which == UPLOADED ? sample_upload(3, 2)
                      : which == TEXT                      ? sample_text(2, 40)
                                                           : sample_sealed(3, 2, 304);
    if (which == UPLOADED) r.parts_stored = 2;
    if (which == UPLOADED) r.part_at = T0;
    if (which == FRESH || which == UPLOAD || which == UPLOADED || which == TEXT) return r;
    struct lease *l = record_add_lease(&r);
    assert_non_null(l);
    sample_hash(1, l->hash);
    l->opened_at = l->renewed_at = T0;
    r.views_left = which == LAST || which == USED_UP ? 0 : 2;
    if (which == ENDED || which == USED_UP) l->end = LEASE_CONFIRMED;
    if (which == BURNT) l->end = LEASE_BURNT;
    if (l->end != LEASE_LIVE) l->ended_at = T0;
    if (which == USED_UP || which == BURNT) r.content = CONTENT_NONE;
    if (which == LOCKED) r.phase = PHASE_LOCKED;
    if (which == BURNT) r.phase = PHASE_BURNT;
    if (which == BURNT || which == LOCKED) r.ended_at = T0;
    return r;
}

enum verdict
policy_try(struct record *r, enum change_kind kind, int64_t now, unsigned hash, unsigned proof,
           struct effect *e) {
    struct change c = {.kind = kind, .now = now};
    sample_hash(hash, c.hash);
    sample_hash(proof, c.proof);
    assert_int_equal(policy_apply(r, &c, e), 0);
    return e->verdict;
}

const char *
policy_sample_name(enum policy_sample which) {
    static const char *const scenes[SAMPLES] = {"fresh",  "leased", "last",   "ended",    "used up",
                                                "locked", "burnt",  "upload", "uploaded", "text"};
    return scenes[which];
}
