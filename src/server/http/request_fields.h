/* SPDX-License-Identifier: MIT */
/* The headers of a request, as the API and the framing of its body need them. */
#ifndef SERVER_HTTP_REQUEST_FIELDS_H
#define SERVER_HTTP_REQUEST_FIELDS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "http/message.h"

struct request_fields {
    const char *user;    /* of the header that names the user; NULL if absent */
    unsigned user_lines; /* in which it came */
    int64_t body_len;    /* -1 if there is no Content-Length */
    bool chunked;        /* the body comes in chunks, so that it has no known length */
    bool expect;         /* the client waits before it sends its body */
    const char *fault;   /* what is wrong, a constant sentence; NULL for nothing */
    struct buf lists;    /* holds the joined values of headers that are lists */
};

/*
 * Read the headers of ${connection}, whose head is strict, into ${out} and into the headers of
 * ${http}.  ${user_header} is the header that names the user, "" for none.  Several lines of
 * X-Forwarded-For are one list (RFC 9110, 5.3), of another list the last line counts, and any other
 * header of ours must come once.  Of Transfer-Encoding only one line with the value "chunked", of
 * an HTTP/1.1 request (${version}) without a Content-Length, is no fault.  The texts live as long
 * as the connection's head and ${out}, which the caller ends with request_fields_clear() in every
 * case.
 */
void request_fields_read(struct MHD_Connection *connection, const char *version,
                         const char *user_header, struct http_request *http,
                         struct request_fields *out);

/* Wipe and release what ${f} owns. */
void request_fields_clear(struct request_fields *f);

#endif
