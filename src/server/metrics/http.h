/* SPDX-License-Identifier: MIT */
/*
 * Serves /metrics on a listener of its own, separate from everything that clients reach.
 */
#ifndef SERVER_METRICS_HTTP_H
#define SERVER_METRICS_HTTP_H

#include "base/buf.h"
#include "server/http/daemon.h"

struct metrics_http;

struct metrics_http_config {
    struct daemon_listener listener;
    const struct hosts *hosts; /* names that Host may have; others get 421 */
    struct api *api;           /* has the name of the page, which Host may have, too */
    int (*write)(void *ctx, struct buf *out); /* returns 0, or an error that becomes 500 */
    void *ctx;
};

/*
 * Answer GET /metrics on the listener of ${c} with what its write appends.  The caller closes the
 * listening socket after metrics_http_stop().  One thread.  At most 16 connections, of which the
 * oldest gives way to a new one: clients that connect and say nothing keep nobody out.  Returns
 * NULL if memory, threads or descriptors are short.
 */
struct metrics_http *metrics_http_start(const struct metrics_http_config *c);

/* Close its connections and free ${m}.  NULL is allowed. */
void metrics_http_stop(struct metrics_http *m);

#endif
