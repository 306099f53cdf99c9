/* SPDX-License-Identifier: MIT */
/*
 * Client addresses: parsed, masked and looked for behind trusted proxies.
 */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct sockaddr;

/* An IPv6 address, or an IPv4 one mapped into ::ffff:0:0/96.  All zero for a unix socket. */
struct http_address {
    uint8_t bytes[16];
    bool local; /* came over a unix socket */
};

struct http_network {
    struct http_address base;
    int prefix; /* bits, counted in the mapped form: 0..128 */
};

enum { HTTP_TRUSTED_MAX = 32 };

/* Who may name the client's address. */
struct http_trusted {
    struct http_network networks[HTTP_TRUSTED_MAX];
    int count;
};

/* The address of a peer; anything but IPv4 and IPv6 is a local socket. */
struct http_address http_address_of(const struct sockaddr *sa);

/* Parse "192.0.2.1" or "2001:db8::1" (without brackets, port or zone).  Returns 0
 * or ERR_INVALID. */
MUST_CHECK
int http_address_parse(const char *text, size_t len, struct http_address *out);

/* Parse a comma-separated list of addresses and prefixes ("127.0.0.0/8, ::1").  Returns 0 or
 * ERR_INVALID. */
MUST_CHECK
int http_trusted_parse(const char *text, struct http_trusted *out);

/* Whether ${a} is a local socket or in one of the networks ${t}. */
bool http_address_trusted(const struct http_trusted *t, const struct http_address *a);

/*
 * The client behind ${peer}: the peer itself unless it is trusted; else the rightmost hop of
 * ${forwarded_for} (X-Forwarded-For, NULL if absent) that is not trusted.  What cannot be parsed
 * ends the search at the last address that could.  No other header names a client: a proxy sets one
 * and hands on what the client wrote into the others.
 */
struct http_address http_address_client(const struct http_trusted *trusted,
                                        struct http_address peer, const char *forwarded_for);

enum { HTTP_PREFIX_LEN = 48 };

/* Write the network of ${a}, IPv4 by its /24 and IPv6 by its /48, or "local", to ${out}. */
void http_address_prefix(const struct http_address *a, char out[static HTTP_PREFIX_LEN]);

/* The key a client is counted by: IPv4 whole, IPv6 by its /64. */
void http_address_group(const struct http_address *a, uint8_t key[static 16]);

#endif
