/* SPDX-License-Identifier: MIT */
/*
 * Serves /metrics on a listener of its own, separate from everything that clients reach.
 */
#ifndef SERVER_METRICS_HTTP_H
#define SERVER_METRICS_HTTP_H

#include "base/buf.h"

struct metrics_http;

/*
 * Answer GET /metrics on the listening socket ${fd}, which the caller closes after
 * metrics_http_stop(), with what ${write} appends (it returns 0, or an error that becomes 500).
 * One thread.  At most 16 connections, of which the oldest gives way to a new one: clients that
 * connect and say nothing keep nobody out.  Returns NULL if memory,
 * threads or descriptors are short.
 */
struct metrics_http *metrics_http_start(int fd, int (*write)(void *ctx, struct buf *out),
                                        void *ctx);

/* Close its connections and free ${m}.  NULL is allowed. */
void metrics_http_stop(struct metrics_http *m);

#endif
