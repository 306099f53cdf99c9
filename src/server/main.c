/* SPDX-License-Identifier: MIT */
/*
 * secretsd: shares secrets by links that stop working (docs/DESIGN.md).
 */
#include <unistd.h>

#include "api/page.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/kdf_pool.h"
#include "server/figures.h"
#include "server/listen.h"
#include "server/mhd.h"
#include "server/mhd_metrics.h"
#include "server/process.h"
#include "server/sandbox.h"
#include "server/settings.h"
#include "server/stores.h"
#include "server/sweeper.h"

enum {
    TEXT_MAX = 16 * 1024,    /* what --help prints */
    KDF_QUEUE = 32,          /* derivations that wait, before 503 */
    WORKERS_BESIDE_KDF = 32, /* workers that derivations can never take */
    QUEUE_MAX = 1024,        /* requests that wait for a worker, before 503 */
    BODY_BUDGET = 64 * 1024 * 1024,
    ANSWER_BUDGET = 64 * 1024 * 1024,
    CLIENT_SHARE = 16 * 1024 * 1024, /* of either, for one client */
    CONNECTIONS_MAX = 16384,
    FILES_KEPT_BACK = 128, /* descriptors for all but connections */
    PER_CLIENT_MAX = 128,
    SWEEP_SECONDS = 25, /* erased within 60 s of its time */
    STOP_MS = 10 * 1000,
    CLASSIC_FILE_MAX = 10 * 1024 * 1024,
    INLINE_MAX = 128 * 1024, /* content that may come in the create call */
    DAY = 24 * 60 * 60,
};

/* Everything that runs. */
struct server {
    struct settings settings;
    struct listener listener;
    struct stores stores;
    struct vault vault;
    struct kdf_pool *kdf;
    struct api api;
    struct sweeper *sweeper;
    struct mhd *mhd;
    struct figures figures;
    struct listener metrics_listener;
    struct mhd_metrics *metrics;
};

/* The largest answer: a text of control characters grows sixfold in JSON, a file by base64. */
static uint64_t
answer_max(uint64_t text_max) {
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
        .answer_max = answer_max(text_max),
        .page = set->page,
        .origin_count = set->origins.count,
    };
    c->rate_create = (uint32_t)set->rate_create;
    c->rate_open = (uint32_t)set->rate_open;
    for (int i = 0; i < set->origins.count; i++)
        c->origins[i] = set->origins.items[i];
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
}

static struct mhd *
serve(struct server *s) {
    unsigned files = process_file_limit(), kdf = (unsigned)s->settings.kdf_threads;
    unsigned room = files > 2 * FILES_KEPT_BACK ? files - FILES_KEPT_BACK : files / 2;
    const struct mhd_config config = {
        .listen_fd = s->listener.fd,
        .api = &s->api,
        .metrics = s->figures.metrics,
        .trusted = &s->settings.trusted,
        .io_threads = process_cores(),
        .workers_max = kdf + KDF_QUEUE + WORKERS_BESIDE_KDF,
        .queue_max = QUEUE_MAX,
        .connections_max = room < CONNECTIONS_MAX ? room : CONNECTIONS_MAX,
        .per_client_max = PER_CLIENT_MAX,
        .body_budget = BODY_BUDGET,
        .answer_budget = ANSWER_BUDGET,
        .client_share = CLIENT_SHARE,
    };
    return mhd_start(&config);
}

/* Leave every thread that is started from here on the data directory alone. */
static int
confine_paths(struct server *s, struct buf *why) {
    if (!s->settings.sandbox) {
        log_warn("sandbox", "state=off reason=\"SECRETS_SANDBOX=off: no protection from a flaw in "
                            "this program\"");
        return 0;
    }
    char socket_dir[sizeof(s->listener.path)];
    (void)snprintf(socket_dir, sizeof(socket_dir), "%s", s->listener.path);
    char *slash = strrchr(socket_dir, '/');
    if (slash != NULL) *slash = '\0';
    const struct sandbox_paths paths = {
        .data_dir = stores_are_here(&s->settings) ? s->settings.data : NULL,
        .outgoing = s->stores.cloud != NULL,
        .socket_dir = s->listener.path[0] == '\0' ? NULL
                      : slash == NULL             ? "."
                                                  : socket_dir,
    };
    int result = sandbox_restrict_paths(&paths);
    if (result == SANDBOX_UNSUPPORTED) log_warn("sandbox", "paths=unsupported");
    if (result < 0) (void)!buf_add_text(why, "the kernel refuses to confine this process to paths");
    return result < 0 ? result : 0;
}

