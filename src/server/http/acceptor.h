/* SPDX-License-Identifier: MIT */
/*
 * Accepts connections on a thread of its own.  At a limit of descriptors or connections it pauses
 * instead of spinning in accept(), and each client is counted once.
 */
#ifndef SERVER_HTTP_ACCEPTOR_H
#define SERVER_HTTP_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/compiler.h"

struct acceptor;

/* Where the connections go.  Called on the acceptor's thread with ${arg}. */
struct acceptor_sink {
    /* Whether there is no room for another connection: it stays in the listening socket then. */
    bool (*full)(void *arg);
    /* Take connection ${fd} of ${peer}, to serve or to close it.  Does not block. */
    void (*take)(void *arg, int fd, const struct sockaddr *peer, socklen_t len);
    void *arg;
};

/* Accept connections of ${listen_fd}, which the caller closes after acceptor_stop().  Returns NULL
 * if memory, threads or descriptors are short. */
struct acceptor *acceptor_start(int listen_fd, const struct acceptor_sink *sink);

/* Stop accepting and free ${a}; the sink is not called any more.  NULL is allowed. */
void acceptor_stop(struct acceptor *a);

#endif
