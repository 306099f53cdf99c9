/* SPDX-License-Identifier: MIT */
#include "cli/local/nfc.h"

#include <errno.h>
#include <uninorm.h>

#include "base/err.h"
#include "base/text/utf8.h"

int
nfc_normalise(struct buf *text) {
    uint8_t room[8192]; /* the library allocates only if the result does not fit, and that memory is
                           not wiped */
    size_t len = sizeof(room);
    if (!utf8_valid((const char *)text->data, text->len)) return ERR_INVALID;
    if (text->len == 0) return 0;
    if (text->len > sizeof(room) / 3) return ERR_TOO_LARGE;

    int err = ERR_NOMEM;
    uint8_t *out = u8_normalize(UNINORM_NFC, text->data, text->len, room, &len);
    if (out == room) {
        buf_reset(text);
        err = buf_add(text, room, len);
    } else free(out);
    explicit_bzero(room, sizeof(room));
    return err;
}
