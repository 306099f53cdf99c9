/* SPDX-License-Identifier: MIT */
#include "server/http/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "server/http/request.h"

enum {
    POOL_SIZE =
        16 * 1024, /* of a connection: its request's head, a piece of body, the answer's head */
    POOL_STEP = 4 * 1024,
    IO_STACK_SIZE = 256 * 1024,
    MEMORY_SMALL = 16 * 1024, /* bytes that are not counted: a small request always fits */
    PROBE_FD = 64,            /* descriptors from here on are free, unless there is much to do */
    NUDGE_FROM = 120,         /* connections: with fewer no thread can have 128 events */
    NUDGE_MS = 50,
    NUDGE_LOOK_MS = 1000, /* with fewer */
    FRESH_MS = 500,       /* at a stop, for clients that are about to ask */
    FRESH_LOOK_MS = 5,
};

/* Paths stay as they came: the API reads them itself. */
static size_t
keep_escapes(void *arg, struct MHD_Connection *connection, char *text) {
    (void)arg;
    (void)connection;
    return strlen(text);
}

static bool
is_full(void *mhd) {
    struct mhd *m = mhd;
    return conns_full(m->conns);
}

/* Serve connection ${fd} of ${peer}, or close it. */
static void
take_connection(void *mhd, int fd, const struct sockaddr *peer, socklen_t len) {
    struct mhd *m = mhd;
    if (conns_admit(m->conns, fd, http_address_of(peer)))
        (void)MHD_add_connection(m->daemon, fd, peer, len);
    else (void)close(fd);
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
    *context = conns_serve(m->conns, fd->connect_fd);
}

/* libmicrohttpd's own messages may quote a request: only that there was one is logged. */
static void
log_library(void *arg, const char *format, va_list args) {
    (void)arg;
    (void)args;
    char plain[120];
    size_t n = strcspn(format, "\n");
    (void)snprintf(plain, sizeof(plain), "%.*s", (int)n, format);
    log_debug("libmicrohttpd", LOG_TEXT("message", plain));
}

