/* SPDX-License-Identifier: MIT */
#include "crypto/classic.h"

#include <limits.h>

#include "base/err.h"
#include "crypto/aead.h"

static struct aead_params
classic_aead_params(const struct classic_record *record, const uint8_t *key) {
    return (struct aead_params){.key = key,
                                .nonce = record->nonce,
                                .nonce_len = record->nonce_len,
                                .aad = record->header,
                                .aad_len = CLASSIC_HEADER_LEN};
}

/* Make room for ${len} bytes at the end of ${b} and point ${*to} there.  Returns 0,
 * ERR_TOO_LARGE or ERR_NOMEM. */
static int
classic_room(struct buf *b, size_t len, uint8_t **to) {
    if (len > INT_MAX || len > b->max || b->len > b->max - len) return ERR_TOO_LARGE;
    *to = buf_space(b, len);
    if (*to == NULL) return ERR_NOMEM;
    return 0;
}

void
classic_init(struct classic_record *record, const struct random *r) {
    *record = (struct classic_record){.nonce_len = CLASSIC_NONCE_LEN};
    random_fill(r, record->salt, sizeof(record->salt));
    random_fill(r, record->header, sizeof(record->header));
    random_fill(r, record->nonce, CLASSIC_NONCE_LEN);
}

int
classic_seal(struct classic_record *record, const uint8_t key[static CLASSIC_KEY_LEN],
             const void *plain, size_t len, struct buf *ciphertext) {
    uint8_t *to = NULL;
    struct aead_params params = classic_aead_params(record, key);

    int err = classic_room(ciphertext, len, &to);
    if (err == 0) err = aead_seal(&params, plain, len, to, record->tag);
    if (err == 0) ciphertext->len += len;
    return err;
}

int
classic_open(const struct classic_record *record, const uint8_t key[static CLASSIC_KEY_LEN],
             const void *ciphertext, size_t len, struct buf *plain) {
    uint8_t *to = NULL;
    const uint8_t *sealed = ciphertext, *tag = record->tag;
    struct aead_params params = classic_aead_params(record, key);

    /* The second generation has its tag after the ciphertext. */
    if (record->nonce_len == CLASSIC_NONCE2_LEN) {
        if (len < CLASSIC_TAG_LEN) return ERR_TAG;
        len -= CLASSIC_TAG_LEN;
        tag = sealed + len;
    }

    int err = classic_room(plain, len, &to);
    if (err == 0) err = aead_open(&params, sealed, len, tag, to);
    if (err == 0) plain->len += len;
    return err;
}
