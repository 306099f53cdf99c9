/* SPDX-License-Identifier: MIT */
#include "request_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ENVELOPE = 304, WRAP = 300 };

struct record
sample_request(int answers) {
    struct record r = sample_sealed(answers, 0, ENVELOPE);
    r.kind = RECORD_REQUEST;
    r.expires_at = SAMPLE_T0 + SAMPLE_REQUEST_TTL;
    r.answer_ttl = SAMPLE_ANSWER_TTL;
    r.answer_size = 1 << 20;
    r.has_gate = true;
    sample_hash(SAMPLE_GATE, r.gate_verifier);
    return r;
}

struct record
sample_answer(const struct store_ref *request, uint32_t parts) {
    struct record r = parts > 0 ? sample_upload(1, parts) : sample_sealed(1, 0, ENVELOPE);
    r.expires_at = SAMPLE_T0 + SAMPLE_ANSWER_TTL;
    r.phase = PHASE_UPLOADING;
    r.request = *request;
    return r;
}

/* Make ${c} of ${ref}, and repeat it up to ${retries} times while it fails. */
static enum verdict
change_until_decided(struct store *s, const struct store_ref *ref, const struct change *c,
                     int retries) {
    struct effect effect;
    int found = s->ops->change(s, ref, c, &effect, NULL);
    for (int i = 0; i < retries && found < 0; i++)
        found = s->ops->change(s, ref, c, &effect, NULL);
    assert_int_equal(found, 1);
    return effect.verdict;
}

static enum verdict
count(struct store *s, const struct store_ref *request, const struct store_ref *answer, int64_t now,
      int retries) {
    const struct change c = {.kind = CHANGE_ANSWER, .now = now, .answer = *answer};
    return change_until_decided(s, request, &c, retries);
}

enum verdict
sample_count(struct store *s, const struct store_ref *request, const struct store_ref *answer,
             int64_t now) {
    return count(s, request, answer, now, 0);
}

static void
fill_wrap(struct buf *wrap, size_t len, uint8_t fill) {
    buf_init(wrap, len + 1);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(buf_add_byte(wrap, fill), 0);
}

static enum verdict
complete(struct store *s, const struct store_ref *answer, int64_t now, const struct buf *wrap,
         int retries) {
    struct change c = {.kind = CHANGE_COMPLETE, .now = now, .wrap = wrap};
    sample_hash(SAMPLE_OWNER, c.hash);
    return change_until_decided(s, answer, &c, retries);
}

enum verdict
sample_complete(struct store *s, const struct store_ref *answer, int64_t now, size_t len,
                uint8_t fill) {
    struct buf wrap;
    fill_wrap(&wrap, len, fill);
    enum verdict v = complete(s, answer, now, len > 0 ? &wrap : NULL, 0);
    buf_free(&wrap);
    return v;
}

static enum verdict
answer_in_one_step(struct store *s, const struct store_ref *request, const struct store_ref *answer,
                   int64_t now, const struct buf *wrap) {
    const struct store_ref refs[2] = {*request, *answer};
    struct change c[2] = {{.kind = CHANGE_ANSWER, .now = now, .answer = *answer},
                          {.kind = CHANGE_COMPLETE, .now = now, .wrap = wrap}};
    struct store_change done[2];
    sample_hash(SAMPLE_OWNER, c[1].hash);
    assert_int_equal(s->ops->change_both(s, refs, c, done), 0);

    assert_true(done[0].found == 1 && done[1].found == 1);
    for (int i = 0; i < 2; i++)
        record_clear(&done[i].after);
    return done[0].effect.verdict != VERDICT_OK ? done[0].effect.verdict : done[1].effect.verdict;
}

enum verdict
sample_answer_whole(struct store *s, const struct store_ref *request,
                    const struct store_ref *answer, int64_t now, int retries) {
    struct buf wrap;
    enum verdict v;
    fill_wrap(&wrap, WRAP, 'w');
    if (s->ops->change_both != NULL) {
        v = answer_in_one_step(s, request, answer, now, &wrap);
    } else {
        v = count(s, request, answer, now, retries);
        if (v == VERDICT_OK) v = complete(s, answer, now, &wrap, retries);
    }
    buf_free(&wrap);
    return v;
}

bool
sample_wrap_is(struct store *s, const struct store_ref *answer, size_t len, uint8_t fill) {
    struct buf got = BUF_INIT(RECORD_WRAP_MAX), want;
    struct record r;
    fill_wrap(&want, len, fill);
    assert_int_equal(s->ops->load_wrap(s, answer, &r, &got), 1);
    bool same = buf_equals(&got, want.data, want.len) && r.wrap_len == len;
    record_clear(&r);
    buf_free(&got);
    buf_free(&want);
    return same;
}
