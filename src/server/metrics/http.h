/* SPDX-License-Identifier: MIT */
/*
 * /metrics on a listener of its own, apart from everything that clients reach.
 */
#ifndef SERVER_METRICS_HTTP_H
#define SERVER_METRICS_HTTP_H

#include "base/buf.h"

struct metrics_http;

/*
 * Answer GET /metrics on the listening socket ${fd}, which stays the caller's to close afterwards,
 * with what ${write} appends (0, or an error that becomes 500).  One thread, few connections.
 * Returns NULL if that cannot be started.
 */
struct metrics_http *metrics_http_start(int fd, int (*write)(void *ctx, struct buf *out),
                                        void *ctx);

/* Close its connections and free ${m}.  NULL is allowed. */
void metrics_http_stop(struct metrics_http *m);

#endif
