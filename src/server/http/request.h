/* SPDX-License-Identifier: MIT */
/*
 * One request on its way through the adapter: what mhd.c and mhd_call.c share.
 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/http/acceptor.h"
#include "server/http/budget.h"
#include "server/http/conns.h"
#include "server/http/daemon.h"
#include "server/http/linger.h"
#include "server/http/workers.h"
#include "server/process/ticker.h"

struct mhd {
    struct mhd_config config;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    struct ticker *nudger;
    struct workers *workers;
    struct conns *conns;
    struct lingers *linger;
    struct budget *bodies;
    struct budget *answers;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards running and closed */
    pthread_cond_t quiet; /* running came down to 0 */
    unsigned running;     /* requests between their head and the end of their answer */
    bool closed;          /* no request is begun any more */
};

/* A new request whose line is ${target}, before anything else of it is looked at. */
void *call_begin(void *mhd, const char *target, struct MHD_Connection *connection);

/* libmicrohttpd's access handler: at the head, for each piece of the body, and at its end. */
enum MHD_Result call_step(void *mhd, struct MHD_Connection *connection, const char *url,
                          const char *method, const char *version, const char *upload,
                          size_t *upload_len, void **call);

/* The request is over, well or not. */
void call_end(void *mhd, struct MHD_Connection *connection, void **call,
              enum MHD_RequestTerminationCode why);

/* Do the work of a request on a worker. */
void call_work(struct work *work);

#endif
