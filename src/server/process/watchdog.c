/* SPDX-License-Identifier: MIT */
#include "server/process/watchdog.h"

#include "base/compiler.h"
#include "base/log.h"
#include "server/process/notify.h"
#include "server/process/ticker.h"

struct watchdog {
    struct ticker *ticker;
    int fd;
    int64_t ms;
    bool (*healthy)(void *ctx);
    void *ctx;
    bool was_healthy;
};

/* Check and ping.  Returns the milliseconds to the next check. */
static int64_t
watchdog_ping(void *arg) {
    struct watchdog *w = arg;
    bool healthy = w->healthy(w->ctx);
    if (healthy != w->was_healthy) log_warn("watchdog", LOG_FLAG("healthy", healthy));
    if (healthy) notify_send(w->fd, "WATCHDOG=1");
    w->was_healthy = healthy;
    return healthy ? w->ms / 2 : w->ms / 16;
}

struct watchdog *
watchdog_start(int fd, int64_t ms, bool (*healthy)(void *ctx), void *ctx) {
    if (fd < 0 || ms == 0) return NULL;
    struct watchdog *w = malloc(sizeof(*w));
    if (w == NULL) return NULL;
    *w = (struct watchdog){.fd = fd, .ms = ms, .healthy = healthy, .ctx = ctx, .was_healthy = true};
    w->ticker = ticker_start("watchdog", ms / 2, watchdog_ping, w);
    if (w->ticker != NULL) return w;
    free(w);
    return NULL;
}

bool
watchdog_stop(struct watchdog *w, int64_t ms) {
    if (w == NULL) return true;
    if (!ticker_stop(w->ticker, ms)) return false;
    free(w);
    return true;
}
