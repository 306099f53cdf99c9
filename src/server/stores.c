/* SPDX-License-Identifier: MIT */
#include "server/stores.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "http/client.h"
#include "store/aws.h"
#include "store/blobs/deadline.h"
#include "store/blobs/directory.h"
#include "store/fs.h"
#include "store/sqlite/store.h"

enum {
    REASON_MAX = 256,
    PATH_MAX_LEN = 1100,
    CONNECTIONS = 64, /* to AWS, kept for the next request */
    WAIT_MS = 5000,   /* after which a disk that does not answer is given up */
};

/* Nothing new is taken while the disk has less room than this: opening needs some to go on. */
static const uint64_t MIN_FREE = UINT64_C(64) * 1024 * 1024;

static int
open_records(const struct settings *s, struct store **out, struct buf *why) {
    char reason[REASON_MAX] = "";
    const struct sqlite_store_config config = {
        .dir = s->data,
        .min_free = MIN_FREE,
        .wait_ms = WAIT_MS,
        .error = reason,
        .error_len = sizeof(reason),
    };
    int err = sqlite_store_open(&config, out);
    if (err != 0) (void)!buf_add_text(why, reason);
    return err;
}

static int
open_blobs(const struct settings *s, struct blobs **out, struct buf *why) {
    char path[PATH_MAX_LEN];
    (void)snprintf(path, sizeof(path), "%s/parts", s->data);
    int err = blobs_directory_open(path, MIN_FREE, out);
    if (err == 0) *out = blobs_deadline_new(*out, WAIT_MS);
    if (err == 0 && *out == NULL) err = ERR_NOMEM;
    if (err == ERR_STORE)
        (void)!buf_printf(why, "cannot use %.200s: %s", path, strerrordesc_np(errno));
    else if (err == ERR_BUSY) (void)!buf_printf(why, "another process uses %.200s", path);
    return err;
}

/* Say what came of opening ${what} in AWS; ${wrong} is the setting at fault where there is one. */
static int
explain(int err, const char *what, const char *wrong, struct buf *why) {
    if (err == ERR_CONFIG && strcmp(wrong, "S3_BUCKET") == 0)
        (void)!buf_add_text(why, "S3_BUCKET: no bucket's name, or the bucket keeps versions, from "
                                 "which nothing is ever erased");
    else if (err == ERR_CONFIG) (void)!buf_printf(why, "%s: missing or not understood", wrong);
    else if (err != 0) (void)!buf_printf(why, "cannot open %s in AWS", what);
    return err;
}

bool
stores_are_here(const struct settings *s) {
    return s->dynamo_table[0] == '\0' || s->s3_bucket[0] == '\0';
}

int
stores_prepare(const struct settings *s, const struct aws_env *env, struct stores *out,
               struct buf *why) {
    *out = (struct stores){.text_max = UINT64_MAX};
    if (s->dynamo_table[0] != '\0' || s->s3_bucket[0] != '\0') {
        http_client_setup();
        out->aws = store_aws_new(env, CONNECTIONS);
        if (out->aws == NULL) return ERR_NOMEM;
        store_aws_warm(out->aws);
    }
    if (!stores_are_here(s) || fs_make_dir(s->data) == 0) return 0;
    (void)!buf_printf(why, "cannot make %.200s: %s", s->data, strerrordesc_np(errno));
    return ERR_IO;
}

static int
open_table(const struct settings *s, struct stores *out, struct buf *why) {
    const char *wrong = "";
    if (!store_aws_parts_fit((uint64_t)s->file_max, (uint64_t)s->part_size)) {
        (void)!buf_add_text(why,
                            "SECRETS_MAX_FILE: a record in DynamoDB knows 65536 parts at most; "
                            "make files smaller or SECRETS_PART_SIZE larger");
        return ERR_CONFIG;
    }
    int err =
        store_aws_open_records(out->aws, s->dynamo_table,
                               s->s3_bucket[0] != '\0' ? s->s3_bucket : NULL, &out->store, &wrong);
    if (err == 0) out->text_max = out->store->inline_max;
    return explain(err, "the table", wrong, why);
}

static int
open_bucket(const struct settings *s, struct stores *out, struct buf *why) {
    const char *wrong = "";
    int err = store_aws_open_blobs(out->aws, s->s3_bucket, s->s3_sse[0] != '\0' ? s->s3_sse : NULL,
                                   &out->blobs, &wrong);
    return explain(err, "the bucket", wrong, why);
}

int
stores_open(const struct settings *s, struct stores *out, struct buf *why) {
    int err =
        s->dynamo_table[0] != '\0' ? open_table(s, out, why) : open_records(s, &out->store, why);
    if (err == 0)
        err = s->s3_bucket[0] != '\0' ? open_bucket(s, out, why) : open_blobs(s, &out->blobs, why);
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
    *s = (struct stores){0};
}
