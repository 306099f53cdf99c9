/* SPDX-License-Identifier: MIT */
#include "server/mhd.h"

#include <errno.h>

#include "base/log.h"
#include "server/mhd_call.h"

enum {
    POOL_SIZE =
        16 * 1024, /* of a connection: its request's head, a piece of body, the answer's head */
    POOL_STEP = 4 * 1024,
    IO_STACK_SIZE = 256 * 1024,
};

/* Paths stay as they came: the API reads them itself. */
static size_t
keep_escapes(void *arg, struct MHD_Connection *connection, char *text) {
    (void)arg;
    (void)connection;
    return strlen(text);
}

static enum MHD_Result
accept_connection(void *mhd, const struct sockaddr *peer, socklen_t len) {
    struct mhd *m = mhd;
    (void)len;
    return conns_admit(m->conns, http_address_of(peer)) ? MHD_YES : MHD_NO;
}

static void
notify_connection(void *mhd, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode code) {
    struct mhd *m = mhd;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        conns_remove(m->conns, *context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int connect_fd = fd->connect_fd;
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *context = conns_add(m->conns, connect_fd, http_address_of(peer->client_addr));
}

/* libmicrohttpd's own messages may quote a request: only that there was one is logged. */
static void
log_library(void *arg, const char *format, va_list args) {
    (void)arg;
    (void)args;
    char plain[120];
    size_t n = strcspn(format, "\n");
    (void)snprintf(plain, sizeof(plain), "%.*s", (int)n, format);
    log_debug("libmicrohttpd", "message=\"%s\"", plain);
}

static struct MHD_Daemon *
start_daemon(struct mhd *m) {
    const struct mhd_config *c = &m->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | MHD_USE_TURBO;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)c->io_threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (c->io_threads < 2) pool[0].option = MHD_OPTION_END;
    return MHD_start_daemon(flags, 0, accept_connection, m, call_step, m, /* */
                            MHD_OPTION_EXTERNAL_LOGGER, log_library,
                            NULL, /* first: it tells of the rest */
                            MHD_OPTION_LISTEN_SOCKET, c->listen_fd,                       /* */
                            MHD_OPTION_ARRAY, pool,                                       /* */
                            MHD_OPTION_THREAD_STACK_SIZE, (size_t)IO_STACK_SIZE,          /* */
                            MHD_OPTION_CONNECTION_LIMIT, c->connections_max,              /* */
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONN_IDLE_MS / 1000, /* */
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE,        /* */
                            MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)POOL_STEP,    /* */
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,                              /* */
                            MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,                         /* */
                            MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,             /* */
                            MHD_OPTION_URI_LOG_CALLBACK, call_begin, m,                   /* */
                            MHD_OPTION_NOTIFY_CONNECTION, notify_connection, m,           /* */
                            MHD_OPTION_NOTIFY_COMPLETED, call_end, m, MHD_OPTION_END);
}

static void
mhd_free(struct mhd *m) {
    workers_free(m->workers);
    budget_free(m->bodies);
    budget_free(m->answers);
    linger_free(m->linger);
    conns_free(m->conns);
    pthread_cond_destroy(&m->quiet);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

struct mhd *
mhd_start(const struct mhd_config *config) {
    struct mhd *m = calloc(1, sizeof(*m));
    pthread_condattr_t attr;
    if (m == NULL) return NULL;
    m->config = *config;
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&m->quiet, &attr);
    pthread_condattr_destroy(&attr);
    m->workers = workers_new(config->workers_max, config->queue_max, call_work);
    m->conns = conns_new(config->per_client_max, config->trusted);
    m->linger = linger_new();
    m->bodies = budget_new(config->body_budget, config->client_share);
    m->answers = budget_new(config->answer_budget, config->client_share);
    if (m->workers != NULL && m->conns != NULL && m->linger != NULL && m->bodies != NULL &&
        m->answers != NULL)
        m->daemon = start_daemon(m);
    if (m->daemon != NULL) return m;
    mhd_free(m);
    return NULL;
}

/* Wait until no request runs, for ${ms} at most; in that moment none can begin any more. */
static bool
wait_quiet(struct mhd *m, int ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    int err = 0;
    pthread_mutex_lock(&m->lock);
    while (m->running > 0 && err != ETIMEDOUT)
        err = pthread_cond_timedwait(&m->quiet, &m->lock, &until);
    bool quiet = m->running == 0;
    m->closed = quiet;
    pthread_mutex_unlock(&m->lock);
    return quiet;
}

/*
 * MHD_quiesce_daemon() is not used: version 0.9.75 aborts where one of its threads stops to listen
 * in the same moment.
 */
bool
mhd_stop(struct mhd *m, int ms) {
    atomic_store(&m->stopping, true);
    if (!wait_quiet(m, ms)) return false;
    /* A worker may still be on its way out of MHD_resume_connection(). */
    workers_free(m->workers);
    m->workers = NULL;
    MHD_stop_daemon(m->daemon);
    mhd_free(m);
    return true;
}
