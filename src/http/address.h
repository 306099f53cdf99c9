/* SPDX-License-Identifier: MIT */
/*
 * Client addresses: parse and mask them, and find the client of a trusted proxy.
 */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/party.h"

struct sockaddr;

/* An IPv6 address, or an IPv4 address mapped to ::ffff:0:0/96.  All zero for a Unix socket. */
struct http_address {
    uint8_t bytes[16];
    bool local; /* a Unix socket */
};

struct http_network {
    struct http_address base;
    int prefix; /* bits of the mapped form, 0 to 128 */
};

enum { HTTP_TRUSTED_MAX = 32 };

/* The peers that may name the address of a client. */
struct http_trusted {
    struct http_network networks[HTTP_TRUSTED_MAX];
    int count;
};

/* The address of the peer ${sa}.  Any family but IPv4 and IPv6 counts as a Unix socket. */
struct http_address http_address_of(const struct sockaddr *sa);

/* Parse "192.0.2.1" or "2001:db8::1" (without brackets, port or zone).  Returns 0
 * or ERR_INVALID. */
MUST_CHECK
int http_address_parse(const char *text, size_t len, struct http_address *out);

/* Parse a comma-separated list of addresses and prefixes ("127.0.0.0/8, ::1").  Returns 0 or
 * ERR_INVALID. */
MUST_CHECK
int http_trusted_parse(const char *text, struct http_trusted *out);

/* Add the network ${text}, ${len}, such as "192.0.2.0/24", to ${t}.  Returns 0 or ERR_INVALID. */
MUST_CHECK
int http_trusted_add(struct http_trusted *t, const char *text, size_t len);

/*
 * Take the first item of the comma-separated ${*list}: ${*item} of ${*len} characters, without
 * blanks around it.  ${*list} becomes the rest, or NULL after the last item.  Returns false if it
 * is NULL.
 */
bool http_list_next(const char **list, const char **item, size_t *len);

/* Whether ${a} is in one of the networks ${t}.  A Unix socket never is. */
bool http_address_in(const struct http_trusted *t, const struct http_address *a);

/* Whether ${a} is a Unix socket or in one of the networks ${t}. */
bool http_address_trusted(const struct http_trusted *t, const struct http_address *a);

/*
 * The client of a connection from ${peer}.  That is the peer itself unless it is trusted, else the
 * rightmost hop of ${forwarded_for} (X-Forwarded-For, NULL if absent) that is not trusted.  A hop
 * that cannot be parsed ends the search at the last hop that could.  No other header is used: a
 * proxy sets one of them and passes on the client's own values of the others.
 */
struct http_address http_address_client(const struct http_trusted *trusted,
                                        struct http_address peer, const char *forwarded_for);

enum { HTTP_PREFIX_LEN = 48 };

/* Write the network of ${a} to ${out}: the /24 of IPv4, the /48 of IPv6, or "local". */
void http_address_prefix(const struct http_address *a, char out[static HTTP_PREFIX_LEN]);

/* Set ${key} to what identifies the client ${a} in limits: the IPv4 address, or the /64 of IPv6. */
void http_address_group(const struct http_address *a, uint8_t key[static 16]);

/* Set ${key} to what identifies the network of ${a}: the /24 of IPv4, the /48 of IPv6. */
void http_address_network(const struct http_address *a, uint8_t key[static 16]);

/* Both of them for ${a}. */
struct party http_address_party(const struct http_address *a);

#endif
