/* SPDX-License-Identifier: MIT */
#include "vault/survey.h"

enum { HOUR_SECONDS = 60 * 60, DAY_SECONDS = 24 * HOUR_SECONDS, WEEK_SECONDS = 7 * DAY_SECONDS };

static enum survey_age
age_of(const struct record *r, int64_t now) {
    int64_t age = now - r->created_at;
    if (r->created_at == 0) return SURVEY_AGE_UNKNOWN;
    if (age < HOUR_SECONDS) return SURVEY_AGE_HOUR;
    if (age < DAY_SECONDS) return SURVEY_AGE_DAY;
    return age < WEEK_SECONDS ? SURVEY_AGE_WEEK : SURVEY_AGE_OLDER;
}

/* Bytes of content that is there: of an upload, the parts that have come. */
static uint64_t
stored_bytes(const struct record *r) {
    uint64_t stored = (uint64_t)r->parts_stored * r->part_size;
    if (r->phase != PHASE_UPLOADING || stored > r->size) return r->size;
    return stored;
}

void
survey_count(struct survey *s, const struct record *r, int64_t now) {
    if (r->kind == RECORD_REQUEST) {
        s->requests += policy_receipt_kept(r, now);
        return;
    }

    s->states[policy_receipt_state(r, now)]++;
    if (r->content == CONTENT_NONE) return;
    s->ages[age_of(r, now)]++;
    s->bytes += stored_bytes(r);
}
