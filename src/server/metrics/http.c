/* SPDX-License-Identifier: MIT */
#include "server/metrics/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/http/acceptor.h"
#include "server/http/refusal.h"

enum {
    TEXT_MAX = 1 << 20,
    CONNECTIONS_MAX = 16, /* at one more the oldest is shut down */
    LIBRARY_MAX = 32,     /* those and the ones that were shut down */
    IDLE_SECONDS = 5,
    POOL_SIZE = 8 * 1024, /* memory of a connection */
};

struct metrics_http {
    struct MHD_Daemon *library;
    struct acceptor *acceptor;
    int (*write)(void *ctx, struct buf *out);
    void *ctx;
    pthread_mutex_t lock;      /* guards all below */
    int open[CONNECTIONS_MAX]; /* descriptors, the oldest first */
    int count;
    int closing; /* connections that were shut down and that the library has not closed yet */
};

static enum MHD_Result
metrics_respond(struct MHD_Connection *connection, unsigned status, struct buf *text) {
    const char *type = "text/plain; version=0.0.4; charset=utf-8";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text->len, (void *)(uintptr_t)buf_text(text), MHD_RESPMEM_MUST_COPY);
    if (response == NULL) return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (ok == MHD_YES) ok = MHD_add_response_header(response, "Secrets-Answer", "1");
    if (ok == MHD_YES) ok = refusal_queue_response(connection, status, response);
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

/* Remove entry ${i} of the list of connections.  The lock is held. */
static void
remove_open(struct metrics_http *m, int i) {
    m->count--;
    memmove(&m->open[i], &m->open[i + 1], (size_t)(m->count - i) * sizeof(m->open[0]));
}

/* Forget connection ${fd}, which is about to be closed. */
static void
forget_open(struct metrics_http *m, int fd) {
    pthread_mutex_lock(&m->lock);
    int i = 0;
    while (i < m->count && m->open[i] != fd)
        i++;
    if (i < m->count) remove_open(m, i);
    else m->closing--;
    pthread_mutex_unlock(&m->lock);
}

static void
metrics_notify(void *metrics, struct MHD_Connection *connection, void **context,
               enum MHD_ConnectionNotificationCode code) {
    (void)context;
    if (code != MHD_CONNECTION_NOTIFY_CLOSED) return;
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    forget_open(metrics, fd->connect_fd);
}

static bool
metrics_is_full(void *metrics) {
    struct metrics_http *m = metrics;
    pthread_mutex_lock(&m->lock);
    bool full = m->count + m->closing >= LIBRARY_MAX;
    pthread_mutex_unlock(&m->lock);
    return full;
}

/* Serve connection ${fd}.  The oldest one gives way, so that idle connections keep nobody out. */
static void
metrics_take_connection(void *metrics, int fd, const struct sockaddr *peer, socklen_t len) {
    struct metrics_http *m = metrics;
    pthread_mutex_lock(&m->lock);
    if (m->count == CONNECTIONS_MAX) {
        (void)shutdown(m->open[0], SHUT_RDWR);
        remove_open(m, 0);
        m->closing++;
    }
    m->open[m->count++] = fd;
    pthread_mutex_unlock(&m->lock);

    /* The library closes what it does not take, without a notification. */
    if (MHD_add_connection(m->library, fd, peer, len) != MHD_YES) forget_open(m, fd);
}

struct metrics_http *
metrics_http_start(int fd, int (*write)(void *ctx, struct buf *out), void *ctx) {
    struct metrics_http *m = calloc(1, sizeof(*m));
    const struct acceptor_sink sink = {
        .full = metrics_is_full, .take = metrics_take_connection, .arg = m};
    if (m == NULL) return NULL;
    m->write = write;
    m->ctx = ctx;
    pthread_mutex_init(&m->lock, NULL);

    /* clang-format off */
    m->library = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
        metrics_handle, m,
        MHD_OPTION_CONNECTION_LIMIT, LIBRARY_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE,
        MHD_OPTION_NOTIFY_CONNECTION, metrics_notify, m,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_END);
    /* clang-format on */
    if (m->library != NULL) m->acceptor = acceptor_start(fd, &sink);
    if (m->acceptor != NULL) return m;
    metrics_http_stop(m);
    return NULL;
}

void
metrics_http_stop(struct metrics_http *m) {
    if (m == NULL) return;
    acceptor_stop(m->acceptor);
    if (m->library != NULL) MHD_stop_daemon(m->library);
    pthread_mutex_destroy(&m->lock);
    free(m);
}
