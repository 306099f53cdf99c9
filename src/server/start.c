/* SPDX-License-Identifier: MIT */
#include "api/classic.h"
#include "api/web/page.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "server/internal.h"
#include "server/process/notify.h"
#include "server/process/process.h"
#include "settings/api_config.h"

enum {
    KDF_QUEUE = 64,        /* derivations that wait; more are answered 503 */
    WORKERS_EXTRA = 32,    /* workers that derivations can never occupy */
    QUEUE_MAX = 1024,      /* requests that wait for the store; more are answered 503 */
    SWEEP_SECONDS = 25,    /* content is erased within 60 s of its time */
    SWEEP_MS = 20 * 1000,  /* for one sweep while a store is slow */
    SURVEY_MS = 30 * 1000, /* for the operator's count */
    ALIVE_MS = 2 * 1000,   /* for the I/O threads to end a round each */
    WORK_MS = 180 * 1000,  /* for a worker to become free: longer than any request takes, with AWS
                              unreachable and all its calls retried */

    /* Memory of clients: each of three budgets, and the share of one client. */
    MEMORY_BUDGET = 128 * 1024 * 1024,
    CLIENT_SHARE = 16 * 1024 * 1024,
    CLIENT_SCARCE = 2 * 1024 * 1024, /* once half of a budget is held */

    /* A network may have this part of memory and of connections. */
    NETWORK_SHARE = 4,
    NETWORK_SCARCE = 16, /* the same, once half is held */

    /* Connections and descriptors. */
    CONNECTIONS_MAX = 16384,
    PER_CLIENT_MAX = 128,
    KEPT_MAX = 1024,     /* connections that stay open after a response, up to 10 KiB each */
    LINGERING_MAX = 256, /* connections whose response was sent while they still send */
    FILES_OWN = 136,     /* log, listeners, stores with 16 parts at once, metrics */
    FILES_PIPED = MEMORY_BUDGET / PIPED_MIN, /* parts that are being sent */
    FILES_IO_THREAD = 2,
    FILES_CALL = 8, /* of a worker that calls a service: its connection, one kept, their pipes */
};

static const char *
server_variable(void *env, const char *name) {
    return process_env(env, name);
}

static size_t
larger(uint64_t a, uint64_t b) {
    return (size_t)(a > b ? a : b);
}

static unsigned
smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static void
configure_vault(struct server *s) {
    s->vault.store = s->stores.store;
    s->vault.blobs = s->stores.blobs;
    s->vault.clock = clock_system;
    s->vault.random = random_system;
    s->vault.limits.quota = (uint64_t)s->settings.quota;
    s->vault.limits.daily = s->stores.daily;
    s->vault.limits.remote[VAULT_RECORDS] = s->stores.records_remote;
    s->vault.limits.remote[VAULT_BLOBS] = s->stores.blobs_remote;
    s->vault.limits.part_size = (uint32_t)s->settings.part_size;
    s->vault.limits.sweep_ms = SWEEP_MS;
}

static void
configure_api(struct server *s) {
    const struct api_config_limits limits = {
        .text_max = s->stores.text_max,
        .classic_file_max = API_CONFIG_CLASSIC_FILE_MAX,
    };
    s->api.config = api_config_make(&s->settings, &limits);
    s->api.config.tokens = token_file_tokens(s->token_file);
    s->api.vault = &s->vault;
    s->api.kdf = s->kdf;
    s->api.page = &page_embedded;
    if (s->settings.brand[0] != '\0') s->api.brand = &s->brand;
    s->api.monotonic_ms = clock_monotonic_ms;
}

/* A budget of ${total}, of which a client may have ${most}, and ${scarce} once half is held.  A
 * single client of a network may always have its own share. */
static struct budget_limits
share_among_networks(size_t total, size_t most, size_t scarce) {
    return (struct budget_limits){
        .total = total,
        .client = {.most = most, .scarce = scarce},
        .network = {.most = larger(total / NETWORK_SHARE, most),
                    .scarce = larger(total / NETWORK_SCARCE, scarce)},
    };
}

