/* SPDX-License-Identifier: MIT */
/*
 * secretsd: shares secrets by links that stop working (docs/DESIGN.md).
 */
#include <unistd.h>

#include "api/classic.h"
#include "api/web/page.h"
#include "aws/credentials.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/json.h"
#include "crypto/kdf/pool.h"
#include "server/http/daemon.h"
#include "server/http/linger.h"
#include "server/http/listen.h"
#include "server/metrics/http.h"
#include "server/metrics/sources.h"
#include "server/process/notify.h"
#include "server/process/process.h"
#include "server/process/sandbox.h"
#include "server/process/ticker.h"
#include "server/process/watchdog.h"
#include "server/settings.h"
#include "server/stores.h"
#include "server/sweeper.h"

enum {
    TEXT_MAX = 16 * 1024,    /* what --help prints */
    KDF_QUEUE = 32,          /* derivations that wait, before 503 */
    WORKERS_BESIDE_KDF = 32, /* workers that derivations can never take */
    QUEUE_MAX = 1024,        /* requests that wait for a worker, before 503 */
    BODY_BUDGET = 128 * 1024 * 1024,
    ANSWER_BUDGET = 64 * 1024 * 1024,
    CLIENT_SHARE = 16 * 1024 * 1024, /* of either, for one client; of bodies one at least */
    CLIENT_SCARCE = 2 * 1024 * 1024, /* of the second half for bodies */
    CONNECTIONS_MAX = 16384,
    FILES_OWN = 96, /* descriptors for what does not depend on clients: log, listeners, stores
                       with 16 parts at once, metrics */
    FILES_IO_THREAD = 2,
    FILES_AWS_CALL = 8, /* of a worker that asks AWS: its connection, one kept, and their pipes */
    PER_CLIENT_MAX = 128,
    KEPT_MAX = 1024,      /* connections that stay open after an answer, 17 KiB each */
    SWEEP_SECONDS = 25,   /* erased within 60 s of its time */
    SWEEP_MS = 20 * 1000, /* for one sweep, where a store takes long */
    STOP_MS = 10 * 1000,
    GIVE_UP_MS = 7 * 1000,       /* after which requests wait for AWS no longer */
    CLOSE_MS = 7 * 1000,         /* to close everything after that: longer than the stores
                                    wait for a disk (stores.c) */
    WATCHDOG_STOP_MS = 4 * 1000, /* for a beat that runs, after that */
    TURN_MS = 2 * 1000,          /* for the threads that do I/O to show that they do */
    WORK_MS = 180 * 1000, /* for one of the workers to be free: longer than any request takes,
                             with AWS away and all its calls tried again */
    CLASSIC_FILE_MAX = 10 * 1024 * 1024,
    INLINE_MAX = 128 * 1024, /* content that may come in the create call */
    DAY = 24 * 60 * 60,
};

/* Everything that runs. */
struct server {
    struct settings settings;
    const char *sandbox; /* on, partial or off */
    struct listener listener;
    struct stores stores;
    struct vault vault;
    struct kdf_pool *kdf;
    struct api api;
    struct sweeper *sweeper;
    struct daemon *daemon;
    struct metrics_sources sources;
    struct listener metrics_listener;
    struct metrics_http *metrics;
    int notify; /* systemd's socket, -1 for none */
    struct watchdog *watchdog;
};

/* The largest answer: a text of control characters grows sixfold in JSON, a file by base64. */
static uint64_t
response_max(uint64_t text_max) {
    uint64_t text = 6 * text_max, file = (uint64_t)CLASSIC_FILE_MAX / 3 * 4;
    return (text > file ? text : file) + INLINE_MAX;
}

static void
configure_api(struct server *s) {
    const struct settings *set = &s->settings;
    struct api_config *c = &s->api.config;
    uint64_t text_max = (uint64_t)set->text_max;
    if (text_max > s->stores.text_max) text_max = s->stores.text_max;
    *c = (struct api_config){
        .version = VERSION,
        .ttl_default = set->ttl_days * DAY,
        .ttl_max = set->ttl_max_days * DAY,
        .text_max = text_max,
        .classic_file_max = CLASSIC_FILE_MAX,
        .file_max = (uint64_t)set->file_max,
        .inline_max = INLINE_MAX,
        .response_max = response_max(text_max),
        .page = set->page,
        .origins = &set->origins,
    };
    c->rate_create = (uint32_t)set->rate_create;
    c->rate_open = (uint32_t)set->rate_open;
    s->api.vault = &s->vault;
    s->api.kdf = s->kdf;
    s->api.page = &page_embedded;
    s->api.monotonic_ms = clock_monotonic_ms;
}

