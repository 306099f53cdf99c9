/* SPDX-License-Identifier: MIT */
/*
 * Rate limits: a token bucket for each client, in a table of fixed size.
 *
 * The table holds RATE_CLIENTS clients in small sets, which are chosen by a keyed hash.  In a full
 * set a new client replaces the client whose bucket is fullest.  That one loses least, and the
 * busiest clients stay.
 */
#ifndef HTTP_RATE_H
#define HTTP_RATE_H

#include <stdint.h>

#include "base/random.h"

enum { RATE_CLIENTS = 16384 };

struct rate;

/*
 * Create a table that gives each client ${per_minute} tokens a minute and as many in one burst.
 * ${random} seeds the hash.  Returns NULL if memory is short.  Free with rate_free().
 */
struct rate *rate_new(uint32_t per_minute, const struct random *random);

/* Wipe and free ${r}.  NULL is allowed. */
void rate_free(struct rate *r);

/*
 * Take one token from the bucket of the client ${key} (see http_address_group()) at ${now_ms} of
 * the monotonic clock.  Any thread.  Returns 0 if there was one, or if ${r} is NULL; else the
 * seconds, at least 1, until there is one.
 */
uint32_t rate_take(struct rate *r, const uint8_t key[static 16], int64_t now_ms);

/* What rate_take() would return now.  Takes nothing. */
uint32_t rate_wait(struct rate *r, const uint8_t key[static 16], int64_t now_ms);

#endif
