/* SPDX-License-Identifier: MIT */
/*
 * The open connections.  Each has a deadline for its current step, and a client has a limited
 * number of them.  A connection past its deadline is shut down, however slowly bytes still trickle
 * in.  Every function may be called from any thread.
 */
#ifndef SERVER_HTTP_CONNS_H
#define SERVER_HTTP_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/address.h"

struct conns;
struct conn;

enum {
    CONN_IDLE_MS = 75 * 1000,     /* between requests; longer than proxies keep a connection */
    CONN_HEADER_MS = 10 * 1000,   /* for a head, from the connection or from its first line */
    CONN_TRANSFER_MS = 15 * 1000, /* for a body or a response, in addition to its bytes */
    CONN_BYTES_PER_MS = 16,       /* slowest accepted rate of either: 16 KiB/s */
};

struct conns_limits {
    unsigned descriptors; /* of this process: every descriptor is below this */
    unsigned open;        /* connections of all */
    unsigned per_client;  /* of one client (IPv6 by its /64); trusted proxies and local sockets are
                             not counted */
    unsigned kept;        /* that stay open after a response */
};

/* Watch connections within ${limits}.  Returns NULL if memory or threads are short. */
struct conns *conns_new(const struct conns_limits *limits, const struct http_trusted *trusted);

/* Stop watching and free ${c}; no connection is open any more.  NULL is allowed. */
void conns_free(struct conns *c);

/* Whether the limit of open connections is reached. */
bool conns_full(struct conns *c);

/* How many are open. */
unsigned conns_open(struct conns *c);

/*
 * Count connection ${fd} of ${peer}, which was just accepted.  Returns false if a limit is reached
 * or memory is short.  It is watched from conns_serve() on.  One that is closed before that is
 * forgotten when its descriptor is used again.
 */
MUST_CHECK
bool conns_admit(struct conns *c, int fd, struct http_address peer);

/* How many were admitted and have sent no request yet. */
unsigned conns_fresh(struct conns *c);

/* A request has come on ${conn}.  Called on the thread that serves it. */
void conns_asked(struct conns *c, struct conn *conn);

/* Watch the admitted connection ${fd} until conns_remove(). */
struct conn *conns_serve(struct conns *c, int fd);

/* Forget ${conn}, which is about to be closed: its descriptor is still open. */
void conns_remove(struct conns *c, struct conn *conn);

/* Whether ${conn} may stay open after its response.  Their number is limited, since a connection
 * that was used holds more memory than a new one. */
bool conns_keep(struct conns *c, struct conn *conn);

/* Remember that a refusal with ${status} was sent on ${conn}, whose connection ends. */
void conn_refuse(struct conn *conn, unsigned status);

/* The status of conn_refuse(), and forget it; 0 if nothing was refused. */
unsigned conn_take_refusal(struct conn *conn);

/* Give ${conn} ${ms} from now for its next step; 0 for no limit. */
void conn_allow(struct conn *conn, int64_t ms);

/* As conn_allow(), unless it already has less time. */
void conn_hurry(struct conn *conn, int64_t ms);

/* Give ${conn} time to send more: ${bytes} have come since ${began_ms}. */
void conn_received(struct conn *conn, int64_t began_ms, uint64_t bytes);

/* Milliseconds allowed for ${bytes}. */
int64_t conn_transfer_ms(uint64_t bytes);

#endif
