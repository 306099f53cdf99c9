/* SPDX-License-Identifier: MIT */
/*
 * Classic secrets: the server seals, hands out the passphrase once and keeps no copy (design:
 * docs/DESIGN.md, "Classic API").
 */
#ifndef VAULT_CLASSIC_H
#define VAULT_CLASSIC_H

#include "base/buf.h"
#include "crypto/kdf_pool.h"
#include "vault/vault.h"

struct vault_classic_new {
    const void *plain; /* the caller keeps and wipes it */
    size_t len;
    const char *file_name; /* NULL for a text; else 1..RECORD_NAME_MAX bytes of checked UTF-8 */
    int views;             /* 1..RECORD_CLASSIC_VIEWS_MAX */
    int64_t ttl;           /* seconds */
};

struct vault_classic_created {
    char id[TOKEN_CLASSIC_ID_LEN + 1];
    char passphrase[TOKEN_PASSPHRASE_LEN + 1]; /* the caller wipes it */
};

struct vault_classic_opened {
    struct buf plain;                    /* the caller frees it, which wipes */
    char file_name[RECORD_NAME_MAX + 1]; /* "" for a text; the caller wipes it */
};

/*
 * Seal and store ${in}.  Returns 1 with ${out} filled once it is durable; ERR_BUSY (too many
 * derivations wait), ERR_FULL, ERR_STORE, ERR_UNKNOWN_OUTCOME, ERR_NOMEM or ERR_CRYPTO with ${out}
 * zeroed.
 */
MUST_CHECK
int vault_classic_create(struct vault *v, struct kdf_pool *kdf, const struct vault_classic_new *in,
                         struct vault_classic_created *out);

/*
 * Open: read, check time and views, derive, verify the tag, claim one view by one conditional
 * write, and only then return.  ${text_max} and ${file_max} bound the plaintext that the caller can
 * deliver, of a text and of a file (a text may grow more in JSON than a file in base64).  Returns 1
 * with ${out} filled (out->plain initialised by this function); 0 for everything that cannot be
 * opened, a wrong passphrase included, nothing counted; ERR_TOO_LARGE if the content is above its
 * bound, nothing counted; ERR_BUSY; ERR_STORE; ERR_UNKNOWN_OUTCOME (the view may have been used;
 * nothing is delivered); ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int vault_classic_open(struct vault *v, struct kdf_pool *kdf, const char *id,
                       const void *passphrase, size_t passphrase_len, size_t text_max,
                       size_t file_max, struct vault_classic_opened *out);

/* Wipe and release ${o}. */
void vault_classic_opened_clear(struct vault_classic_opened *o);

#endif
