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

enum verdict
sample_count(struct store *s, const struct store_ref *request, const struct store_ref *answer,
             int64_t now) {
    const struct change c = {.kind = CHANGE_ANSWER, .now = now, .answer = *answer};
    struct effect effect;
    assert_int_equal(s->ops->change(s, request, &c, &effect, NULL), 1);
    return effect.verdict;
}

static void
fill_wrap(struct buf *wrap, size_t len, uint8_t fill) {
    buf_init(wrap, len + 1);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(buf_add_byte(wrap, fill), 0);
}

enum verdict
sample_complete(struct store *s, const struct store_ref *answer, int64_t now, size_t len,
                uint8_t fill) {
    struct change c = {.kind = CHANGE_COMPLETE, .now = now};
    struct effect effect;
    struct buf wrap;
    fill_wrap(&wrap, len, fill);
    sample_hash(SAMPLE_OWNER, c.hash);
    if (len > 0) c.wrap = &wrap;
    assert_int_equal(s->ops->change(s, answer, &c, &effect, NULL), 1);
    buf_free(&wrap);
    return effect.verdict;
}

enum verdict
sample_answer_whole(struct store *s, const struct store_ref *request,
                    const struct store_ref *answer, int64_t now) {
    if (s->ops->change_both == NULL) {
        enum verdict counted = sample_count(s, request, answer, now);
        return counted != VERDICT_OK ? counted : sample_complete(s, answer, now, WRAP, 'w');
    }

    const struct store_ref refs[2] = {*request, *answer};
    struct change c[2] = {{.kind = CHANGE_ANSWER, .now = now, .answer = *answer},
                          {.kind = CHANGE_COMPLETE, .now = now}};
    struct store_change done[2];
    struct buf wrap;
    fill_wrap(&wrap, WRAP, 'w');
    sample_hash(SAMPLE_OWNER, c[1].hash);
    c[1].wrap = &wrap;
    assert_int_equal(s->ops->change_both(s, refs, c, done), 0);
    buf_free(&wrap);

    assert_true(done[0].found == 1 && done[1].found == 1);
    for (int i = 0; i < 2; i++)
        record_clear(&done[i].after);
    return done[0].effect.verdict != VERDICT_OK ? done[0].effect.verdict : done[1].effect.verdict;
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
