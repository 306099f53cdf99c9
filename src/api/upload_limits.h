/* SPDX-License-Identifier: MIT */
/*
 * Limits how many unfinished uploads each client has, or how many unfinished answers each request,
 * in a table of fixed size.  The text below says client for both.
 *
 * The table holds UPLOAD_LIMITS_TRACKED uploads.  If it is full, a new upload replaces the one that
 * has had no part for the longest time, which then no longer counts against its client.  The table
 * does not survive a restart, after which every client starts at zero.
 *
 * Any thread may call any function at any time, but for upload_limits_free().
 */
#ifndef API_UPLOAD_LIMITS_H
#define API_UPLOAD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "vault/store.h"

enum {
    UPLOAD_LIMITS_TRACKED = 1024,
    UPLOAD_LIMITS_MAX = 8,   /* the largest limit */
    UPLOAD_LIMITS_IDLE = 15, /* seconds without a part, after which an upload gives way */
};

struct upload_limits;

/* Create an empty table in which each client has at most ${each} uploads, 1 to UPLOAD_LIMITS_MAX.
 * Returns NULL if memory is short. */
struct upload_limits *upload_limits_new(int each);

/* Wipe and free ${u}.  NULL is allowed. */
void upload_limits_free(struct upload_limits *u);

/*
 * Count a new upload of the client ${key} at ${now_ms} of the monotonic clock.  It counts for
 * ${ttl} seconds at most.  If the client has as many as it may have already, the one without a
 * part for longest no longer counts, though it can still be finished, once it has been idle for
 * UPLOAD_LIMITS_IDLE.  Returns a ticket for upload_limits_name() or upload_limits_cancel(); or 0 if
 * none of them has been idle for so long.
 */
MUST_CHECK
uint64_t upload_limits_begin(struct upload_limits *u, const uint8_t key[static 16], int64_t ttl,
                             int64_t now_ms);

/* The upload of ${ticket} is now the secret ${id}, which is at ${ref} in the store. */
void upload_limits_name(struct upload_limits *u, uint64_t ticket, const char *id,
                        const struct store_ref *ref);

/* The upload of ${ticket} came to nothing and no longer counts. */
void upload_limits_cancel(struct upload_limits *u, uint64_t ticket);

/* A part of ${id} arrived at ${now_ms}.  Unknown ids are ignored. */
void upload_limits_touch(struct upload_limits *u, const char *id, int64_t now_ms);

/* ${id} is complete or burnt and no longer counts.  Unknown ids are ignored. */
void upload_limits_end(struct upload_limits *u, const char *id);

struct upload_limits_begun {
    uint64_t ticket;
    struct store_ref ref; /* len 0 before upload_limits_name() */
};

/*
 * Fill ${out} with the uploads of the client ${key}.  Where several servers share a store, another
 * one may have seen the end of an upload, so the caller can check each in the store.  Returns their
 * number.
 */
size_t upload_limits_list(struct upload_limits *u, const uint8_t key[static 16],
                          struct upload_limits_begun out[static UPLOAD_LIMITS_MAX]);

#endif
