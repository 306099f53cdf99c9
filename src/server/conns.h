/* SPDX-License-Identifier: MIT */
/*
 * The connections that are open: each has a deadline for what it does now, and a client has at most
 * so many.  A connection that is too slow is shut down, whatever it trickles in.  Every function
 * may be called from any thread.
 */
#ifndef SERVER_CONNS_H
#define SERVER_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/address.h"

struct conns;
struct conn;

enum {
    CONN_IDLE_MS = 75 * 1000,     /* between requests: longer than a proxy in front keeps one */
    CONN_HEADER_MS = 15 * 1000,   /* from the connection to the end of the first request's head */
    CONN_TRANSFER_MS = 15 * 1000, /* for a body, on top of what its length allows */
    CONN_BYTES_PER_MS = 16,       /* slowest rate of a body that is accepted: 16 KiB/s */
};

/*
 * Watch connections, at most ${per_client} of one client (IPv6 by its /64); trusted proxies and
 * local sockets are no clients.  Returns NULL if memory or threads are short.
 */
struct conns *conns_new(unsigned per_client, const struct http_trusted *trusted);

/* End the watch; no connection is left. */
void conns_free(struct conns *c);

/* Whether ${peer} may open one more connection. */
bool conns_admit(struct conns *c, struct http_address peer);

/* Watch socket ${fd} of ${peer}.  Returns NULL if memory is short: it is not watched then. */
struct conn *conns_add(struct conns *c, int fd, struct http_address peer);

/* ${conn}, which may be NULL, is about to be closed; its descriptor still is its own. */
void conns_remove(struct conns *c, struct conn *conn);

/* Give ${conn}, which may be NULL, ${ms} from now for what it does next; 0 for any time. */
void conn_allow(struct conn *conn, int64_t ms);

/* Time to move ${bytes}. */
int64_t conn_transfer_ms(uint64_t bytes);

#endif
