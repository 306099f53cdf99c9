/* SPDX-License-Identifier: MIT */
/*
 * Classic secrets: the server encrypts, returns the passphrase once and keeps no copy of it
 * (docs/DESIGN.md, "Classic API").
 */
#ifndef VAULT_CLASSIC_H
#define VAULT_CLASSIC_H

#include "base/buf.h"
#include "crypto/kdf/pool.h"
#include "vault/vault.h"

struct vault_classic_new {
    const void *plain; /* owned and wiped by the caller */
    size_t len;
    const char *file_name;  /* NULL for a text; else 1 to RECORD_NAME_MAX bytes of valid UTF-8 */
    int views;              /* 1 to RECORD_CLASSIC_VIEWS_MAX */
    int64_t ttl;            /* seconds */
    const struct actor *by; /* who creates it, for its event; NULL if unknown */
    struct party client;    /* for its share of the derivations */
};

struct vault_classic_created {
    char id[TOKEN_CLASSIC_ID_LEN + 1];
    char passphrase[TOKEN_PASSPHRASE_LEN + 1]; /* wiped by the caller */
};

struct vault_classic_opened {
    struct buf plain;
    char file_name[RECORD_NAME_MAX + 1]; /* "" for a text */
};

/* Who opens, what the caller of vault_classic_open() can deliver, and how it prepares that. */
struct vault_classic_reader {
    struct party client;    /* for its share of the derivations */
    const struct actor *by; /* for the events; NULL if unknown */

    /* Limits of the plaintext in bytes: a text grows more in JSON than a file in base64. */
    size_t text_max, file_max;

    /*
     * Called with the kind of the secret and the length of its content (file_max if that is
     * unknown): before the key is derived if the content is in the blob store, else once it is
     * decrypted.  Returns 0, or a negative code, and then nothing more happens.  NULL for none.
     */
    int (*reserve)(void *ctx, bool is_file, size_t len);

    /*
     * Prepare the whole response from ${o}, which is wiped afterwards.  Called once, before the
     * view is taken, so nothing may be delivered yet.  Returns 0, or a negative code, and then no
     * view is taken.
     */
    int (*prepare)(void *ctx, const struct vault_classic_opened *o);
    void *ctx;
};

/* What ${in} counts for. */
struct vault_charge vault_classic_charge(const struct vault *v, const struct vault_classic_new *in);

/*
 * Encrypt and store ${in}.  Returns 1 with ${out} filled once it is durable; or, with ${out}
 * zeroed, ERR_BUSY (the queue of derivations has no place for the client), ERR_FULL, ERR_STORE,
 * ERR_UNKNOWN_OUTCOME, ERR_NOMEM or ERR_CRYPTO.
 */
MUST_CHECK
int vault_classic_create(struct vault *v, struct kdf_pool *kdf, const struct vault_classic_new *in,
                         struct vault_classic_created *out);

/*
 * Open the secret ${id}: read its record, check time and views, derive the key, verify the tag, let
 * ${reader} reserve and prepare the response, and claim one view with one conditional write.  Where
 * the content is in the blob store, ${reader} reserves before the key is derived, and the content
 * is read after that.  If no view is left, a key is derived as well, so that the time of a
 * response does not reveal whether a secret exists.
 *
 * Returns 1 once the view is taken: the caller delivers what was prepared, which cannot fail.
 * Anything else means that the caller discards what was prepared and that no view was taken: 0 if
 * the secret cannot be opened, which includes a wrong passphrase; ERR_TOO_LARGE if the content
 * exceeds its limit; a code of reader->reserve or reader->prepare; ERR_BUSY; ERR_STORE; ERR_NOMEM;
 * or ERR_CRYPTO.  After ERR_UNKNOWN_OUTCOME the view may have been taken.
 */
MUST_CHECK
int vault_classic_open(struct vault *v, struct kdf_pool *kdf, const char *id,
                       const void *passphrase, size_t passphrase_len,
                       const struct vault_classic_reader *reader);

#endif
