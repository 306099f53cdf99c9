/* SPDX-License-Identifier: MIT */
#include "server/metrics/http.h"

#include <microhttpd.h>
#include <stdint.h>

#include "server/http/acceptor.h"

enum { TEXT_MAX = 1 << 20, CONNECTIONS_MAX = 8, IDLE_SECONDS = 30 };

struct metrics_http {
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    int (*write)(void *ctx, struct buf *out);
    void *ctx;
};

static enum MHD_Result
metrics_respond(struct MHD_Connection *connection, unsigned status, struct buf *text) {
    const char *type = "text/plain; version=0.0.4; charset=utf-8";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text->len, (void *)(uintptr_t)buf_text(text), MHD_RESPMEM_MUST_COPY);
    if (response == NULL) return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (ok == MHD_YES) ok = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return ok;
}

static enum MHD_Result
metrics_handle(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
               const char *version, const char *upload, size_t *upload_len, void **seen) {
    struct metrics_http *m = arg;
    struct buf text = BUF_INIT(TEXT_MAX);
    unsigned status = MHD_HTTP_OK;
    (void)version;
    (void)upload;

    /* First the head, then parts of a body, which is ignored, then the end of the request. */
    if (*seen == NULL) {
        *seen = m;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        *upload_len = 0;
        return MHD_YES;
    }

    if (strcmp(url, "/metrics") != 0) status = MHD_HTTP_NOT_FOUND;
    else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
    else if (m->write(m->ctx, &text) != 0) status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    enum MHD_Result ok = metrics_respond(connection, status, &text);
    buf_free(&text);
    return ok;
}

static bool
metrics_is_full(void *metrics) {
    (void)metrics;
    return false; /* the library closes connections above its limit */
}

static void
metrics_take_connection(void *metrics, int fd, const struct sockaddr *peer, socklen_t len) {
    struct metrics_http *m = metrics;
    (void)MHD_add_connection(m->daemon, fd, peer, len);
}

struct metrics_http *
metrics_http_start(int fd, int (*write)(void *ctx, struct buf *out), void *ctx) {
    struct metrics_http *m = calloc(1, sizeof(*m));
    const struct acceptor_sink sink = {
        .full = metrics_is_full, .take = metrics_take_connection, .arg = m};
    if (m == NULL) return NULL;
    m->write = write;
    m->ctx = ctx;
    m->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, 0,
                         NULL, NULL, metrics_handle, m, MHD_OPTION_CONNECTION_LIMIT,
                         CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
                         MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (m->daemon != NULL) m->acceptor = acceptor_start(fd, &sink);
    if (m->acceptor != NULL) return m;
    metrics_http_stop(m);
    return NULL;
}

void
metrics_http_stop(struct metrics_http *m) {
    if (m == NULL) return;
    acceptor_stop(m->acceptor);
    if (m->daemon != NULL) MHD_stop_daemon(m->daemon);
    free(m);
}
