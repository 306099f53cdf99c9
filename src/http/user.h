/* SPDX-License-Identifier: MIT */
/*
 * The user that a proxy names after a sign-in, in a header such as X-Forwarded-User.
 */
#ifndef HTTP_USER_H
#define HTTP_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

enum { HTTP_USER_MAX = 255, HTTP_USER_HEADER_MAX = 64 };

/* Comes before the name of an API token where a user may be named as well.  No user's name begins
 * with it, in upper or lower case. */
#define HTTP_USER_OF_TOKEN "token:"

/* The peers that name users. */
struct http_user_proxies {
    struct http_trusted networks;
    bool local; /* peers on a unix socket */
};

/*
 * Parse ${list}: addresses and networks as in http_trusted_parse(), and the word "unix", separated
 * by commas.  "" is nobody.  Returns 0 or ERR_INVALID.
 */
MUST_CHECK
int http_user_proxies_parse(const char *list, struct http_user_proxies *out);

/* Whether ${name} can be the name of the header: a token that is none of the headers which the
 * server or HTTP use otherwise. */
bool http_user_is_header(const char *name);

/*
 * The user that ${peer}, the other end of a connection, names by ${value}, the value of the header,
 * which came in ${lines} lines.  Returns ${value}; or NULL if the peer is none of ${proxies}, or
 * the header did not come exactly once, or its value is no name.
 */
const char *http_user_of(const struct http_user_proxies *proxies, const struct http_address *peer,
                         const char *value, unsigned lines);

/* Whether ${name} can be the name of a user: 1 to HTTP_USER_MAX bytes of UTF-8 without control and
 * hidden characters (base/text/hidden.h), neither of spaces alone nor beginning
 * with HTTP_USER_OF_TOKEN. */
bool http_user_is_name(const char *name);

#endif
