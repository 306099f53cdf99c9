/* SPDX-License-Identifier: MIT */
/*
 * Lets a client that is refused while it still sends read the response.  Closing a socket with
 * unread bytes resets the connection, and the response may be lost with it.  Therefore the socket
 * stays open for a while after the response, and what comes is dropped.
 */
#ifndef SERVER_HTTP_LINGER_H
#define SERVER_HTTP_LINGER_H

#include "base/compiler.h"
#include "http/address.h"

struct lingers;

enum { LINGER_MAX = 256 };

/* Make a list for at most ${max} sockets, and never more than LINGER_MAX, a quarter of them for one
 * client.  The thread starts with the first socket.  Returns NULL if memory or descriptors are
 * short. */
struct lingers *linger_new(unsigned max);

/*
 * The response to ${client} on socket ${fd} was sent, and the caller closes ${fd} now.  On a copy
 * of the descriptor: end our side, then read and drop what comes until the client closes, for at
 * most 10 s and 64 MiB.  Does nothing if too many sockets linger, of all or of ${client}.  Any
 * thread; never blocks.
 */
void linger_add(struct lingers *l, int fd, const struct http_address *client);

/* Close all sockets and free ${l}.  NULL is allowed. */
void linger_free(struct lingers *l);

#endif
