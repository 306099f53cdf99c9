/* SPDX-License-Identifier: MIT */
/*
 * Whether the head of a request came as HTTP/1.1 writes it.  libmicrohttpd reads heads generously:
 * a bare CR or LF ends a line, a line that begins with a blank goes on or is lost, a blank before a
 * colon becomes part of the name.  What a server in front reads otherwise hides requests in bodies.
 */
#ifndef SERVER_HTTP_REQUEST_HEAD_H
#define SERVER_HTTP_REQUEST_HEAD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * To be asked in the first call of the access handler, with what it was given: ${method}, ${url},
 * ${version}, and the target as it came, ${len} bytes of ${target} (the query may follow a NUL).
 * False for bare CR or LF, folded lines, control characters, names that are no token, anything
 * that stands between the lines, and for other than one Host (HTTP/1.0 may have none).
 */
bool request_head_strict(struct MHD_Connection *connection, const char *method, const char *url,
                         const char *version, const char *target, size_t len);

#endif