static void
configure_vault(struct server *s) {
    s->vault.store = s->stores.store;
    s->vault.blobs = s->stores.blobs;
    s->vault.clock = clock_system;
    s->vault.random = random_system;
    s->vault.limits.quota = (uint64_t)s->settings.quota;
    s->vault.limits.part_size = (uint32_t)s->settings.part_size;
    s->vault.limits.sweep_ms = SWEEP_MS;
}

/* Share out the descriptors of this process, so that stores and log get theirs whatever clients do:
 * what is not for them is for connections, open or lingering. */
static void
share_files(const struct server *s, struct daemon_config *c) {
    unsigned own = FILES_OWN + FILES_IO_THREAD * c->io_threads;
    if (s->stores.aws != NULL) own += FILES_AWS_CALL * c->workers_max;
    unsigned room = c->descriptors > 2 * own ? c->descriptors - own : c->descriptors / 2;
    if (c->descriptors <= 2 * own)
        log_warn("start", LOG_TEXT("reason", "the limit on open files is low"),
                 LOG_NUMBER("limit", c->descriptors), LOG_NUMBER("wanted", 2 * own + 1));
    c->lingering_max = room / 8 < LINGER_MAX ? room / 8 : LINGER_MAX;
    room -= c->lingering_max;
    c->connections_max = room < CONNECTIONS_MAX ? room : CONNECTIONS_MAX;
}

static size_t
larger(uint64_t a, uint64_t b) {
    return (size_t)(a > b ? a : b);
}

static struct daemon *
serve(struct server *s) {
    unsigned kdf = (unsigned)s->settings.kdf_threads;
    uint64_t text_max = s->api.config.text_max;
    /* The usual text: most characters as they are, some behind a backslash. */
    size_t usual = larger((uint64_t)s->settings.part_size, 2 * text_max);
    struct daemon_config config = {
        .listen_fd = s->listener.fd,
        .descriptors = process_file_limit(),
        .api = &s->api,
        .metrics = s->sources.metrics,
        .trusted = &s->settings.trusted,
        .io_threads = process_cores(),
        .workers_max = kdf + KDF_QUEUE + WORKERS_BESIDE_KDF,
        .queue_max = QUEUE_MAX,
        .per_client_max = PER_CLIENT_MAX,
        .kept_max = KEPT_MAX,
        .body_budget = BODY_BUDGET,
        .response_budget = ANSWER_BUDGET,
        .body_share = larger(CLIENT_SHARE, classic_text_body_max(text_max)),
        .body_scarce = larger(CLIENT_SCARCE, usual),
        .response_share = CLIENT_SHARE,
    };
    share_files(s, &config);
    return daemon_start(&config);
}

/*
 * A part of the sandbox came to ${result}.  Of a kernel without ${feature} the operator hears what
 * it means: a flaw in this program ${harm}.
 */
static int
check_confined(struct server *s, int result, const char *feature, const char *harm,
               struct buf *why) {
    if (result == SANDBOX_ON) return 0;
    if (result < 0) {
        (void)!buf_printf(why, "the kernel has %s but refuses it", feature);
        return result;
    }
    if (s->settings.sandbox == SETTINGS_SANDBOX_REQUIRED) {
        (void)!buf_printf(why, "SECRETS_SANDBOX=required: this kernel has no %s", feature);
        return ERR_CONFIG;
    }
    s->sandbox = "partial";
    char reason[100];
    (void)snprintf(reason, sizeof(reason), "a flaw in this program %s", harm);
    log_warn("sandbox", LOG_TEXT("state", "partial"), LOG_TEXT("missing", feature),
             LOG_TEXT("reason", reason));
    return 0;
}

