/* SPDX-License-Identifier: MIT */
/* Any responses to the S3 blob store, from its start on.  Input: responses (aws_peer.h). */
#include "aws_peer.h"
#include "base/log.h"
#include "store/s3/blobs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct buf reason = BUF_INIT(256), part = BUF_INIT(64);
    const struct s3_blobs_config config = {.aws = peer_config(), .bucket = "files"};
    struct blobs *b = NULL;

    log_set_level(LOG_LEVEL_ERROR);
    peer_data = data;
    peer_len = len;
    if (s3_blobs_open(&config, &b, &reason) == 0) {
        (void)b->ops->put(b, "Name", 0, "part", 4);
        (void)b->ops->get(b, "Name", 1, &part);
        (void)b->ops->get(b, "ID.enc", 0, &part);
        (void)b->ops->erase(b, "Name", 0, 1500);
        (void)b->ops->ping(b);
        b->ops->close(b);
    } else if (reason.len == 0) abort(); /* the operator learns why */
    for (size_t i = 0; i < reason.len; i++)
        if (reason.data[i] < ' ' || reason.data[i] > '~') abort();
    buf_free(&reason);
    buf_free(&part);
    return 0;
}
