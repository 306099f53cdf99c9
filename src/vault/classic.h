/* SPDX-License-Identifier: MIT */
/*
 * Classic secrets: the server seals, hands out the passphrase once and keeps no copy (design:
 * docs/DESIGN.md, "Classic API").
 */
#ifndef VAULT_CLASSIC_H
#define VAULT_CLASSIC_H

#include "base/buf.h"
#include "crypto/kdf/pool.h"
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
    struct buf plain;
    char file_name[RECORD_NAME_MAX + 1]; /* "" for a text */
};

/* Who opens, and what can be delivered to him. */
struct vault_classic_reader {
    /* Bounds of the plaintext: a text may grow more in JSON than a file in base64. */
    size_t text_max, file_max;

    /*
     * Make the whole answer ready of ${o}, which is wiped afterwards.  Called once, before the view
     * is taken: nothing of it may be delivered yet.  Returns 0, or a negative code: then the view
     * is not taken.
     */
    int (*prepare)(void *ctx, const struct vault_classic_opened *o);
    void *ctx;
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
 * Open: read, check time and views, derive, verify the tag, let ${reader} prepare its answer, claim
 * one view by one conditional write, and only then return.  Returns 1: deliver what was prepared,
 * for the view is taken, and nothing is left that could fail.  Else what was prepared goes: 0 for
 * everything that cannot be opened, a wrong passphrase included, nothing counted; ERR_TOO_LARGE if
 * the content is above its bound, nothing counted; a code of reader->prepare, nothing counted;
 * ERR_BUSY; ERR_STORE; ERR_UNKNOWN_OUTCOME (the view may have been used; nothing is delivered);
 * ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int vault_classic_open(struct vault *v, struct kdf_pool *kdf, const char *id,
                       const void *passphrase, size_t passphrase_len,
                       const struct vault_classic_reader *reader);

#endif
