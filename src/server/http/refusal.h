/* SPDX-License-Identifier: MIT */
/*
 * What libmicrohttpd refuses by itself, as problem documents with this server's headers.
 *
 * The library answers a head that it cannot read (Content-Length: +2, a head that is too large)
 * with HTML of its own; version 0.9.75 sends the head of such a response twice.  It has no option
 * for this.  Therefore this module replaces the library's MHD_queue_response(): only the library
 * itself calls that function here, and for nothing else.
 */
#ifndef SERVER_HTTP_REFUSAL_H
#define SERVER_HTTP_REFUSAL_H

#include <microhttpd.h>

/*
 * Send problem ${status} (HTTP) past the library, as it needs memory of the connection for a
 * response of its own.  No response is under way.  Returns MHD_NO, which the caller returns to the
 * library, so that it closes the connection.
 */
enum MHD_Result refusal_send(struct MHD_Connection *connection, unsigned status);

/* As MHD_queue_response(3), for responses of this server.  Any thread. */
enum MHD_Result refusal_queue_response(struct MHD_Connection *connection, unsigned status,
                                       struct MHD_Response *response);

#endif
