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
#include "server/http/request_head.h"

enum {
    IO_STACK_SIZE = 256 * 1024,
    WORKER_STACK_SIZE = 256 * 1024,
    WORKERS_KEPT = 2,         /* workers that stay without work */
    MEMORY_SMALL = 16 * 1024, /* bytes that budgets do not count: a small request always fits */
    PROBE_FD = 64,            /* descriptors from here on are usually free */
    WAKE_FROM = 120,          /* connections: with fewer, no thread can have 128 events */
    WAKE_MS = 50,
    WAKE_LOOK_MS = 1000, /* while there are fewer */
    FRESH_MS = 500,      /* at a stop, for clients that are about to send a request */
    FRESH_LOOK_MS = 5,
};

/* MHD_OPTION_UNESCAPE_CALLBACK: paths stay as they came, because the API decodes them itself. */
static size_t
keep_escapes(void *arg, struct MHD_Connection *connection, char *text) {
    (void)arg;
    (void)connection;
    return strlen(text);
}

static bool
daemon_is_full(void *listening) {
    struct listening *l = listening;
    return conns_full(l->daemon->conns);
}

/* Serve connection ${fd} of ${peer}, or close it. */
static void
daemon_take_connection(void *listening, int fd, const struct sockaddr *peer, socklen_t len) {
    struct listening *l = listening;
    if (conns_admit(l->daemon->conns, fd, http_address_of(peer))) {
        l->daemon->listener_of[fd] = l->listener;
        (void)MHD_add_connection(l->daemon->library, fd, peer, len);
    } else (void)close(fd);
}

/*
 * End the request that the library forgot on ${connection}, if there is one.  After some heads that
 * it refuses (a query that finds no memory) it does not report their end.
 */
static void
end_forgotten(struct daemon *d, struct MHD_Connection *connection, struct conn *conn) {
    void *request = conn_take_request(conn);
    if (request != NULL) request_end(d, connection, &request, MHD_REQUEST_TERMINATED_WITH_ERROR);
}

/* MHD_OPTION_URI_LOG_CALLBACK: begin a request whose target is ${target}. */
static void *
begin_request(void *daemon, const char *target, struct MHD_Connection *connection) {
    struct conn *conn = request_conn(connection);
    end_forgotten(daemon, connection, conn);
    void *request = request_begin(daemon, target, connection);
    conn_keep_request(conn, request);
    return request;
}

/* MHD_OPTION_NOTIFY_COMPLETED: the request has ended, with or without a response. */
static void
complete_request(void *daemon, struct MHD_Connection *connection, void **request,
                 enum MHD_RequestTerminationCode code) {
    (void)conn_take_request(request_conn(connection));
    request_end(daemon, connection, request, code);
}

static void
notify_connection(void *daemon, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode code) {
    struct daemon *d = daemon;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        end_forgotten(d, connection, *context);
        request_end_unread(d, connection);
        conns_remove(d->conns, *context);
        *context = NULL;
        return;
    }

    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = conns_serve(d->conns, fd->connect_fd);
}

/* Log a message of libmicrohttpd without its arguments, which may quote a request. */
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
start_library(struct daemon *d) {
    const struct daemon_config *c = &d->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | MHD_USE_TURBO | MHD_USE_NO_LISTEN_SOCKET;

    /* conns.h enforces the limit.  The library's own limit is for each thread, and there it closes
     * connections silently. */
    unsigned unreachable = (c->connections_max + c->io_threads) * c->io_threads;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)c->io_threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (c->io_threads < 2) pool[0].option = MHD_OPTION_END;

    /* The logger comes first, because it reports on the other options. */
    /* clang-format off */
    return MHD_start_daemon(flags, 0, NULL, NULL, request_step, d,
        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
        MHD_OPTION_ARRAY, pool,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)IO_STACK_SIZE,
        MHD_OPTION_CONNECTION_LIMIT, unreachable,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONN_IDLE_MS / 1000,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_HEAD_POOL,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)REQUEST_HEAD_STEP,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, begin_request, d,
        MHD_OPTION_NOTIFY_CONNECTION, notify_connection, d,
        MHD_OPTION_NOTIFY_COMPLETED, complete_request, d,
        MHD_OPTION_END);
    /* clang-format on */
}

