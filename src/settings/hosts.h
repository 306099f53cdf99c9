/* SPDX-License-Identifier: MIT */
/*
 * The names that the Host header of a request may have.  A page of another name can be made to
 * resolve to this server's address (DNS rebinding); its requests would then count as this server's
 * own page's.
 */
#ifndef SETTINGS_HOSTS_H
#define SETTINGS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

enum { HOSTS_MAX = 16, HOSTS_TEXT_MAX = 1023 };

/* Host names in lower case, without ports. */
struct hosts {
    const char *items[HOSTS_MAX]; /* they point into text: not to be copied */
    int count;
    char text[HOSTS_TEXT_MAX + 1];
};

/*
 * Read ${list}, host names separated by commas and spaces, of at most HOSTS_TEXT_MAX bytes; "" for
 * none.  Returns 0, or ERR_INVALID.
 */
MUST_CHECK
int hosts_parse(const char *list, struct hosts *out);

/* What is known about a request besides its Host. */
struct hosts_peer {
    const struct hosts *hosts; /* SECRETS_HOSTS */
    const char *page;          /* SECRETS_PAGE, "" for none */
    int port;                  /* that the connection came to; 0 for a unix socket */
    bool trusted;              /* the peer is a trusted proxy */
};

/*
 * Whether a request with the Host header ${host} may be served.  Always allowed are IP addresses,
 * localhost, and an empty or absent (NULL) Host, none of which DNS can point here.  Other names are
 * allowed if a setting has them, on a unix socket, and behind a trusted proxy.  A browser on the
 * proxy's machine is not behind the proxy: its Host names the port that the connection came to.
 */
bool hosts_allow(const struct hosts_peer *peer, const char *host);

#endif
