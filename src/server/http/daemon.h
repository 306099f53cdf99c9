/* SPDX-License-Identifier: MIT */
/*
 * HTTP by libmicrohttpd: a thin adapter between sockets and the functions of api/api.h.  A few
 * threads do all reading and writing; what may block runs on workers meanwhile (base/jobs.h).
 */
#ifndef SERVER_HTTP_DAEMON_H
#define SERVER_HTTP_DAEMON_H

#include <stdbool.h>

#include "api/api.h"
#include "http/address.h"
#include "server/metrics/metrics.h"

struct daemon;

struct daemon_config {
    int listen_fd;        /* stays the caller's to close, after daemon_stop() */
    unsigned descriptors; /* of this process: each is a number below this */
    struct api *api;
    struct metrics *metrics;            /* counts every answer; NULL for none */
    const struct http_trusted *trusted; /* proxies that name the client's address */
    unsigned io_threads;
    unsigned workers_max; /* requests that block at once */
    unsigned queue_max;   /* requests that wait for a worker; more are answered 503 */
    unsigned connections_max;
    unsigned lingering_max;  /* sockets beside those, whose answer was sent (linger.h) */
    unsigned per_client_max; /* connections of one client */
    unsigned kept_max;       /* connections that stay open after an answer */
    size_t body_budget;      /* bytes of request bodies in memory; more are answered 503 */
    size_t response_budget;  /* bytes of answers that wait for their readers; as above */
    size_t body_share;       /* of that for bodies, for one client */
    size_t body_scarce;      /* the same, once half of it is held: budget.h */
    size_t response_share;   /* of that for answers, for one client */
};

/* Serve as ${config} says; all it points to outlives the server.  Returns NULL if that fails. */
struct daemon *daemon_start(const struct daemon_config *config);

/*
 * Whether the threads still do their work.  Those that do I/O: each is given a connection that is
 * closed already, and closes its end within ${ms} milliseconds for all of them; taken to be so also
 * where that cannot be tried, for want of descriptors or of room for connections.  The workers: no
 * request waits while none was taken up for ${work_ms} milliseconds.  Never beside daemon_stop().
 */
bool daemon_threads_alive(struct daemon *d, int ms, int work_ms);

/*
 * With the listening socket shut down, or left to who passed it: let the requests that run end for
 * ${ms} milliseconds at most.  Returns true: none runs, and none begins any more; or false if some
 * still ran: then nothing that they use may be freed, and the process should end at once.
 */
MUST_CHECK
bool daemon_drain(struct daemon *d, int ms);

/* After that: close every connection and free ${d}.  NULL is allowed. */
void daemon_stop(struct daemon *d);

#endif