static void
daemon_free(struct daemon *d) {
    if (d->library != NULL) MHD_stop_daemon(d->library);
    jobs_free(d->workers);
    budget_free(d->bodies);
    budget_free(d->responses);
    budget_free(d->downloads);
    linger_free(d->linger);
    request_log_free(d->log);
    conns_free(d->conns);
    free(d->listener_of);
    pthread_cond_destroy(&d->quiet);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* Whether the connection whose other end is ${fd} is closed before ${until}. */
static bool
is_closed_before(int fd, int64_t until) {
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int n;
    do {
        int64_t left = until - clock_monotonic_ms();
        if (left < 0) left = 0;
        n = poll(&end, 1, (int)left);
    } while (n < 0 && errno == EINTR);
    return n != 0;
}

/* A copy of ${fd} for ${thread}: the library chooses a thread by the number of the descriptor. */
static int
copy_for_thread(const struct daemon *d, unsigned thread, int fd) {
    int copy, from = PROBE_FD;
    while ((copy = fcntl(fd, F_DUPFD_CLOEXEC, from)) >= 0) {
        if ((unsigned)copy % d->config.io_threads == thread) break;
        (void)close(copy);
        from = copy + 1;
    }
    return copy;
}

/* Give ${thread} a connection that ends at once.  Returns its other end, or -1. */
static int
probe_thread(struct daemon *d, unsigned thread) {
    struct sockaddr nobody = {.sa_family = AF_UNIX};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return -1;

    int fd = copy_for_thread(d, thread, pair[0]);
    (void)close(pair[0]);
    (void)shutdown(pair[1], SHUT_WR);
    if (fd >= 0) {
        /* Closes its end also where it cannot be served. */
        daemon_take_connection(&d->listening[0], fd, &nobody, sizeof(nobody));
        return pair[1];
    }
    (void)close(pair[1]);
    return -1;
}

static bool
thread_is_alive(struct daemon *d, unsigned thread, int64_t until) {
    int fd = probe_thread(d, thread);
    if (fd < 0) return true;
    bool alive = is_closed_before(fd, until);
    (void)close(fd);
    return alive;
}

/*
 * libmicrohttpd 0.9.75 fetches up to 128 events at a time, and after exactly 128 it waits for more
 * before it handles them.  With many connections a thread could sleep over all of them until some
 * timeout.  One more event wakes it.
 */
static int64_t
wake_threads(void *daemon) {
    struct daemon *d = daemon;
    if (conns_open(d->conns) < WAKE_FROM) return WAKE_LOOK_MS;
    for (unsigned i = 0; i < d->config.io_threads; i++) {
        int fd = probe_thread(d, i);
        if (fd >= 0) (void)close(fd);
    }
    return WAKE_MS;
}

bool
daemon_threads_alive(struct daemon *d, int ms, int work_ms) {
    int64_t until = clock_monotonic_ms() + ms;
    if (jobs_waiting_ms(d->workers) > work_ms) return false;
    for (unsigned i = 0; i < d->config.io_threads; i++)
        if (!thread_is_alive(d, i, until)) return false;
    return true;
}

static struct jobs *
make_workers(const struct daemon_config *config) {
    const struct jobs_config workers = {
        .name = "worker",
        .threads_max = config->workers_max,
        .threads_kept = WORKERS_KEPT,
        .queue_max = config->queue_max,
        .stack = WORKER_STACK_SIZE,
    };
    return jobs_new(&workers);
}

/* Make everything that the threads of ${d} use.  Returns whether memory was there for all of it. */
static bool
make_parts(struct daemon *d) {
    const struct daemon_config *c = &d->config;
    const struct conns_limits limits = {.descriptors = c->descriptors,
                                        .open = c->connections_max,
                                        .per_client = c->per_client_max,
                                        .kept = c->kept_max};
    const struct budget_limits bodies = {c->body_budget, c->body_share, c->body_scarce,
                                         MEMORY_SMALL};
    const struct budget_limits responses = {c->response_budget, c->response_share,
                                            c->response_scarce, MEMORY_SMALL};
    const struct budget_limits downloads = {c->download_budget, c->download_share,
                                            c->download_scarce, MEMORY_SMALL};

    /* daemon_free() releases what was made also where some of it was not. */
    d->workers = make_workers(c);
    d->conns = conns_new(&limits, c->trusted);
    d->listener_of = calloc(c->descriptors, sizeof(*d->listener_of));
    d->linger = linger_new(c->lingering_max);
    d->log = request_log_new(c->metrics, &c->api->vault->random);
    d->bodies = budget_new(&bodies);
    d->responses = budget_new(&responses);
    d->downloads = budget_new(&downloads);
    return d->workers != NULL && d->conns != NULL && d->listener_of != NULL && d->linger != NULL &&
           d->log != NULL && d->bodies != NULL && d->responses != NULL && d->downloads != NULL;
}

/* Stop accepting on every listener. */
static void
stop_accepting(struct daemon *d) {
    for (unsigned i = 0; i < d->config.listener_count; i++) {
        acceptor_stop(d->listening[i].acceptor);
        d->listening[i].acceptor = NULL;
    }
}

/* Accept on every listener.  Returns whether all of them do. */
static bool
begin_accepting(struct daemon *d) {
    for (unsigned i = 0; i < d->config.listener_count; i++) {
        struct listening *l = &d->listening[i];
        const struct acceptor_sink sink = {
            .full = daemon_is_full, .take = daemon_take_connection, .arg = l};
        l->acceptor = acceptor_start(l->listener->fd, &sink);
        if (l->acceptor == NULL) return false;
    }
    return true;
}

struct daemon *
daemon_start(const struct daemon_config *config) {
    struct daemon *d = calloc(1, sizeof(*d));
    if (d == NULL) return NULL;
    d->config = *config;
    for (unsigned i = 0; i < DAEMON_LISTENERS_MAX; i++)
        d->listening[i] = (struct listening){.daemon = d, .listener = &d->config.listeners[i]};
    pthread_mutex_init(&d->lock, NULL);
    thread_cond_init(&d->quiet);

    /* The acceptors come last: from then on there are connections. */
    if (make_parts(d)) d->library = start_library(d);
    if (d->library != NULL) d->waker = ticker_start("waker", WAKE_LOOK_MS, wake_threads, d);
    if (d->waker != NULL && begin_accepting(d)) return d;

    stop_accepting(d);
    ticker_stop(d->waker, -1);
    daemon_free(d);
    return NULL;
}

/*
 * Wait until no request runs, for at most ${ms}; from that moment none can begin.  A client that
 * was accepted and has sent nothing gets a moment: if it were closed now, its request would be lost
 * on the way, while a request that still waits in the listening socket is served by the next
 * process.
 */
static bool
wait_quiet(struct daemon *d, int ms) {
    int64_t now = clock_monotonic_ms(), until = now + ms, fresh_until = now + FRESH_MS;
    pthread_mutex_lock(&d->lock);
    for (; now < until; now = clock_monotonic_ms()) {
        bool fresh = now < fresh_until && conns_fresh(d->conns) > 0;
        if (d->running == 0 && !fresh) break;

        int64_t wait = fresh ? FRESH_LOOK_MS : until - now;
        struct timespec look = thread_deadline(wait);
        (void)pthread_cond_timedwait(&d->quiet, &d->lock, &look);
    }

    /* Decided under the lock under which requests are counted. */
    bool quiet = d->running == 0;
    d->closed = quiet;
    pthread_mutex_unlock(&d->lock);
    return quiet;
}

bool
daemon_drain(struct daemon *d, int ms) {
    atomic_store(&d->stopping, true);
    stop_accepting(d);
    return wait_quiet(d, ms);
}

void
daemon_stop(struct daemon *d) {
    if (d == NULL) return;
    ticker_stop(d->waker, -1);
    d->waker = NULL;

    /* Workers first: one may still be returning from MHD_resume_connection(). */
    jobs_free(d->workers);
    d->workers = NULL;
    daemon_free(d);
}
