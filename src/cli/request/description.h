/* SPDX-License-Identifier: MIT */
/*
 * The description of a request for a secret: a note, and the keys that answers are encrypted to
 * (docs/FORMAT.md, "Requests for a secret").  Any thread.
 */
#ifndef CLI_REQUEST_DESCRIPTION_H
#define CLI_REQUEST_DESCRIPTION_H

#include "base/random.h"
#include "crypto/age/file.h"

enum { DESCRIPTION_MAX = 4096 };

struct description {
    char note[DESCRIPTION_MAX + 1]; /* hostile text */
    uint8_t recipients[AGE_RECIPIENTS_MAX][AGE_KEY_LEN];
    size_t count; /* of recipients; 1 or more */
};

/* Append the description of ${d} with a random nonce to ${out}.  Returns 0; ERR_INVALID if the note
 * is not UTF-8; ERR_TOO_LARGE if it is too long for ${out}; or ERR_NOMEM. */
MUST_CHECK
int description_write(const struct random *r, const struct description *d, struct buf *out);

/*
 * Read the ${len} bytes at ${text}.  Another key, a missing or duplicate one, a value of another
 * type, and a recipient that is not X25519 are refused.  Returns 0 or ERR_INVALID.
 */
MUST_CHECK
int description_read(const void *text, size_t len, struct description *out);

#endif
