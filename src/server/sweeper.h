/* SPDX-License-Identifier: MIT */
/*
 * Erases, on a thread of its own, what can no longer be read, and gives back memory of derivations
 * that is no longer used.
 */
#ifndef SERVER_SWEEPER_H
#define SERVER_SWEEPER_H

#include "crypto/kdf/pool.h"
#include "vault/vault.h"

struct sweeper;

/*
 * Sweep ${v} and trim ${kdf} every ${seconds}.  With ${wakes} changes wake the sweeper
 * (vault.wake_sweep), which then erases what is due at once, and does the rest of a sweep when its
 * time has come.  After a sweep that failed it waits for that time.  Returns NULL if memory or
 * threads are short.
 */
struct sweeper *sweeper_start(struct vault *v, struct kdf_pool *kdf, int seconds, bool wakes);

/* When the last sweep succeeded, or the start if none did; seconds since 1970-01-01 UTC.  Any
 * thread. */
int64_t sweeper_last(const struct sweeper *s);

/* Stop after the record that is being swept, and free ${s}.  NULL is allowed. */
void sweeper_stop(struct sweeper *s);

#endif
