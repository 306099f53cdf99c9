/* SPDX-License-Identifier: MIT */
#include "server/stores.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "http/client.h"
#include "server/process/curl.h"
#include "store/aws.h"
#include "store/backend.h"
#include "store/fs.h"
#include "vault/daily.h"

enum {
    CONNECTIONS = 64, /* idle connections to AWS that are kept */
};

/* New content leaves this much of the disk free, because opening requires some. */
static const uint64_t MIN_FREE = UINT64_C(64) * 1024 * 1024;

/* In order of preference.  The last one is used if the settings choose no other. */
static const struct store_backend *const record_backends[] = {&store_aws_records,
                                                              &store_local_records};
static const struct store_backend *const blob_backends[] = {&store_aws_blobs, &store_local_blobs};

static struct store_config
stores_config(const struct settings *s, const struct stores *stores) {
    return (struct store_config){
        .data = stores->data,
        .dynamo_table = s->dynamo_table,
        .s3_bucket = s->s3_bucket,
        .s3_sse = s->s3_sse,
        .aws_http_anywhere = s->aws_http == 1,
        .file_max = (uint64_t)s->file_max,
        .part_size = (uint64_t)s->part_size,
        .min_free = MIN_FREE,
        .events = s->admin_listen[0] != '\0',
        .events_days = s->events_days,
        .events_max = s->events_max,
        .wait_ms = STORES_WAIT_MS,
        .aws = stores->aws,
    };
}

/* Choose and make the data directory out->data at ${path}, the one of the settings. */
static int
prepare_data(const char *path, struct stores *out, struct buf *reason) {
    (void)snprintf(out->data, sizeof(out->data), "%s", path);
    if (fs_is_volume(path)) {
        (void)snprintf(out->data, sizeof(out->data), "%s/secretsd", path);
        log_info("start", LOG_TEXT("data", out->data),
                 LOG_TEXT("reason", "SECRETS_DATA is a volume that belongs to root and is open to "
                                    "others, so a subdirectory is used"));
    }
    if (fs_make_dir(out->data) != 0) {
        (void)!buf_printf(reason, "cannot make %.200s: %s", out->data, strerrordesc_np(errno));
        return ERR_IO;
    }

    const char *kind = fs_remote_kind(out->data);
    if (kind != NULL)
        log_warn("start", LOG_TEXT("data", out->data), LOG_TEXT("file_system", kind),
                 LOG_TEXT("reason", "locks and fsync may not hold on this file system, so a crash "
                                    "or a second server can lose secrets: use a local disk"));
    return 0;
}

int
stores_prepare(const struct settings *s, const struct aws_env *env, struct stores *out,
               struct buf *reason) {
    *out = (struct stores){.text_max = UINT64_MAX};
    const struct store_config config = stores_config(s, out);
    enum store_place records = store_backend_find(record_backends, &config)->place;
    enum store_place blobs = store_backend_find(blob_backends, &config)->place;

    out->local = records == STORE_LOCAL || blobs == STORE_LOCAL;
    out->records_remote = records != STORE_LOCAL;
    out->blobs_remote = blobs != STORE_LOCAL;
    out->remote = out->records_remote || out->blobs_remote;
    /* The libraries, before their paths are given up. */
    int err = out->remote ? curl_load(reason) : 0;
    if (err != 0) return err;
    if (out->remote) http_client_setup();

    if (records == STORE_IN_AWS || blobs == STORE_IN_AWS) {
        out->aws = store_aws_new(env, CONNECTIONS);
        if (out->aws == NULL) return ERR_NOMEM;
        store_aws_warm(out->aws);
    }

    return out->local ? prepare_data(s->data, out, reason) : 0;
}

int
stores_open(const struct settings *s, struct stores *out, struct buf *reason) {
    const struct store_config config = stores_config(s, out);
    const struct store_backend *records = store_backend_find(record_backends, &config);
    const struct store_backend *blobs = store_backend_find(blob_backends, &config);

    int err = store_backend_check(records, &config, reason);
    if (err == 0) err = records->open_records(&config, &out->store, reason);
    if (err == 0) err = blobs->open_blobs(&config, &out->blobs, reason);
    if (records->text_max != 0) out->text_max = records->text_max;

    /* What is in a remote store has no quota. */
    if (err == 0 && out->remote && s->daily_bytes > 0) {
        out->daily = daily_new((uint64_t)s->daily_bytes);
        if (out->daily == NULL) err = ERR_NOMEM;
    }
    return err;
}

void
stores_give_up(const struct stores *s) {
    if (s->aws != NULL) store_aws_give_up(s->aws);
}

void
stores_close(struct stores *s) {
    if (s->blobs != NULL) s->blobs->ops->close(s->blobs);
    if (s->store != NULL) s->store->ops->close(s->store);
    store_aws_free(s->aws);
    daily_free(s->daily);
    *s = (struct stores){0};
}
