/* SPDX-License-Identifier: MIT */
/*
 * How many uploads each client has begun and not finished, in memory that never grows.
 *
 * The table holds UPLOAD_LIMITS_TRACKED uploads.  A new one that finds it full takes the place of
 * the one that has had no part for longest, which then no longer counts against its client. Nothing
 * of this outlives the process: after a restart every client begins at none.
 */
#ifndef API_UPLOAD_LIMITS_H
#define API_UPLOAD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vault/store.h"

enum { UPLOAD_LIMITS_TRACKED = 1024, UPLOAD_LIMITS_PER_CLIENT = 4 };

struct upload_limits;

/* Returns NULL without memory.  Free with upload_limits_free(), which takes NULL. */
struct upload_limits *upload_limits_new(void);
void upload_limits_free(struct upload_limits *u);

/*
 * Begin one more upload for client ${key} at ${now_ms} of a clock that never jumps; it lives
 * ${ttl} seconds at most.  Returns a ticket for upload_limits_name() or upload_limits_cancel(); or
 * 0 if the client has UPLOAD_LIMITS_PER_CLIENT of them.  Any thread, as all of these.
 */
MUST_CHECK
uint64_t upload_limits_begin(struct upload_limits *u, const uint8_t key[static 16], int64_t ttl,
                             int64_t now_ms);

/* The upload of ${ticket} has become the secret ${id}, by ${ref} in the store; or it came to
 * nothing. */
void upload_limits_name(struct upload_limits *u, uint64_t ticket, const char *id,
                        const struct store_ref *ref);
void upload_limits_cancel(struct upload_limits *u, uint64_t ticket);

/* A part of ${id} has come; or ${id} is complete or burnt.  Unknown ids are passed over. */
void upload_limits_touch(struct upload_limits *u, const char *id, int64_t now_ms);
void upload_limits_end(struct upload_limits *u, const char *id);

/*
 * What client ${key} has begun, by its tickets and its names in the store: where several servers
 * share one, another may have seen the end.  Returns how many.
 */
struct upload_limits_begun {
    uint64_t ticket;
    struct store_ref ref; /* len 0 while it has no name */
};
size_t upload_limits_list(struct upload_limits *u, const uint8_t key[static 16],
                          struct upload_limits_begun out[static UPLOAD_LIMITS_PER_CLIENT]);

#endif
