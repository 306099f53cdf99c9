/* SPDX-License-Identifier: MIT */
/*
 * The connections that are open: each has a deadline for what it does now, and a client has at most
 * so many.  A connection that is too slow is shut down, whatever it trickles in.  Every function
 * may be called from any thread.
 */
#ifndef SERVER_HTTP_CONNS_H
#define SERVER_HTTP_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/address.h"

struct conns;
struct conn;

enum {
    CONN_IDLE_MS = 75 * 1000,     /* between requests: longer than a proxy in front keeps one */
    CONN_HEADER_MS = 10 * 1000,   /* for a head: from the connection, or from its first line */
    CONN_TRANSFER_MS = 15 * 1000, /* for a body or an answer, on top of what its bytes allow */
    CONN_BYTES_PER_MS = 16,       /* slowest rate of either that is accepted: 16 KiB/s */
};

struct conns_limits {
    unsigned descriptors; /* of this process: no connection has a number from here on */
    unsigned open;        /* connections of all */
    unsigned per_client;  /* of one client (IPv6 by its /64); trusted proxies and local sockets are
                             no clients */
    unsigned kept;        /* that stay open after an answer */
};

/* Watch connections within ${limits}.  Returns NULL if memory or threads are short. */
struct conns *conns_new(const struct conns_limits *limits, const struct http_trusted *trusted);

/* End the watch; no connection is left. */
void conns_free(struct conns *c);

/* Whether there is no room for one more. */
bool conns_full(struct conns *c);

/* How many are open. */
unsigned conns_open(struct conns *c);

/*
 * Count connection ${fd} of ${peer}, which was just accepted; false if that is one too many or
 * memory is short.  It is watched from conns_serve() on; one that is closed before that is
 * forgotten when its number comes again.
 */
MUST_CHECK
bool conns_admit(struct conns *c, int fd, struct http_address peer);

/* How many were admitted and have not asked for anything yet. */
unsigned conns_fresh(struct conns *c);

/* The served ${conn} has asked for something; its own thread says so. */
void conns_asked(struct conns *c, struct conn *conn);

/* Watch the admitted connection ${fd} until conns_remove(). */
struct conn *conns_serve(struct conns *c, int fd);

/* ${conn} is about to be closed; its descriptor still is its own. */
void conns_remove(struct conns *c, struct conn *conn);

/* Whether ${conn} may stay open after its answer: one that was used holds more memory than a new
 * one does. */
bool conns_keep(struct conns *c, struct conn *conn);

/* Give ${conn} ${ms} from now for what it does next; 0 for any time. */
void conn_allow(struct conn *conn, int64_t ms);

/* As conn_allow(), unless it has less time already. */
void conn_hurry(struct conn *conn, int64_t ms);

/* Give ${conn} time to send on: ${bytes} came since ${began_ms}. */
void conn_received(struct conn *conn, int64_t began_ms, uint64_t bytes);

/* Time to move ${bytes}. */
int64_t conn_transfer_ms(uint64_t bytes);

#endif
