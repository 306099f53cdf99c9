/* SPDX-License-Identifier: MIT */
/*
 * Addresses (RFC 3986), taken apart and put together by libcurl, so that they mean the same to the
 * code that compares them as to the client that connects.  Any thread.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

/*
 * Resolve ${reference} against the absolute address ${base} and write the result to the ${size}
 * bytes at ${out}: dot segments removed, scheme and host in lower case.  Only http and https with a
 * host, and without user and password.  Returns 0; ERR_INVALID if either is not such an address;
 * ERR_TOO_LARGE; ERR_NOMEM.
 */
MUST_CHECK
int http_url_resolve(const char *base, const char *reference, char *out, size_t size);

/*
 * Write ${address} to the ${size} bytes at ${out}, with its host in ASCII and lower case: a name of
 * other letters becomes the one that DNS has (IDNA, "xn--...").  Returns as http_url_resolve().
 */
MUST_CHECK
int http_url_ascii(const char *address, char *out, size_t size);

/*
 * Split the address ${address}.  The address without user and password goes to the ${size} bytes at
 * ${bare}.  The value of an Authorization header for user and password (RFC 7617), which is a
 * secret, is appended to ${authorization}; nothing is appended if the address has none.  Returns 0;
 * ERR_INVALID if it is not an address of http or https; ERR_TOO_LARGE; ERR_NOMEM.
 */
MUST_CHECK
int http_url_split_login(const char *address, char *bare, size_t size, struct buf *authorization);

/* Return whether what is sent to ${address}, as http_url_ascii() writes it, crosses a network
 * unencrypted: http to another host. */
bool http_url_is_exposed(const char *address);

/* Return whether the addresses ${a} and ${b} have the same scheme, host and port.  False if either
 * is not valid. */
bool http_url_same_origin(const char *a, const char *b);

#endif
