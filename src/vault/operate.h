/* SPDX-License-Identifier: MIT */
/* What the operator of a server does with its secrets: take one down, and count them. */
#ifndef VAULT_OPERATE_H
#define VAULT_OPERATE_H

#include "vault/survey.h"
#include "vault/vault.h"

struct vault_removed {
    bool removed;             /* it is taken down, now or by an earlier call */
    enum receipt_state state; /* of a sealed secret; RECEIPT_REMOVED also of a classic one */
    bool erased;              /* the content is erased; if not, the next sweeps do it */
};

/*
 * Take the secret ${id} down, of either kind: its leases end, its content is erased, and its
 * receipt says removed.  Whoever fetches or opens it after the return gets nothing.  Returns 1 with
 * ${out}; 0 if there is no such secret; or a negative code, and then it may be there as it was.
 */
MUST_CHECK
int vault_remove(struct vault *v, const char *id, struct vault_removed *out);

/*
 * Count what the store holds into ${out}, for at most ${ms} milliseconds.  Returns 1; 0 if the time
 * did not suffice for all of it; or a negative code.
 */
MUST_CHECK
int vault_survey(struct vault *v, int64_t ms, struct survey *out);

#endif
