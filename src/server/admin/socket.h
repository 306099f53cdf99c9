/* SPDX-License-Identifier: MIT */
/*
 * The operator's socket.  A connection sends one request, a line of at most ADMIN_REQUEST_MAX
 * bytes, and gets lines until the server closes it: the answer, and after events that were not
 * followed the line {"end":true}.  Nothing here is reachable by TCP, and nothing that clients do
 * takes its threads or connections.
 */
#ifndef SERVER_ADMIN_SOCKET_H
#define SERVER_ADMIN_SOCKET_H

#include "admin/admin.h"

struct admin_socket;

/* Answer the connections to the listening socket ${fd}, which stays the caller's, by ${admin}.
 * Returns NULL if memory or threads are short. */
struct admin_socket *admin_socket_start(int fd, const struct admin *admin);

/* Shut the listening socket down, let running requests end, close every connection and free ${s}.
 * NULL is allowed. */
void admin_socket_stop(struct admin_socket *s);

#endif