/* Leave every thread the system calls of serving alone. */
static int
confine_calls(struct server *s, struct buf *why) {
    if (!s->settings.sandbox) return 0;
    int result = sandbox_restrict_calls(s->stores.cloud != NULL);
    if (result == SANDBOX_UNSUPPORTED) log_warn("sandbox", "calls=unsupported");
    if (result < 0) (void)!buf_add_text(why, "the kernel refuses to confine this process to calls");
    return result < 0 ? result : 0;
}

static int
start_metrics(struct server *s, struct buf *why) {
    char *const none[] = {NULL}; /* a socket that systemd passed is for clients */
    struct figures *f = &s->figures;
    const char *where = s->settings.metrics_listen;
    f->vault = &s->vault;
    f->kdf = s->kdf;
    f->sweeper = s->sweeper;
    if (where[0] == '\0') return 0;
    int err = listen_open(where, none, &s->metrics_listener, why);
    if (err != 0) return err;
    s->metrics = mhd_metrics_start(s->metrics_listener.fd, figures_write, f);
    return s->metrics == NULL ? ERR_NOMEM : 0;
}

static const char *
get_variable(void *ctx, const char *name) {
    (void)ctx;
    return getenv(name);
}

static int
start(struct server *s, char *const env[], struct buf *why) {
    static const struct aws_env aws = {get_variable, NULL};
    unsigned kdf = (unsigned)s->settings.kdf_threads;
    figures_open(&s->figures, clock_now(&clock_system));
    s->figures.metrics = metrics_new();
    if (s->figures.metrics == NULL) return ERR_NOMEM;
    int err = listen_open(s->settings.listen, env, &s->listener, why);
    if (err == 0) err = stores_prepare(&s->settings, &aws, &s->stores, why);
    if (err == 0) err = confine_paths(s, why);
    if (err == 0) err = stores_open(&s->settings, &s->stores, why);
    if (err != 0) return err;
    configure_vault(s);
    err = vault_tidy(&s->vault);
    if (err != 0) return err;
    s->kdf = kdf_pool_new(kdf, KDF_QUEUE, KDF_CLASSIC);
    if (s->kdf == NULL) return ERR_NOMEM;
    configure_api(s);
    err = api_open(&s->api);
    if (err != 0) return err;
    s->sweeper = sweeper_start(&s->vault, SWEEP_SECONDS);
    if (s->sweeper == NULL) return ERR_NOMEM;
    err = start_metrics(s, why);
    if (err != 0) return err;
    s->mhd = serve(s);
    return s->mhd == NULL ? ERR_NOMEM : confine_calls(s, why);
}

/* Close everything, requests first.  Returns the exit code. */
static int
stop(struct server *s) {
    listen_stop(&s->listener);
    if (s->mhd != NULL && !mhd_stop(s->mhd, STOP_MS)) {
        log_error("stopped", "reason=\"requests did not end in time\"");
        _exit(1); /* nothing that they use may be closed; the store recovers by itself */
    }
    listen_close(&s->listener);
    mhd_metrics_stop(s->metrics);
    listen_close(&s->metrics_listener);
    sweeper_stop(s->sweeper);
    api_close(&s->api);
    kdf_pool_free(s->kdf);
    stores_close(&s->stores);
    figures_close(&s->figures);
    metrics_free(s->figures.metrics);
    return 0;
}

static int
run(struct server *s, struct buf *why) {
    int err = start(s, environ, why);
    if (err != 0) {
        log_error("start", "error=\"%s\" reason=\"%s\"", err_text(err), buf_text(why));
        (void)stop(s);
        return 1;
    }
    process_settle();
    log_info("listening", "version=%s open=%s", VERSION, s->listener.open);
    int sig = process_wait();
    log_info("stopping", "signal=%d", sig);
    int code = stop(s);
    log_info("stopped", "%s", "");
    return code;
}

int
main(int argc, char *argv[]) {
    static struct server server;
    struct buf text = BUF_INIT(TEXT_MAX);
    server.listener.fd = server.metrics_listener.fd = -1;
    int code = 2;
    if (process_harden() != 0) {
        log_error("start", "reason=\"this process cannot be protected\"");
        return 1;
    }
    json_setup();
    switch (settings_read(&server.settings, argc, argv, environ, process_cores(), &text)) {
    case SETTINGS_PRINT: code = fputs(buf_text(&text), stdout) < 0; break;
    case SETTINGS_REFUSE: (void)fputs(buf_text(&text), stderr); break;
    case SETTINGS_RUN: code = run(&server, &text); break;
    }
    buf_free(&text);
    return code;
}
