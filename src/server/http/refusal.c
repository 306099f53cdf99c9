/* SPDX-License-Identifier: MIT */
#include "server/http/refusal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "api/api.h"
#include "base/clock.h"
#include "http/problem.h"
#include "server/http/conns.h"

#define EXPORT __attribute__((visibility("default")))

enum {
    HEAD_MAX = 4096,
    BODY_MAX = 1024,
    UNREAD_MAX = 256 * 1024, /* bytes of the request that are dropped, so that no reset overtakes
                                the response */
};

typedef enum MHD_Result queue_function(struct MHD_Connection *connection, unsigned status,
                                       struct MHD_Response *response);

static pthread_once_t found = PTHREAD_ONCE_INIT;
static queue_function *library_queue_response;

static void
find_library_function(void) {
    void *symbol = dlsym(RTLD_NEXT, "MHD_queue_response");
    memcpy(&library_queue_response, &symbol, sizeof(symbol));
}

enum MHD_Result
refusal_queue_response(struct MHD_Connection *connection, unsigned status,
                       struct MHD_Response *response) {
    pthread_once(&found, find_library_function);
    if (library_queue_response == NULL) return MHD_NO;
    return library_queue_response(connection, status, response);
}

/* The problem that the library's ${status} stands for. */
static enum problem
problem_of_status(unsigned status) {
    switch (status) {
    case MHD_HTTP_CONTENT_TOO_LARGE: return PROBLEM_TOO_LARGE;
    case MHD_HTTP_URI_TOO_LONG: return PROBLEM_TARGET_TOO_LONG;
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE: return PROBLEM_HEAD_TOO_LARGE;
    case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED: return PROBLEM_VERSION;
    case MHD_HTTP_INTERNAL_SERVER_ERROR: return PROBLEM_INTERNAL;
    default: return PROBLEM_MALFORMED;
    }
}

/* Append the whole response for ${problem} to ${out}, and set ${status} to its status.  Returns as
 * buf_add(). */
static int
write_refusal(enum problem problem, struct buf *out, unsigned *status) {
    static const struct api none = {0};
    static const struct http_request unread = {.method = HTTP_OTHER};
    struct http_response r;
    struct tm tm;
    char date[64] = "";
    time_t now = (time_t)clock_now(&clock_system);
    (void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));

    /* The same headers and problem document as a response of the API. */
    http_response_init(&r, BODY_MAX);
    api_headers(&none, &unread, &r);
    problem_respond(&r, problem, NULL);
    *status = (unsigned)r.status;
    int err = buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\n", r.status,
                         MHD_get_reason_phrase_for(*status), date);
    for (int i = 0; i < r.field_count && err == 0; i++)
        err = buf_printf(out, "%s: %s\r\n", r.fields[i].name, r.fields[i].value);

    if (err == 0) err = buf_printf(out, "Content-Length: %zu\r\n\r\n", r.body.len);
    if (err == 0) err = buf_add(out, r.body.data, r.body.len);
    http_response_clear(&r);
    return err;
}

enum MHD_Result
refusal_send(struct MHD_Connection *connection, unsigned status) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *conn =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct buf text = BUF_INIT(HEAD_MAX);

    /* Nothing was sent yet, so the socket takes all of it at once. */
    if (info != NULL && write_refusal(problem_of_status(status), &text, &status) == 0) {
        (void)send(info->connect_fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)shutdown(info->connect_fd, SHUT_WR);
        (void)recv(info->connect_fd, NULL, UNREAD_MAX, MSG_TRUNC | MSG_DONTWAIT);
    }
    buf_free(&text);

    /* A connection of the metrics has no such context. */
    if (conn != NULL && conn->socket_context != NULL) conn_refuse(conn->socket_context, status);
    return MHD_NO;
}

/*
 * The library's own responses, which are refusals: a problem goes in place of ${response}.  The
 * library still queues its own and fails to send it.  If nothing were queued, version 0.9.75 would
 * free the memory of the connection at once, and go on to read the query in it.
 */
EXPORT enum MHD_Result
MHD_queue_response(struct MHD_Connection *connection, unsigned status,
                   struct MHD_Response *response) {
    (void)refusal_send(connection, status);
    return refusal_queue_response(connection, status, response);
}
