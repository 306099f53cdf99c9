/* SPDX-License-Identifier: MIT */
/* Functions shared by the files of this directory only. */
#ifndef VAULT_INTERNAL_H
#define VAULT_INTERNAL_H

#include "vault/vault.h"

enum { VAULT_ID_TRIES = 8 }; /* ids tried by one create */

/* Call store_ops.load for ${id} and count its failures.  Returns the same. */
MUST_CHECK
int vault_load(struct vault *v, const char *id, struct record *out, struct buf *content);

/*
 * Load the record of the sealed secret ${id} if ${owner_token} is its owner token.  Returns 1; 0
 * if it is absent or the token does not match, with ${out} zeroed; or a negative code.
 */
MUST_CHECK
int vault_load_owned(struct vault *v, const char *id, const char *owner_token, struct record *out);

/*
 * Store ${r}, a sealed record or a request, under a new id, which goes to ${id}.  ${content} and
 * ${wrap} are as in store_ops.create.  Returns 1 or a negative code.
 */
MUST_CHECK
int vault_store_sealed(struct vault *v, const struct record *r, const struct buf *content,
                       const struct buf *wrap, char id[static TOKEN_SEALED_ID_LEN + 1]);

/*
 * Call store_ops.change for ${id} and count its failures.  ${after} must not be NULL.  If the
 * change doomed content in the blob store, try to erase it now, or wake the sweeper (see
 * wake_sweep in vault.h).  The sweeper retries what fails.
 * Returns the same as store_ops.change.
 */
MUST_CHECK
int vault_change(struct vault *v, const char *id, const struct change *c, struct effect *effect,
                 struct record *after);

/*
 * The change ${c} of the record ${ref} came to ${found}, ${effect} and ${after}: count it, and see
 * to it that what it doomed is erased.  Returns ${found}.
 */
int vault_changed(struct vault *v, const struct store_ref *ref, const struct change *c, int found,
                  const struct effect *effect, const struct record *after);

/*
 * As vault_change(), but where the store recommends it, read the record first: if there is nothing
 * to write, the read decides.  So a wrong token costs no write, and neither does a fetch that
 * renews nothing.
 */
MUST_CHECK
int vault_look_and_change(struct vault *v, const char *id, const struct change *c,
                          struct effect *effect, struct record *after);

/*
 * Apply the change ${kind}, which needs no more than ${token} and, for CHANGE_PART, the number
 * ${part}.  ${by} makes it, if that is not NULL.  Returns 1 with ${verdict}, which is ABSENT if
 * there is no such secret; or a negative code.
 */
MUST_CHECK
int vault_change_by_token(struct vault *v, const char *id, const char *token, enum change_kind kind,
                          uint32_t part, const struct actor *by, enum verdict *verdict);

/*
 * Hold ${c} in the quota until vault_quota_release(), and take from the day what it counts for in
 * remote stores.  Returns 0 or ERR_FULL.  The day gets that back unless it was, or may have been,
 * ${stored}.
 */
MUST_CHECK
int vault_quota_hold(struct vault *v, const struct vault_charge *c);
void vault_quota_release(struct vault *v, const struct vault_charge *c, bool stored);

/*
 * Call blobs_ops.put, or put_taking where the backend has it, with the content of ${data}, which
 * may be empty afterwards, and count its failures.  Returns the same.
 */
MUST_CHECK
int vault_put_blob(struct vault *v, const char *name, uint32_t k, struct buf *data);

/* Erase ${count} parts of ${blob}, which no record names.  The next sweep retries if that fails. */
void vault_erase_orphan(struct vault *v, const char *blob, uint32_t count);

/* Count ${result} if it reports a failed store.  Returns ${result}. */
int vault_counted(struct vault *v, int result);

#endif
