/* SPDX-License-Identifier: MIT */
/*
 * The pace of clients that send large bodies.  It holds for all bodies of a client together: on a
 * thin line some of them move and others hardly do.  Any thread.
 */
#ifndef SERVER_HTTP_SENDERS_H
#define SERVER_HTTP_SENDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/address.h"

enum {
    SENDER_START_MS = 15 * 1000, /* for all bodies of a client, in addition to their bytes */
    SENDER_BYTES_PER_MS = 8,     /* slowest accepted rate of all of them: 8 KiB/s */
    SENDER_AHEAD_MS = 75 * 1000, /* most time that bytes can gain */
};

struct senders;
struct sender;

/* An empty table.  NULL if memory is short. */
struct senders *senders_new(void);

/* Free ${s}, which no body refers to any more.  NULL is allowed. */
void senders_free(struct senders *s);

/* A body of ${client} begins at ${now_ms}.  Returns its sender, for senders_leave(); NULL if memory
 * is short. */
struct sender *senders_join(struct senders *s, const struct http_address *client, int64_t now_ms);

/* A body of ${sender} is complete, or its connection has ended. */
void senders_leave(struct senders *s, struct sender *sender);

/* ${bytes} of a body of ${sender} have come by ${now_ms}. */
void sender_received(struct sender *sender, uint64_t bytes, int64_t now_ms);

/* Return whether ${sender} is slower than it may be at ${now_ms}. */
bool sender_is_late(const struct sender *sender, int64_t now_ms);

#endif