/* Leave every thread that is started from here on the data directory alone. */
static int
confine_paths(struct server *s, const struct aws_env *aws, struct buf *why) {
    struct buf keys[AWS_CREDENTIALS_PATHS] = {0};
    s->sandbox = "on";
    if (s->settings.sandbox == SETTINGS_SANDBOX_OFF) {
        s->sandbox = "off";
        log_warn(
            "sandbox", LOG_TEXT("state", "off"),
            LOG_TEXT("reason", "SECRETS_SANDBOX=off: no protection from a flaw in this program"));
        return 0;
    }
    char socket_dir[sizeof(s->listener.path)];
    (void)snprintf(socket_dir, sizeof(socket_dir), "%s", s->listener.path);
    char *slash = strrchr(socket_dir, '/');
    if (slash != NULL) *slash = '\0';
    struct sandbox_paths paths = {
        .data_dir = stores_are_here(&s->settings) ? s->settings.data : NULL,
        .outgoing = s->stores.aws != NULL,
        .socket_dir = s->listener.path[0] == '\0' ? NULL
                      : slash == NULL             ? "."
                                                  : socket_dir,
    };
    int result = s->stores.aws != NULL ? aws_credentials_paths(aws, keys) : 0;
    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++)
        if (keys[i].len > 0) paths.readable[i] = buf_text(&keys[i]);
    if (result == 0) result = sandbox_restrict_paths(&paths);
    for (int i = 0; i < AWS_CREDENTIALS_PATHS; i++)
        buf_free(&keys[i]);
    return check_confined(s, result, "landlock", "reaches every file of this user", why);
}

/* Leave every thread the system calls of serving alone. */
static int
confine_calls(struct server *s, struct buf *why) {
    if (s->settings.sandbox == SETTINGS_SANDBOX_OFF) return 0;
    int err = check_confined(s, sandbox_restrict_calls(s->stores.aws != NULL), "seccomp",
                             "reaches every call of the system", why);
    atomic_store(&s->sources.sandboxed, err == 0 && strcmp(s->sandbox, "on") == 0);
    return err;
}

static int
listen_for_metrics(struct server *s, struct buf *why) {
    char *const none[] = {NULL}; /* a socket that systemd passed is for clients */
    const char *where = s->settings.metrics_listen;
    if (where[0] == '\0') return 0;
    return listen_open("SECRETS_METRICS_LISTEN", where, none, &s->metrics_listener, why);
}

/* Serve what the sources tell, where somebody wants to know. */
static int
start_metrics(struct server *s) {
    struct metrics_sources *f = &s->sources;
    f->vault = &s->vault;
    f->kdf = s->kdf;
    f->sweeper = s->sweeper;
    if (s->metrics_listener.fd < 0) return 0;
    s->metrics = metrics_http_start(s->metrics_listener.fd, metrics_sources_write, f);
    return s->metrics == NULL ? ERR_NOMEM : 0;
}

static const char *
get_variable(void *ctx, const char *name) {
    (void)ctx;
    return getenv(name);
}

/*
 * Whether nothing hangs that a new process would not.  What a store says that it cannot do, for
 * want of space or with its service away, it may do again by itself, and opening may go on; so no
 * service is asked.
 */
static bool
server_is_healthy(void *server) {
    struct server *s = server;
    return !vault_stuck(&s->vault) && daemon_threads_alive(s->daemon, TURN_MS, WORK_MS);
}

