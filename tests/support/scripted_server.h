/* SPDX-License-Identifier: MIT */
/*
 * A server on loopback that responds to the requests of a test, each with the next line of a
 * script, and keeps what it received.
 */
#ifndef SCRIPTED_SERVER_H
#define SCRIPTED_SERVER_H

#include <stddef.h>

enum script_end {
    SCRIPT_KEEP,  /* the connection stays for the next request */
    SCRIPT_CLOSE, /* it is closed after the response */
    SCRIPT_HANG,  /* nothing more is sent until the server is stopped */
};

struct script_line {
    const char *reply; /* sent after a whole request was read; NULL for nothing */
    enum script_end end;
};

enum { SCRIPT_REQUESTS = 8, SCRIPT_REQUEST_MAX = 8192 };

struct scripted_server;

/* Start a server that plays the ${count} lines, which must outlive it, and then closes. */
struct scripted_server *scripted_server_start(const struct script_line *lines, size_t count);
void scripted_server_stop(struct scripted_server *s);

int scripted_server_port(const struct scripted_server *s);

/* Returns the number of accepted connections, and the ${i}th request as it came (cut at its
 * limit). */
int scripted_server_connections(struct scripted_server *s);
const char *scripted_server_request(struct scripted_server *s, size_t i);

#endif
