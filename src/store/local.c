/* SPDX-License-Identifier: MIT */
/* The backends that keep their data on this machine. */
#include <errno.h>

#include "base/err.h"
#include "store/backend.h"
#include "store/blobs/deadline.h"
#include "store/blobs/directory.h"
#include "store/sqlite/store.h"

enum { LOCAL_PATH_MAX = 1100 };

static int
open_sqlite(const struct store_config *config, struct store **out, struct buf *reason) {
    const struct sqlite_store_config sqlite = {
        .dir = config->data,
        .min_free = config->min_free,
        .wait_ms = config->wait_ms,
        .events = config->events,
        .events_days = config->events_days,
        .events_max = config->events_max,
        .reason = reason,
    };
    return sqlite_store_open(&sqlite, out);
}

static int
open_directory(const struct store_config *config, struct blobs **out, struct buf *reason) {
    char path[LOCAL_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/parts", config->data);
    int err = blobs_directory_open(path, config->min_free, out);
    if (err == ERR_STORE)
        (void)!buf_printf(reason, "cannot use %.200s: %s", path, strerrordesc_np(errno));
    if (err == ERR_BUSY) (void)!buf_printf(reason, "another process uses %.200s", path);
    if (err != 0) return err;

    *out = blobs_deadline_new(*out, config->wait_ms);
    return *out != NULL ? 0 : ERR_NOMEM;
}

const struct store_backend store_local_records = {
    .name = "SQLite",
    .place = STORE_LOCAL,
    .open_records = open_sqlite,
};

const struct store_backend store_local_blobs = {
    .name = "directory",
    .place = STORE_LOCAL,
    .open_blobs = open_directory,
};
