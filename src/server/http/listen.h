/* SPDX-License-Identifier: MIT */
/*
 * The socket that connections come to.
 */
#ifndef SERVER_HTTP_LISTEN_H
#define SERVER_HTTP_LISTEN_H

#include <stdbool.h>

#include "base/buf.h"

struct listener {
    int fd;
    char open[160]; /* what to open in a browser: "http://127.0.0.1:8080/", or "unix:PATH" */
    char path[108]; /* of a unix socket that this process made, else "" */
    bool passed;    /* by systemd, whose socket it stays */
};

/*
 * Listen on ${where}: ADDRESS:PORT, [ADDRESS]:PORT (numbers, no names; port 0 is any free one) or
 * unix:PATH (a stale socket is replaced; mode 0660).  Where systemd passed one socket (LISTEN_PID,
 * LISTEN_FDS in ${env}) that is used, whatever ${where} says.  Returns 0, ERR_CONFIG or ERR_IO with
 * the reason in ${why}, which names ${setting}: where ${where} comes from.
 */
MUST_CHECK
int listen_open(const char *setting, const char *where, char *const env[], struct listener *out,
                struct buf *why);

/*
 * Refuse connections from now on; a thread that accepts may still use the descriptor.  A socket of
 * systemd goes on listening: what comes waits for the next process.
 */
void listen_stop(struct listener *l);

/* Close the socket of ${l}, and remove it from the file system if this process put it there. */
void listen_close(struct listener *l);

#endif
