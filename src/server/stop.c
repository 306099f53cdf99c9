/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "base/log.h"
#include "server/internal.h"
#include "server/process/notify.h"
#include "server/process/ticker.h"

/* A health check lasts longer than WATCHDOG_STOP_MS only while the disk hangs or is as slow.
 * Closing would wait for that disk as well, so nothing is lost by the exit. */
enum {
    DRAIN_MS = 10 * 1000,        /* for requests to end */
    GIVE_UP_MS = 7 * 1000,       /* of that; then requests stop waiting for AWS */
    WATCHDOG_STOP_MS = 4 * 1000, /* for a health check that runs */
    CLOSE_MS = 7 * 1000,         /* for everything else; longer than stores wait for a disk
                                    (stores.c) */
};

/*
 * Exit as after a power failure: a thread or the disk is stuck, and so would be any orderly close.
 * The stores recover when they are opened again.
 */
static void
exit_at_once(const char *reason) {
    log_error("stopped", LOG_TEXT("reason", reason));
    _exit(1);
}

static int64_t
close_timed_out(void *none) {
    (void)none;
    exit_at_once("not everything closed in time");
    return 0;
}

static int64_t
give_up_aws(void *server) {
    struct server *s = server;
    stores_give_up(&s->stores);
    return DRAIN_MS;
}

/*
 * Let running requests end.  Those that wait for AWS give up early enough to send a response.
 * Returns whether none is left.
 */
static bool
drain_requests(struct server *s) {
    struct ticker *timer = ticker_start("stop", GIVE_UP_MS, give_up_aws, s);
    bool quiet = s->daemon == NULL || daemon_drain(s->daemon, DRAIN_MS);
    (void)ticker_stop(timer, -1);
    (void)give_up_aws(s);
    return quiet;
}

/* Close everything in the reverse order of server_start().  No request runs. */
static void
close_all(struct server *s) {
    /* What clients reach. */
    admin_socket_stop(s->admin);
    daemon_stop(s->daemon);
    listen_close(&s->listener);
    listen_close(&s->open_listener);
    metrics_http_stop(s->metrics);
    listen_close(&s->metrics_listener);
    listen_close(&s->admin_listener);

    /* What works on the stores, then the stores. */
    sweeper_stop(s->sweeper);
    api_close(&s->api);
    token_file_close(s->token_file);
    kdf_pool_free(s->kdf);
    stores_close(&s->stores);
    brand_free(&s->brand);

    metrics_sources_close(&s->sources);
    metrics_free(s->sources.metrics);
}

void
server_stop(struct server *s) {
    /* The order is a promise.  1. No new connection; systemd's socket keeps the next ones. */
    notify_send(s->notify, "STOPPING=1");
    if (s->daemon != NULL) daemon_end_connections(s->daemon);
    listen_stop(&s->listener);
    listen_stop(&s->open_listener);

    /* 2. Running requests end, while a sweep and a health check end as well. */
    vault_end_sweeps(&s->vault);
    bool unwatched = watchdog_stop(s->watchdog, 0);
    bool quiet = drain_requests(s);
    if (quiet && !unwatched) unwatched = watchdog_stop(s->watchdog, WATCHDOG_STOP_MS);
    if (!quiet || !unwatched) exit_at_once("requests did not end in time");

    /* 3. Nothing uses the stores any more: close everything, within a time limit. */
    struct ticker *timer = ticker_start("stop", CLOSE_MS, close_timed_out, NULL);
    close_all(s);
    (void)ticker_stop(timer, -1);
}
