/* SPDX-License-Identifier: MIT */
/* Any responses to the DynamoDB store.  Input: which operation, responses (aws_peer.h). */
#include "aws_peer.h"
#include "base/log.h"
#include "store/dynamodb/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static struct store *s;
    struct buf reason = BUF_INIT(256), content = BUF_INIT(DYNAMODB_INLINE_MAX);
    struct store_ref ref = {.len = TOKEN_SEALED_ID_LEN}, due[8];
    const struct dynamodb_store_config config = {
        .aws = peer_config(), .table = "Secrets", .bucket = "files"};
    struct record r;
    struct effect effect;

    log_set_level(LOG_LEVEL_ERROR);
    if (s == NULL && dynamodb_store_open(&config, &s, &reason) != 0) abort();
    if (len < 1) return 0;
    memset(ref.bytes, 'A', ref.len);
    peer_data = data + 1;
    peer_len = len - 1;
    struct change c = {.kind = (enum change_kind)(data[0] % (CHANGE_ERASED + 1)),
                       .now = 1900000000};
    int got = s->ops->change(s, &ref, &c, &effect, &r);
    /* Nothing is given unless the store decided, and never what has expired. */
    if (got != 1 && (effect.verdict != 0 || effect.claimed)) abort();
    if (got == 1 && effect.claimed && effect.write && r.expires_at <= c.now) abort();
    if (got == 1 && effect.claimed && effect.write &&
        record_is_classic(&r) != (c.kind == CHANGE_CLAIM_CLASSIC))
        abort();
    /* The caller of an open reads the lease that the effect names. */
    bool opened = c.kind == CHANGE_OPEN && got == 1 &&
                  (effect.verdict == VERDICT_OK || effect.verdict == VERDICT_REPEAT);
    if (opened && (effect.lease < 0 || (size_t)effect.lease >= r.lease_count ||
                   !token_hash_equal(r.leases[effect.lease].hash, c.hash)))
        abort();
    record_clear(&r);
    got = s->ops->load(s, &ref, &r, &content);
    if (got != 1 && r.kind != 0) abort();
    record_clear(&r);
    (void)s->ops->due(s, 1900000000, 1, due, 8);
    (void)s->ops->knows_blob(s, "AAAAAAAAAAAAAAAA.enc");
    buf_free(&content);
    return 0;
}