/*
 * Divide the descriptors of this process, so that stores and log get theirs whatever clients do.
 * The rest is for connections, open or lingering.
 */
static void
share_files(const struct server *s, struct daemon_config *c) {
    unsigned own = FILES_OWN + FILES_PIPED + FILES_IO_THREAD * c->io_threads;
    if (s->stores.remote) own += FILES_CALL * c->workers_max;

    unsigned limit = process_file_limit(), room = limit - own;
    if (limit <= 2 * own) {
        room = limit / 2;
        log_warn("start", LOG_TEXT("reason", "the limit on open files is low"),
                 LOG_NUMBER("limit", limit), LOG_NUMBER("wanted", 2 * own + 1));
    }

    unsigned lingering = smaller(room / 8, LINGERING_MAX);
    unsigned connections = smaller(room - lingering, CONNECTIONS_MAX);
    c->lingering = share_among_networks(lingering, (lingering + NETWORK_SHARE - 1) / NETWORK_SHARE,
                                        (lingering + NETWORK_SCARCE - 1) / NETWORK_SCARCE);
    c->connections = share_among_networks(connections, PER_CLIENT_MAX, PER_CLIENT_MAX);
}

/* Divide the memory. */
static void
share_memory(const struct server *s, struct daemon_config *c) {
    uint64_t text_max = s->api.config.text_max, part = (uint64_t)s->settings.part_size;
    size_t response_max = s->api.config.response_max;

    /* One client may always send the largest text.  While memory is scarce it may send a part, or
     * the usual text: most characters as they are, some escaped. */
    c->bodies =
        share_among_networks(MEMORY_BUDGET, larger(CLIENT_SHARE, classic_text_body_max(text_max)),
                             larger(CLIENT_SCARCE, larger(part, 2 * text_max)));

    /* One client may always get the largest response, and while memory is scarce the usual text or
     * a part. */
    c->responses = share_among_networks(larger(MEMORY_BUDGET, 2 * response_max),
                                        larger(CLIENT_SHARE, response_max),
                                        larger(CLIENT_SCARCE, 2 * text_max));
    c->downloads = share_among_networks(MEMORY_BUDGET, CLIENT_SHARE, larger(CLIENT_SCARCE, part));
    c->bodies.small = c->responses.small = c->downloads.small = API_RESPONSE_SMALL;
}

static int
start_daemon(struct server *s) {
    struct kdf_pool_stats kdf;
    /* A classic request keeps a worker while it waits for its derivation and during it. */
    kdf_pool_stats(s->kdf, &kdf);

    struct daemon_config config = {
        .name = "http",
        .listeners = {{s->listener.fd, s->listener.port, HTTP_PLANE_MAIN}},
        .listener_count = 1,
        .api = &s->api,
        .metrics = s->sources.metrics,
        .random = &s->vault.random,
        .response_max = s->api.config.response_max,
        .trusted = &s->settings.trusted,
        .hosts = &s->settings.hosts,
        .user_header = s->settings.user_header,
        .user_proxies = &s->settings.user_proxies,
        .io_threads = process_cores(),
        .workers_max = kdf.threads * kdf.lanes + KDF_QUEUE + WORKERS_EXTRA,
        .queue_max = QUEUE_MAX,
        .store_ms = STORES_WAIT_MS,
        .kept_max = KEPT_MAX,
    };
    if (s->open_listener.fd >= 0)
        config.listeners[config.listener_count++] =
            (struct daemon_listener){s->open_listener.fd, s->open_listener.port, HTTP_PLANE_OPEN};
    share_memory(s, &config);
    share_files(s, &config);
    s->daemon = daemon_start(&config);
    return s->daemon == NULL ? ERR_NOMEM : 0;
}

