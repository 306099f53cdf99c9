/* SPDX-License-Identifier: MIT */
/* Which events a change of a record is, for the operator (docs/FORMAT.md, "Events").  Pure. */
#ifndef VAULT_HAPPENED_H
#define VAULT_HAPPENED_H

#include "crypto/audit/audit.h"
#include "vault/policy.h"

enum { HAPPENED_MAX = 3 }; /* events of one change */

/*
 * Write the events of the change with ${effect}, which policy_apply() made at ${now} of the record
 * ${before} (its leases need not be there), to ${out}, in their order.  ${after} is the record
 * afterwards, or as it was last if it was dropped.  Returns their number.
 */
int happened(const struct record *before, const struct record *after, const struct effect *effect,
             int64_t now, enum audit_kind out[static HAPPENED_MAX]);

#endif
