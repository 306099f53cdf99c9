/* SPDX-License-Identifier: MIT */
/*
 * Takes connections from a listening socket, on a thread of its own: so that who has run out of
 * descriptors or of room rests instead of asking again and again, and nobody is counted twice.
 */
#ifndef SERVER_HTTP_ACCEPTOR_H
#define SERVER_HTTP_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/compiler.h"

struct acceptor;

/* What the connections go to; called on the acceptor's thread with ${arg}. */
struct acceptor_sink {
    /* Whether there is no room for one more: they wait in the listening socket then. */
    bool (*full)(void *arg);
    /* Take the connection ${fd} of ${peer}, to serve or to close.  It does not block. */
    void (*take)(void *arg, int fd, const struct sockaddr *peer, socklen_t len);
    void *arg;
};

/* Take connections of ${listen_fd}, which stays the caller's.  Returns NULL if memory, threads or
 * descriptors are short. */
struct acceptor *acceptor_start(int listen_fd, const struct acceptor_sink *sink);

/* Take no more; none is being taken any more when this returns.  NULL is allowed. */
void acceptor_stop(struct acceptor *a);

#endif
