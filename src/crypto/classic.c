/* SPDX-License-Identifier: MIT */
#include "crypto/classic.h"

#include <limits.h>

#include "base/err.h"
#include "crypto/aead.h"

static struct aead_params
params_of(const struct classic_box *box, const uint8_t *key) {
    return (struct aead_params){.key = key,
                                .nonce = box->nonce,
                                .nonce_len = box->nonce_len,
                                .aad = box->header,
                                .aad_len = CLASSIC_HEADER_LEN};
}

/* Room for ${len} bytes at the end of ${b}, in ${*to}.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
static int
room(struct buf *b, size_t len, uint8_t **to) {
    if (len > INT_MAX || len > b->max || b->len > b->max - len) return ERR_TOO_LARGE;
    *to = buf_space(b, len);
    return *to == NULL ? ERR_NOMEM : 0;
}

void
classic_init(struct classic_box *box, const struct random *r) {
    *box = (struct classic_box){.nonce_len = CLASSIC_NONCE_LEN};
    random_fill(r, box->salt, sizeof(box->salt));
    random_fill(r, box->header, sizeof(box->header));
    random_fill(r, box->nonce, CLASSIC_NONCE_LEN);
}

int
classic_seal(struct classic_box *box, const uint8_t key[static CLASSIC_KEY_LEN], const void *plain,
             size_t len, struct buf *ciphertext) {
    uint8_t *to = NULL;
    struct aead_params params = params_of(box, key);
    int err = room(ciphertext, len, &to);
    if (err == 0) err = aead_seal(&params, plain, len, to, box->tag);
    if (err == 0) ciphertext->len += len;
    return err;
}

int
classic_open(const struct classic_box *box, const uint8_t key[static CLASSIC_KEY_LEN],
             const void *ciphertext, size_t len, struct buf *plain) {
    uint8_t *to = NULL;
    const uint8_t *sealed = ciphertext, *tag = box->tag;
    struct aead_params params = params_of(box, key);
    if (box->nonce_len == CLASSIC_NONCE2_LEN) {
        if (len < CLASSIC_TAG_LEN) return ERR_TAG;
        len -= CLASSIC_TAG_LEN;
        tag = sealed + len;
    }
    int err = room(plain, len, &to);
    if (err == 0) err = aead_open(&params, sealed, len, tag, to);
    if (err == 0) plain->len += len;
    return err;
}
