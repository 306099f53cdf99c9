/* SPDX-License-Identifier: MIT */
/*
 * A token bucket for each client, in memory that never grows.
 *
 * The table holds RATE_CLIENTS clients, in small sets chosen by a keyed hash.  A client that finds
 * its set full takes the place of the one there whose bucket is fullest: that one loses least, and
 * whoever sends the most is kept longest.
 */
#ifndef HTTP_RATE_H
#define HTTP_RATE_H

#include <stdint.h>

#include "base/random.h"

enum { RATE_CLIENTS = 16384 };

struct rate;

/*
 * A table that lets each client do ${per_minute} things a minute, and as many at once when it comes
 * rested.  ${random} seeds the hash.  Returns NULL without memory.  Free with rate_free().
 */
struct rate *rate_new(uint32_t per_minute, const struct random *random);

/* Release ${r}; NULL is allowed. */
void rate_free(struct rate *r);

/*
 * Take one token from the bucket of client ${key} (http_address_group()) at ${now_ms} of a clock
 * that never jumps.  Returns 0 if there was one; else the seconds, at least 1, until there is one
 * again.  A NULL ${r} never refuses.  Any thread.
 */
uint32_t rate_take(struct rate *r, const uint8_t key[static 16], int64_t now_ms);

#endif
