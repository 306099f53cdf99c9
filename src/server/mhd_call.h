/* SPDX-License-Identifier: MIT */
/*
 * One request on its way through the adapter: what mhd.c and mhd_call.c share.
 */
#ifndef SERVER_MHD_CALL_H
#define SERVER_MHD_CALL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/acceptor.h"
#include "server/budget.h"
#include "server/conns.h"
#include "server/linger.h"
#include "server/mhd.h"
#include "server/ticker.h"
#include "server/workers.h"

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