/* Tell systemd that connections are taken, and go on telling it that all is well if it asks. */
static int
tell_ready(struct server *s) {
    int64_t ms = notify_watchdog_ms(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    notify_send(s->notify, "READY=1");
    s->watchdog = watchdog_start(s->notify, ms, server_is_healthy, s);
    return s->watchdog == NULL && s->notify >= 0 && ms > 0 ? ERR_NOMEM : 0;
}

static void
warn_of_swap(struct server *s) {
    struct kdf_pool_stats kdf;
    kdf_pool_stats(s->kdf, &kdf);
    if (kdf.locked) return;
    log_warn("memory", LOG_TEXT("state", "unlocked"),
             LOG_TEXT("reason", "what derivations work on may be swapped out: raise the limit on "
                                "locked memory"));
}

static int
start(struct server *s, char *const env[], struct buf *why) {
    static const struct aws_env aws = {get_variable, NULL};
    unsigned kdf = (unsigned)s->settings.kdf_threads;
    metrics_sources_open(&s->sources, clock_now(&clock_system));
    s->sources.metrics = metrics_new();
    if (s->sources.metrics == NULL) return ERR_NOMEM;
    s->notify = notify_open(getenv("NOTIFY_SOCKET"));
    int err = listen_open("SECRETS_LISTEN", s->settings.listen, env, &s->listener, why);
    if (err == 0) err = listen_for_metrics(s, why); /* it may be a path, too */
    if (err == 0) err = stores_prepare(&s->settings, &aws, &s->stores, why);
    if (err == 0) err = confine_paths(s, &aws, why);
    if (err == 0) err = stores_open(&s->settings, &s->stores, why);
    if (err != 0) return err;
    configure_vault(s);
    err = vault_tidy(&s->vault);
    if (err != 0) return err;
    s->kdf = kdf_pool_new(kdf, KDF_QUEUE, KDF_CLASSIC);
    if (s->kdf == NULL) return ERR_NOMEM;
    warn_of_swap(s);
    configure_api(s);
    err = api_open(&s->api);
    if (err != 0) return err;
    s->sweeper = sweeper_start(&s->vault, SWEEP_SECONDS);
    if (s->sweeper == NULL) return ERR_NOMEM;
    err = confine_calls(s, why); /* before anybody is heard */
    if (err == 0) err = start_metrics(s);
    if (err != 0) return err;
    s->daemon = serve(s);
    return s->daemon == NULL ? ERR_NOMEM : tell_ready(s);
}

/* A thread that does I/O hangs, or the disk, and so do those who would end or close it: it is as if
 * the power failed. */
static int64_t
end_now(void *none) {
    (void)none;
    log_error("stopped", LOG_TEXT("reason", "not everything closed in time"));
    _exit(1);
}

static int64_t
give_up(void *server) {
    struct server *s = server;
    stores_give_up(&s->stores);
    return STOP_MS;
}

/* Let the requests that run end, those that wait for AWS before it is too late to say so.  Returns
 * whether none is left. */
static bool
drain(struct server *s) {
    struct ticker *giving_up = ticker_start("giving up", GIVE_UP_MS, give_up, s);
    bool quiet = s->daemon == NULL || daemon_drain(s->daemon, STOP_MS);
    (void)ticker_stop(giving_up, -1);
    (void)give_up(s);
    return quiet;
}

/* Close everything, requests first.  Returns the exit code. */
static int
stop(struct server *s) {
    notify_send(s->notify, "STOPPING=1");
    listen_stop(&s->listener);
    vault_end_sweeps(&s->vault);                    /* one that runs ends beside the requests */
    bool unwatched = watchdog_stop(s->watchdog, 0); /* a beat may run beside the requests */
    if (!drain(s) || !(unwatched || watchdog_stop(s->watchdog, WATCHDOG_STOP_MS))) {
        log_error("stopped", LOG_TEXT("reason", "requests did not end in time"));
        _exit(1); /* nothing that they use may be closed; the store recovers by itself */
    }
    struct ticker *last = ticker_start("last", CLOSE_MS, end_now, NULL);
    daemon_stop(s->daemon);
    listen_close(&s->listener);
    metrics_http_stop(s->metrics);
    listen_close(&s->metrics_listener);
    sweeper_stop(s->sweeper);
    api_close(&s->api);
    kdf_pool_free(s->kdf);
    stores_close(&s->stores);
    metrics_sources_close(&s->sources);
    metrics_free(s->sources.metrics);
    (void)ticker_stop(last, -1);
    return 0;
}

static int
run(struct server *s, struct buf *why) {
    int err = start(s, environ, why);
    if (err != 0) {
        log_error("start", LOG_TEXT("error", err_text(err)), LOG_TEXT("reason", buf_text(why)));
        (void)stop(s);
        return 1;
    }
    process_settle();
    log_info("listening", LOG_TEXT("version", VERSION), LOG_TEXT("open", s->listener.open),
             LOG_TEXT("sandbox", s->sandbox));
    int sig = process_wait();
    log_info("stopping", LOG_NUMBER("signal", sig));
    int code = stop(s);
    log_info("stopped", LOG_NONE);
    return code;
}

int
main(int argc, char *argv[]) {
    static struct server server;
    struct buf text = BUF_INIT(TEXT_MAX);
    server.listener.fd = server.metrics_listener.fd = server.notify = -1;
    int code = 2;
    if (process_harden() != 0) {
        log_error("start", LOG_TEXT("reason", "this process cannot be protected"));
        return 1;
    }
    json_setup();
    switch (settings_read(&server.settings, argc, argv, environ, process_cores(), geteuid() == 0,
                          &text)) {
    case SETTINGS_PRINT: code = fputs(buf_text(&text), stdout) < 0; break;
    case SETTINGS_REFUSE: (void)fputs(buf_text(&text), stderr); break;
    case SETTINGS_RUN:
        log_set_format((enum log_format)server.settings.log_format);
        log_set_level((enum log_level)server.settings.log_level);
        code = run(&server, &text);
        break;
    }
    buf_free(&text);
    return code;
}
