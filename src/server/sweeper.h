/* SPDX-License-Identifier: MIT */
/*
 * A thread that erases in time what nobody may read any more.
 */
#ifndef SERVER_SWEEPER_H
#define SERVER_SWEEPER_H

#include "vault/vault.h"

struct sweeper;

/* Sweep ${v} every ${seconds}.  Returns NULL if memory or threads are short. */
struct sweeper *sweeper_start(struct vault *v, int seconds);

/* When the last sweep ended well, or the start; seconds since 1970-01-01 UTC.  Any thread. */
int64_t sweeper_last(const struct sweeper *s);

/* End after the record that is being swept, if one is.  NULL is allowed. */
void sweeper_stop(struct sweeper *s);

#endif
