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
    CONN_TRANSFER_MS = 15 * 1000, /* for a small body or a response, in addition to its bytes */
    CONN_BYTES_PER_MS = 8,        /* slowest accepted rate of a client: 8 KiB/s (senders.h) */
    CONN_RESPONSES = 4,           /* responses to one client that may share this rate */
    CONN_BODY_SMALL = 16 * 1024,  /* bodies up to this length have deadlines of their own */
    CONN_BODY_MS = 60 * 1000,     /* for a larger one, in addition to its bytes */
    CONN_BODY_MS_PER_BYTE = 2,    /* slowest accepted rate of one of several: 512 B/s */
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

/* Keep the request that has begun on ${conn}.  Called on the thread that serves it. */
void conn_keep_request(struct conn *conn, void *request);

/* The request of conn_keep_request(), and forget it; NULL if there is none. */
void *conn_take_request(struct conn *conn);

/* Remember that a refusal with ${status} was sent on ${conn}, whose connection ends. */
void conn_refuse(struct conn *conn, unsigned status);

/* The status of conn_refuse(), and forget it; 0 if nothing was refused. */
unsigned conn_take_refusal(struct conn *conn);

/* Give ${conn} ${ms} from now for its next step; 0 for no limit. */
void conn_allow(struct conn *conn, int64_t ms);

/* As conn_allow(), unless it already has less time. */
void conn_hurry(struct conn *conn, int64_t ms);

/* A body of ${len} bytes of ${client} begins on ${conn}, until conns_body_ends().  Its deadline is
 * set, and if it is large, that of all bodies of the client. */
void conns_body_begins(struct conns *c, struct conn *conn, const struct http_address *client,
                       uint64_t len);

/* ${bytes} more of the body on ${conn} have come, which gives it time for more.  Called on the
 * thread that serves it. */
void conn_body_received(struct conn *conn, uint64_t bytes);

/* The body on ${conn} is complete, or was not: no pace holds for it any more. */
void conns_body_ends(struct conns *c, struct conn *conn);

/* Milliseconds allowed for a response of ${bytes}. */
int64_t conn_response_ms(uint64_t bytes);

#endif
