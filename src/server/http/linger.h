/* SPDX-License-Identifier: MIT */
/*
 * A client that is refused while it still sends must be able to read why.  Closing a socket with
 * unread bytes resets the connection, and the answer may be lost with it; so the socket is kept a
 * little while after the answer, and what comes is thrown away.
 */
#ifndef SERVER_HTTP_LINGER_H
#define SERVER_HTTP_LINGER_H

#include "base/compiler.h"

struct lingers;

enum { LINGER_MAX = 256 };

/* At most ${max} sockets, LINGER_MAX if that is less.  Nothing lingers yet, and no thread runs.
 * Returns NULL if memory is short. */
struct lingers *linger_new(unsigned max);

/*
 * The answer to socket ${fd} was sent and its owner closes it now: on a copy of the descriptor, end
 * our side, then read and drop what comes until the client closes too, for 10 s and 64 MiB at most.
 * When too many linger already nothing is done.  Any thread; never blocks.
 */
void linger_add(struct lingers *l, int fd);

/* Close all.  NULL is allowed. */
void linger_free(struct lingers *l);

#endif