static struct MHD_Daemon *
start_daemon(struct mhd *m) {
    const struct mhd_config *c = &m->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | MHD_USE_TURBO | MHD_USE_NO_LISTEN_SOCKET;
    /* The bound is kept by conns.h.  This one is for each thread, and where it is met a connection
     * is closed without a word. */
    unsigned never = (c->connections_max + c->io_threads) * c->io_threads;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)c->io_threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (c->io_threads < 2) pool[0].option = MHD_OPTION_END;
    return MHD_start_daemon(flags, 0, NULL, NULL, call_step, m, /* */
                            MHD_OPTION_EXTERNAL_LOGGER, log_library,
                            NULL,                   /* first: it tells of the rest */
                            MHD_OPTION_ARRAY, pool, /* */
                            MHD_OPTION_THREAD_STACK_SIZE, (size_t)IO_STACK_SIZE,          /* */
                            MHD_OPTION_CONNECTION_LIMIT, never,                           /* */
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
    if (m->daemon != NULL) MHD_stop_daemon(m->daemon);
    workers_free(m->workers);
    budget_free(m->bodies);
    budget_free(m->answers);
    linger_free(m->linger);
    conns_free(m->conns);
    pthread_cond_destroy(&m->quiet);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* Whether the connection whose other end is ${fd} is closed before ${until}. */
static bool
is_closed(int fd, int64_t until) {
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int n;
    do {
        int64_t left = until - clock_monotonic_ms();
        n = poll(&end, 1, left < 0 ? 0 : (int)left);
    } while (n < 0 && errno == EINTR);
    return n != 0;
}

/* A copy of ${fd} that goes to ${thread}: the library tells that by the number of
 * the descriptor. */
static int
copy_for(const struct mhd *m, unsigned thread, int fd) {
    int copy, from = PROBE_FD;
    while ((copy = fcntl(fd, F_DUPFD_CLOEXEC, from)) >= 0) {
        if ((unsigned)copy % m->config.io_threads == thread) break;
        (void)close(copy);
        from = copy + 1;
    }
    return copy;
}

/* Give ${thread} a connection that ends at once.  Returns its other end, or -1. */
static int
probe(struct mhd *m, unsigned thread) {
    struct sockaddr nobody = {.sa_family = AF_UNIX};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return -1;
    int fd = copy_for(m, thread, pair[0]);
    (void)close(pair[0]);
    (void)shutdown(pair[1], SHUT_WR);
    /* What cannot be taken is closed all the same. */
    if (fd >= 0) {
        take_connection(m, fd, &nobody, sizeof(nobody));
        return pair[1];
    }
    (void)close(pair[1]);
    return -1;
}

static bool
turns(struct mhd *m, unsigned thread, int64_t until) {
    int fd = probe(m, thread);
    bool well = fd < 0 || is_closed(fd, until);
    if (fd >= 0) (void)close(fd);
    return well;
}

/*
 * libmicrohttpd 0.9.75 takes 128 events at a time, and where exactly so many have come it waits for
 * more before it looks at them: with many connections a thread could sleep over all of them until
 * some deadline.  One event more ends that sleep.
 */
static int64_t
nudge(void *mhd) {
    struct mhd *m = mhd;
    if (conns_open(m->conns) < NUDGE_FROM) return NUDGE_LOOK_MS;
    for (unsigned i = 0; i < m->config.io_threads; i++) {
        int fd = probe(m, i);
        if (fd >= 0) (void)close(fd);
    }
    return NUDGE_MS;
}

bool
mhd_turns(struct mhd *m, int ms, int work_ms) {
    int64_t until = clock_monotonic_ms() + ms;
    if (workers_waiting_ms(m->workers) > work_ms) return false;
    for (unsigned i = 0; i < m->config.io_threads; i++)
        if (!turns(m, i, until)) return false;
    return true;
}

struct mhd *
mhd_start(const struct mhd_config *config) {
    const struct conns_limits limits = {.descriptors = config->descriptors,
                                        .open = config->connections_max,
                                        .per_client = config->per_client_max,
                                        .kept = config->kept_max};
    struct mhd *m = calloc(1, sizeof(*m));
    const struct acceptor_sink sink = {.full = is_full, .take = take_connection, .arg = m};
    if (m == NULL) return NULL;
    m->config = *config;
    pthread_mutex_init(&m->lock, NULL);
    thread_cond_init(&m->quiet);
    m->workers = workers_new(config->workers_max, config->queue_max, call_work);
    m->conns = conns_new(&limits, config->trusted);
    m->linger = linger_new(config->lingering_max);
    const struct budget_limits bodies = {config->body_budget, config->body_share,
                                         config->body_scarce, MEMORY_SMALL};
    const struct budget_limits answers = {config->answer_budget, config->answer_share,
                                          config->answer_share, MEMORY_SMALL};
    m->bodies = budget_new(&bodies);
    m->answers = budget_new(&answers);
    if (m->workers != NULL && m->conns != NULL && m->linger != NULL && m->bodies != NULL &&
        m->answers != NULL)
        m->daemon = start_daemon(m);
    if (m->daemon != NULL) m->nudger = ticker_start("nudge", NUDGE_LOOK_MS, nudge, m);
    if (m->nudger != NULL) m->acceptor = acceptor_start(config->listen_fd, &sink);
    if (m->acceptor != NULL) return m;
    ticker_stop(m->nudger, -1);
    mhd_free(m);
    return NULL;
}

/*
 * Wait until no request runs, for ${ms} at most; in that moment none can begin any more.  Who was
 * accepted and has not asked yet gets a moment: closed now, its request would be lost on the way,
 * while one that still waits in the listening socket is served by the next process.
 */
static bool
wait_quiet(struct mhd *m, int ms) {
    int64_t now = clock_monotonic_ms(), until = now + ms, fresh_until = now + FRESH_MS;
    pthread_mutex_lock(&m->lock);
    for (; now < until; now = clock_monotonic_ms()) {
        bool fresh = now < fresh_until && conns_fresh(m->conns) > 0;
        if (m->running == 0 && !fresh) break;
        struct timespec look = thread_deadline(fresh ? FRESH_LOOK_MS : until - now);
        (void)pthread_cond_timedwait(&m->quiet, &m->lock, &look);
    }
    bool quiet = m->running == 0;
    m->closed = quiet;
    pthread_mutex_unlock(&m->lock);
    return quiet;
}

bool
mhd_drain(struct mhd *m, int ms) {
    atomic_store(&m->stopping, true);
    acceptor_stop(m->acceptor);
    m->acceptor = NULL;
    return wait_quiet(m, ms);
}

void
mhd_stop(struct mhd *m) {
    if (m == NULL) return;
    ticker_stop(m->nudger, -1);
    m->nudger = NULL;
    /* A worker may still be on its way out of MHD_resume_connection(). */
    workers_free(m->workers);
    m->workers = NULL;
    mhd_free(m);
}