static int
listen_for_metrics(struct server *s, struct buf *reason) {
    const char *where = s->settings.metrics_listen;
    if (where[0] == '\0') return 0;
    return listen_open("SECRETS_METRICS_LISTEN", where, &s->metrics_listener, reason);
}

/* Listen where secrets are shared and opened. */
static int
listen_for_all(struct server *s, char *const env[], struct buf *reason) {
    int passed = listen_passed(false, env, &s->listener, reason);
    if (passed != 0) return passed < 0 ? passed : 0;
    return listen_open("SECRETS_LISTEN", s->settings.listen, &s->listener, reason);
}

/* Listen where secrets are only opened, if there is such a listener. */
static int
listen_for_opening(struct server *s, char *const env[], struct buf *reason) {
    const char *where = s->settings.open_listen;
    int passed = listen_passed(true, env, &s->open_listener, reason);
    if (passed != 0 || where[0] == '\0') return passed < 0 ? passed : 0;
    return listen_open("SECRETS_OPEN_LISTEN", where, &s->open_listener, reason);
}

static int
listen_for_operator(struct server *s, struct buf *reason) {
    const char *where = s->settings.admin_listen;
    if (where[0] == '\0') return 0;
    return listen_open_private("SECRETS_ADMIN_LISTEN", where, &s->admin_listener, reason);
}

static int
start_operator(struct server *s) {
    const struct admin admin = {.api = &s->api, .survey_ms = SURVEY_MS};
    if (s->admin_listener.fd < 0) return 0;
    s->admin = admin_socket_start(s->admin_listener.fd, &admin);
    return s->admin == NULL ? ERR_NOMEM : 0;
}

static int
start_metrics(struct server *s) {
    struct metrics_sources *sources = &s->sources;
    sources->vault = &s->vault;
    sources->kdf = s->kdf;
    sources->sweeper = s->sweeper;
    if (s->metrics_listener.fd < 0) return 0;

    const struct metrics_http_config config = {
        .listener = {.fd = s->metrics_listener.fd, .port = s->metrics_listener.port},
        .hosts = &s->settings.hosts,
        .api = &s->api,
        .write = metrics_sources_write,
        .ctx = sources,
    };
    s->metrics = metrics_http_start(&config);
    return s->metrics == NULL ? ERR_NOMEM : 0;
}

/*
 * Whether nothing is stuck that a new process would not be.  A store that reports errors (a full
 * disk, an unreachable service) is not stuck: it may recover by itself, and opening may go on.
 * Therefore no service is called here.
 */
static bool
server_is_healthy(void *server) {
    struct server *s = server;
    return !vault_stuck(&s->vault) && daemon_threads_alive(s->daemon, ALIVE_MS, WORK_MS);
}

/* Tell systemd that connections are accepted, and start watchdog pings if it asks for them. */
static int
report_ready(struct server *s, char *const env[]) {
    int64_t ms =
        notify_watchdog_ms(process_env(env, "WATCHDOG_USEC"), process_env(env, "WATCHDOG_PID"));
    bool watched = s->notify >= 0 && ms > 0;
    notify_send(s->notify, "READY=1");
    s->watchdog = watchdog_start(s->notify, ms, server_is_healthy, s);
    return s->watchdog == NULL && watched ? ERR_NOMEM : 0;
}

/* Say which code derives keys, and warn if that is not what this processor can do. */
static void
report_derivations(const struct kdf_pool_stats *stats) {
    const char *name;
    enum kdf_code code = kdf_code(&name);

    log_debug("derivations", LOG_TEXT("code", name), LOG_NUMBER("threads", stats->threads),
              LOG_NUMBER("lanes", stats->lanes), LOG_FLAG("locked", stats->locked));
    if (code == KDF_CODE_FALLBACK)
        log_warn("derivations", LOG_TEXT("code", name),
                 LOG_TEXT("reason", "the code for the vectors of this processor has derived a "
                                    "wrong key in its self-test and is not used"));
    if (!stats->locked)
        log_warn("memory", LOG_TEXT("state", "unlocked"),
                 LOG_TEXT("reason", "the memory of derivations may be swapped out: raise the limit "
                                    "on locked memory"));
}

