/* SPDX-License-Identifier: MIT */
/*
 * Shares of the quota, or of the bytes of a day: what the network of one client stores must leave
 * as much again for others.
 *
 * A network may hold at most half as much as remains free, so the share shrinks as the quota fills
 * up.  The first network gets a third of the quota at most, the next one a third of the rest, and
 * so on: no finite number of networks fills it.  A network that is refused holds much of what is
 * stored, and others can still store.
 *
 * The table has a fixed size and remembers about how much each network has stored.  An account
 * drains over the lifetimes of what it stored.  It never counts for more than all that is stored,
 * so what was opened and erased early limits nobody while there is room.  If the table is full, a
 * network that stores something for the first time replaces the one with the smallest account.  The
 * table does not survive a restart.
 */
#ifndef HTTP_STORAGE_SHARES_H
#define HTTP_STORAGE_SHARES_H

#include <stdint.h>

#include "base/compiler.h"

enum { STORAGE_SHARES_NETWORKS = 1024 };

struct storage_shares;

/* Create an empty table.  Returns NULL if memory is short. */
struct storage_shares *storage_shares_new(void);

/* Wipe and free ${s}.  NULL is allowed. */
void storage_shares_free(struct storage_shares *s);

/* What is stored now, in bytes.  A quota of 0 is none, and then nothing is refused. */
struct storage_level {
    uint64_t used;
    uint64_t quota;
};

/*
 * Charge ${bytes}, which live for ${ttl} seconds, to the network ${key} (http_address_network()) at
 * ${now} seconds of the monotonic clock.  Any thread.  Returns 0, or ERR_FULL if that exceeds the
 * share of the network, and then nothing is charged.
 */
MUST_CHECK
int storage_shares_take(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                        int64_t ttl, struct storage_level level, int64_t now);

/* As storage_shares_take(), but charges nothing: whether ${bytes} could be stored now. */
MUST_CHECK
int storage_shares_check(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                         struct storage_level level, int64_t now);

/* Take back a charge of ${bytes} for ${ttl} seconds: nothing was stored.  What else the account
 * holds lasts about as long as before.  Any thread. */
void storage_shares_return(struct storage_shares *s, const uint8_t key[static 16], uint64_t bytes,
                           int64_t ttl, int64_t now);

/*
 * Write what the networks that store most hold at ${now}, in seconds of the monotonic clock, to
 * ${out}: bytes, the largest first, at most ${max} of them.  Returns how many networks hold
 * anything.  Any thread.
 */
int storage_shares_largest(struct storage_shares *s, int64_t now, uint64_t *out, int max);

#endif
