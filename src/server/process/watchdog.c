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
    bool (*well)(void *ctx);
    void *ctx;
    bool was_well;
};

static int64_t
beat(void *arg) {
    struct watchdog *w = arg;
    bool well = w->well(w->ctx);
    if (well != w->was_well) log_warn("watchdog", LOG_FLAG("well", well));
    if (well) notify_send(w->fd, "WATCHDOG=1");
    w->was_well = well;
    return well ? w->ms / 2 : w->ms / 16;
}

struct watchdog *
watchdog_start(int fd, int64_t ms, bool (*well)(void *ctx), void *ctx) {
    if (fd < 0 || ms == 0) return NULL;
    struct watchdog *w = malloc(sizeof(*w));
    if (w == NULL) return NULL;
    *w = (struct watchdog){.fd = fd, .ms = ms, .well = well, .ctx = ctx, .was_well = true};
    w->ticker = ticker_start("watchdog", ms / 2, beat, w);
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
