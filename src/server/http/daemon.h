/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 between sockets and the functions of api/api.h.  A few threads do all reading and
 * writing.  What may block runs on workers (base/jobs.h).
 */
#ifndef SERVER_HTTP_DAEMON_H
#define SERVER_HTTP_DAEMON_H

#include <stdbool.h>

#include "api/api.h"
#include "http/address.h"
#include "http/user.h"
#include "server/http/budget.h"
#include "server/metrics/metrics.h"
#include "settings/hosts.h"

struct daemon;

enum { DAEMON_LISTENERS_MAX = 2 };

struct daemon_listener {
    int fd;                /* the caller closes it after daemon_stop() */
    int port;              /* 0 for a unix socket */
    enum http_plane plane; /* of all its requests */
};

struct daemon_config {
    const char *name; /* of the I/O threads; at most 15 bytes */
    struct daemon_listener listeners[DAEMON_LISTENERS_MAX];
    unsigned listener_count;
    struct api *api;

    /* Instead of ${api}, if not NULL: responds to every request on the I/O thread, without its
     * body.  ${api} is then needed only with ${hosts}, for the name of the page. */
    void (*answer)(void *arg, const struct http_request *req, struct http_response *resp);
    void *answer_arg;

    struct metrics *metrics;            /* counts every response; NULL for none */
    const struct random *random;        /* for the log of requests; NULL for no log */
    const struct http_trusted *trusted; /* proxies that name the client's address */
    const struct hosts *hosts;          /* names that Host may have, among others; NULL: any */
    const char *user_header;            /* that names users; "" or NULL for none */
    const struct http_user_proxies *user_proxies; /* who may name them there */
    unsigned io_threads;
    unsigned workers_max; /* requests that block at once */
    unsigned queue_max;   /* requests that wait for the store without a worker; more are answered
                             503 */
    int store_ms;         /* how long a request waits for the store without a worker */
    struct budget_limits connections; /* and requests that trusted proxies send at once */
    struct budget_limits lingering;   /* connections in addition, whose response was sent */
    bool oldest_gives_way;            /* at one more connection, instead of making it wait; of one
                                         I/O thread */
    unsigned kept_max;                /* connections that stay open after a response */
    size_t response_max;              /* bytes of a response */
    struct budget_limits bodies;      /* bytes of request bodies; more are answered 503 */
    struct budget_limits responses;   /* bytes of responses to POST; more are answered 503 */
    struct budget_limits downloads;   /* the same to GET, which are parts */
};

/* Serve as ${config} says; everything that it points to outlives the server.  Returns NULL if
 * memory, threads or descriptors are short. */
struct daemon *daemon_start(const struct daemon_config *config);

/*
 * Whether no thread is stuck.  Each I/O thread has to end a round within ${ms} milliseconds for all
 * threads together.  Workers are alive unless a request has been waiting while no worker took one
 * for ${work_ms} milliseconds.  Not to be called during daemon_stop().
 */
bool daemon_threads_alive(struct daemon *d, int ms, int work_ms);

/* A stop begins: accept no more, and end each connection with its next response. */
void daemon_end_connections(struct daemon *d);

/*
 * As daemon_end_connections(), and let running requests end for at most ${ms} milliseconds.  The
 * listening sockets were shut down before, or stay with the process that passed them.  Returns
 * true: no request runs, and none begins any more.  Or false: some still run, nothing that they use
 * may be freed, and the process should exit at once.
 */
MUST_CHECK
bool daemon_drain(struct daemon *d, int ms);

/* After daemon_drain() returned true: close every connection and free ${d}.  NULL is allowed. */
void daemon_stop(struct daemon *d);

#endif
