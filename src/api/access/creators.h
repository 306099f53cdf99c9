/* SPDX-License-Identifier: MIT */
/*
 * Who may create secrets (SECRETS_CREATE).  Pure: what is known about a request gives a right or
 * none.
 */
#ifndef API_ACCESS_CREATORS_H
#define API_ACCESS_CREATORS_H

#include <stdbool.h>

#include "api/web/site.h"
#include "http/address.h"
#include "http/message.h"

/* What can give the right, as bits. */
enum {
    CREATORS_TOKEN = 1,   /* an API token */
    CREATORS_USER = 2,    /* a user that a proxy names */
    CREATORS_NETWORK = 4, /* an address in one of the networks */
};

struct creators {
    bool limited;  /* false: anyone may create */
    unsigned ways; /* any of them suffices; 0: nobody may create, if limited */
    struct http_trusted networks;
};

/*
 * Parse ${list}: "anyone", "nobody", or "token", "user" and networks separated by commas.  Returns
 * 0 or ERR_INVALID.
 */
MUST_CHECK
int creators_parse(const char *list, struct creators *out);

/* The plane on which a request is served that came to ${plane}: where nobody may create, what
 * creates does not exist. */
enum http_plane creators_plane(const struct creators *c, enum http_plane plane);

/* What is known about a request. */
struct creators_facts {
    enum http_plane plane;
    enum site site;
    bool token; /* it has a valid API token */
    bool user;  /* a trusted proxy named its user */
    /* The address of the client; NULL if it is not known who the client is, such as behind a proxy
     * that names none. */
    const struct http_address *client;
};

/*
 * The ways, as bits, in which ${c} gives the request of ${facts} the right to create.  A browser
 * sends its user and its address with requests of every page.  Therefore these count only for this
 * server's page, and the address also for a page of SECRETS_ORIGINS.
 */
unsigned creators_ways(const struct creators *c, const struct creators_facts *facts);

/* Whether ${c} gives the request of ${facts} the right to create. */
bool creators_allow(const struct creators *c, const struct creators_facts *facts);

#endif
