/* SPDX-License-Identifier: MIT */
#include "server/stores.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "store/blobs_dir.h"
#include "store/sqlite.h"
#ifdef SERVER_TEST
#include "racy.h" /* tests/server */
#endif

enum { REASON_MAX = 256, PATH_MAX_LEN = 1100 };

/* Creates are refused while the disk has less room than this: opening needs some to go on. */
static const uint64_t RESERVE = UINT64_C(64) * 1024 * 1024;

static int
open_records(const struct settings *s, struct store **out, struct buf *why) {
    char reason[REASON_MAX] = "";
    const struct store_sqlite_config config = {
        .dir = s->data,
        .reserve = RESERVE,
        .error = reason,
        .error_len = sizeof(reason),
    };
    int err = store_sqlite_open(&config, out);
    if (err != 0) (void)!buf_add_text(why, reason);
    return err;
}

static int
open_blobs(const struct settings *s, struct blobs **out, struct buf *why) {
    char path[PATH_MAX_LEN];
    (void)snprintf(path, sizeof(path), "%s/parts", s->data);
    int err = blobs_dir_open(path, out);
    if (err == ERR_STORE)
        (void)!buf_printf(why, "cannot use %.200s: %s", path, strerrordesc_np(errno));
    else if (err == ERR_BUSY) (void)!buf_printf(why, "another process uses %.200s", path);
    return err;
}

int
stores_prepare(const struct settings *s, struct buf *why) {
    if (mkdir(s->data, 0700) == 0 || errno == EEXIST) return 0;
    (void)!buf_printf(why, "cannot make %.200s: %s", s->data, strerrordesc_np(errno));
    return ERR_IO;
}

int
stores_open(const struct settings *s, struct stores *out, struct buf *why) {
    *out = (struct stores){0};
    int err = open_records(s, &out->store, why);
#ifdef SERVER_TEST
    if (err == 0) racy_make(out->store);
#endif
    if (err == 0) err = open_blobs(s, &out->blobs, why);
    if (err != 0) stores_close(out);
    return err;
}

void
stores_close(struct stores *s) {
    if (s->blobs != NULL) s->blobs->ops->close(s->blobs);
    if (s->store != NULL) s->store->ops->close(s->store);
    *s = (struct stores){0};
}
