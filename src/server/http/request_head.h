/* SPDX-License-Identifier: MIT */
/*
 * Checks that the head of a request was sent as HTTP/1.1 writes it.  libmicrohttpd is lenient: a
 * bare CR or LF ends a line, a line that begins with a blank is continued or dropped, a blank
 * before a colon becomes part of the name.  A proxy that reads such a head otherwise would let a
 * client hide a request in a body (request smuggling).
 */
#ifndef SERVER_HTTP_REQUEST_HEAD_H
#define SERVER_HTTP_REQUEST_HEAD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/address.h"

/*
 * Whether the head of the request on ${connection} is strict.  To be called in the first call of
 * the access handler, with the handler's ${method}, ${url} and ${version}, and with ${target}, the
 * ${len} bytes of the target as it came (a NUL may separate the query).  Returns false for a bare
 * CR or LF, folded lines, control characters, a name that is not a token, anything between the
 * lines, a number of Host lines other than one (HTTP/1.0 may have none), a Host that is not a host,
 * and Expect without a body.
 */
bool request_head_strict(struct MHD_Connection *connection, const char *method, const char *url,
                         const char *version, const char *target, size_t len);

/* The other end of ${connection}, which may be a proxy. */
struct http_address request_head_peer(struct MHD_Connection *connection);

/* Options of the library: the memory of a connection, for the head and some body of a request and
 * for the head of its response, and the steps in which it is used. */
enum { REQUEST_HEAD_POOL = 16 * 1024, REQUEST_HEAD_STEP = 4 * 1024 };

/*
 * Whether the head on ${connection} leaves enough of its memory for the head of a response.
 * Without it the library would close the connection in place of a response, after the work was
 * done.
 */
bool request_head_leaves_room(struct MHD_Connection *connection);

/*
 * Hide the query of ${target} from libmicrohttpd, which is about to copy its parameters into the
 * memory of the connection.  Nothing here reads that copy, and version 0.9.75 never responds where
 * there is no room for it.  The library already knows where the query begins and stops at its end.
 */
void request_head_hide_query(const char *target);

/* Whether ${query} has more parameters than any request of the API. */
bool request_head_has_many_parameters(const char *query);

#endif
