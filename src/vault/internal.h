/* SPDX-License-Identifier: MIT */
/* Steps that the vault's own files share; nobody else includes this. */
#ifndef VAULT_INTERNAL_H
#define VAULT_INTERNAL_H

#include "vault/vault.h"

enum { VAULT_ID_TRIES = 8 }; /* ids minted for one create before giving up */

/* store_ops.load of ${id}, its failures counted.  Returns as that. */
MUST_CHECK
int vault_load(struct vault *v, const char *id, struct record *out, struct buf *content);

/*
 * The same for a sealed secret, if ${owner_token} is its owner's.  Returns 1; 0 absent or foreign,
 * ${out} zeroed; or a negative code.
 */
MUST_CHECK
int vault_load_owned(struct vault *v, const char *id, const char *owner_token, struct record *out);

/*
 * store_ops.change of ${id} at c->now, counted; ${after} may not be NULL.  If it doomed content in
 * the blob store, that is erased too, as far as it can be: the sweeper does what is left.  Returns
 * as that.
 */
MUST_CHECK
int vault_change(struct vault *v, const char *id, const struct change *c, struct effect *effect,
                 struct record *after);

/*
 * The change ${kind} that ${token} alone decides, of part ${part} where it is of one.  Returns 1
 * with ${verdict}, ABSENT where there is no such secret; or a negative code.
 */
MUST_CHECK
int vault_change_by_token(struct vault *v, const char *id, const char *token, enum change_kind kind,
                          uint32_t part, enum verdict *verdict);

/* Set ${more} bytes aside under the quota until vault_quota_release().  Returns 0 or ERR_FULL. */
MUST_CHECK
int vault_quota_hold(struct vault *v, uint64_t more);
void vault_quota_release(struct vault *v, uint64_t more);

/* Erase ${count} pieces of ${blob}, which no record names; left to the next sweep if that fails. */
void vault_erase_orphan(struct vault *v, const char *blob, uint32_t count);

/* Count ${result} if it says that a store failed, and return it. */
int vault_counted(struct vault *v, int result);

#endif
