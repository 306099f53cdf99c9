/* SPDX-License-Identifier: MIT */
/*
 * One request on its way through the adapter, and the state that daemon.c and request.c share.
 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/jobs.h"
#include "server/http/acceptor.h"
#include "server/http/budget.h"
#include "server/http/conns.h"
#include "server/http/daemon.h"
#include "server/http/linger.h"
#include "server/http/request_log.h"
#include "server/process/ticker.h"

/* A listener, and the thread that accepts its connections. */
struct listening {
    struct daemon *daemon;
    const struct daemon_listener *listener;
    struct acceptor *acceptor;
};

struct daemon {
    struct daemon_config config;
    struct MHD_Daemon *library;
    struct listening listening[DAEMON_LISTENERS_MAX];
    const struct daemon_listener **listener_of; /* of each connection, by its descriptor */
    struct ticker *waker;
    struct jobs *workers; /* for what may block */
    struct conns *conns;
    struct lingers *linger;
    struct request_log *log;
    struct budget *bodies;
    struct budget *responses; /* to requests that use something up */
    struct budget *downloads; /* to GET and HEAD, which can be repeated */
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards running and closed */
    pthread_cond_t quiet; /* running has become 0 */
    unsigned running;     /* requests between their head and the end of their response */
    bool closed;          /* no request begins any more */
};

/* What is kept of ${connection} while it is open. */
struct conn *request_conn(struct MHD_Connection *connection);

/* Begin a request whose target is ${target}.  Returns the request, which request_end() frees, or
 * NULL if memory is short. */
void *request_begin(void *daemon, const char *target, struct MHD_Connection *connection);

/* The access handler: called for the head, for each part of the body, and at the end of it. */
enum MHD_Result request_step(void *daemon, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_len, void **request);

/* ${connection} is about to be closed: log what was refused on it before it was a request. */
void request_end_unread(struct daemon *d, struct MHD_Connection *connection);

/* ${request} has ended, with or without a response: log it and free it. */
void request_end(void *daemon, struct MHD_Connection *connection, void **request,
                 enum MHD_RequestTerminationCode code);

#endif
