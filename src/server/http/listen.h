/* SPDX-License-Identifier: MIT */
/*
 * The listening socket.
 */
#ifndef SERVER_HTTP_LISTEN_H
#define SERVER_HTTP_LISTEN_H

#include <stdbool.h>

#include "base/buf.h"

struct listener {
    int fd;
    char open[160]; /* the address to open: "http://127.0.0.1:8080/", or "unix:PATH" */
    int port;       /* 0 for a unix socket */
    char path[108]; /* of a unix socket that this process made, else "" */
    bool passed;    /* by systemd, which keeps the socket */
};

/*
 * Listen on ${where}: ADDRESS:PORT, [ADDRESS]:PORT (numbers, no names; port 0 is any free one) or
 * unix:PATH (a stale socket is replaced; mode 0660).  Returns 0; or ERR_CONFIG or ERR_IO with a
 * line in ${reason}, which calls the setting that ${where} comes from ${setting}.
 */
MUST_CHECK
int listen_open(const char *setting, const char *where, struct listener *out, struct buf *reason);

/*
 * Use a socket that systemd passed (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES in ${env}): with
 * ${opening} the one that is called "open", else the other one.  Returns 1; 0 if there is none; or
 * ERR_CONFIG or ERR_IO with a line in ${reason}.
 */
MUST_CHECK
int listen_passed(bool opening, char *const env[], struct listener *out, struct buf *reason);

/*
 * Listen on ${where}, which must be unix:PATH, with mode 0600: only this user and root connect.
 * Returns as listen_open().
 */
MUST_CHECK
int listen_open_private(const char *setting, const char *where, struct listener *out,
                        struct buf *reason);

/*
 * Refuse new connections.  A thread that accepts may still use the descriptor.  A socket of systemd
 * keeps listening: new connections wait for the next process.
 */
void listen_stop(struct listener *l);

/* Close the socket of ${l}, and remove it from the file system if this process put it there. */
void listen_close(struct listener *l);

#endif