static int
start_derivations(struct server *s) {
    struct kdf_pool_stats stats;
    s->kdf = kdf_pool_new(&(struct kdf_pool_config){
        .threads = (unsigned)s->settings.kdf_threads,
        .queue_max = KDF_QUEUE,
        .params = KDF_CLASSIC,
        .memory = (uint64_t)s->settings.kdf_memory,
    });
    if (s->kdf == NULL) return ERR_NOMEM;

    kdf_pool_stats(s->kdf, &stats);
    report_derivations(&stats);
    return 0;
}

/* Open what the sandbox would refuse later, then give up all paths but those of the data. */
static int
open_then_confine(struct server *s, char *const env[], struct buf *reason) {
    const struct aws_env aws = {server_variable, (void *)(uintptr_t)env};
    metrics_sources_open(&s->sources, clock_now(&clock_system));
    s->sources.metrics = metrics_new();
    if (s->sources.metrics == NULL) return ERR_NOMEM;

    s->notify = notify_open(process_env(env, "NOTIFY_SOCKET"));
    int err = listen_for_all(s, env, reason);
    if (err == 0) err = listen_for_opening(s, env, reason);
    if (err == 0) err = listen_for_metrics(s, reason);
    if (err == 0) err = token_file_open(s->settings.api_tokens, &s->token_file, reason);
    if (err == 0) err = listen_for_operator(s, reason);
    if (err == 0) err = stores_prepare(&s->settings, &aws, &s->stores, reason);
    if (err == 0) err = server_confine_paths(s, &aws, reason);
    return err;
}

static void *
test_derivations(void *arg) {
    const char *name;
    (void)pthread_setname_np(pthread_self(), "self_test");
    (void)kdf_code(&name);
    return arg;
}

/* Open the stores, which waits for the disk.  Meanwhile another thread does the self-test of the
 * code that derives keys. */
static int
open_and_test(struct server *s, struct buf *reason) {
    pthread_t test;
    int err = thread_start(&test, 0, test_derivations, NULL);
    if (err != 0) return err;

    err = stores_open(&s->settings, &s->stores, reason);
    (void)pthread_join(test, NULL);
    return err;
}

int
server_start(struct server *s, char *const env[], struct buf *reason) {
    /* The order is a promise.  1. Paths are given up before any file of a client is opened and
     * before the first thread starts, since a thread keeps what its creator had. */
    int err = open_then_confine(s, env, reason);
    if (err != 0) return err;

    /* 2. The stores: what a crash left is tidied before anybody can read it. */
    err = open_and_test(s, reason);
    if (err != 0) return err;
    configure_vault(s);
    err = vault_tidy(&s->vault);
    if (err != 0) return err;

    /* 3. What works on them.  After this all libraries are loaded, and every thread that works on
     * the stores without a request runs. */
    err = start_derivations(s);
    if (err != 0) return err;
    configure_api(s);
    err = api_open(&s->api);
    if (err != 0) return err;
    /* To list what is due costs a scan of a table in DynamoDB. */
    s->sweeper = sweeper_start(&s->vault, s->kdf, SWEEP_SECONDS, !s->stores.records_remote);
    if (s->sweeper == NULL) return ERR_NOMEM;
    err = token_file_watch(s->token_file);
    if (err != 0) return err;

    /* 4. System calls are given up before the first byte of a client is read. */
    err = server_confine_calls(s, reason);
    if (err == 0) err = start_metrics(s);
    if (err == 0) err = start_operator(s);

    /* 5. Only then connections are accepted, and systemd is notified. */
    if (err == 0) err = start_daemon(s);
    if (err == 0) err = report_ready(s, env);
    return err;
}
