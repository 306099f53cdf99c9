/* SPDX-License-Identifier: MIT */
#include "server/metrics/http.h"

#include "http/problem.h"
#include "server/http/daemon.h"

enum {
    TEXT_MAX = 1 << 20,
    CONNECTIONS_MAX = 16, /* at one more the oldest is closed */
    LINGERING_MAX = 4,
    DRAIN_MS = 1000,
};

struct metrics_http {
    struct daemon *daemon;
    int (*write)(void *ctx, struct buf *out);
    void *ctx;
};

/* daemon_config.answer */
static void
metrics_answer(void *arg, const struct http_request *req, struct http_response *resp) {
    struct metrics_http *m = arg;
    bool reads = req->method == HTTP_GET || req->method == HTTP_HEAD;
    http_response_set(resp, "Secrets-Answer", "1");
    if (strcmp(req->path, "/metrics") != 0) {
        problem_respond(resp, PROBLEM_NOT_FOUND, NULL);
    } else if (!reads) {
        http_response_set(resp, "Allow", "GET, HEAD");
        problem_respond(resp, PROBLEM_METHOD, NULL);
    } else if (m->write(m->ctx, &resp->body) != 0) {
        problem_respond(resp, PROBLEM_INTERNAL, NULL);
    } else {
        http_response_set(resp, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        resp->status = 200;
    }
}

struct metrics_http *
metrics_http_start(const struct metrics_http_config *c) {
    static const struct http_trusted nobody;
    struct metrics_http *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    m->write = c->write;
    m->ctx = c->ctx;

    /* One thread without workers.  All connections may hold a response at once. */
    const struct daemon_config config = {
        .name = "metrics",
        .listeners = {c->listener},
        .listener_count = 1,
        .api = c->api,
        .answer = metrics_answer,
        .answer_arg = m,
        .trusted = &nobody,
        .hosts = c->hosts,
        .io_threads = 1,
        .connections = budget_unshared(CONNECTIONS_MAX),
        .oldest_gives_way = true,
        .lingering = budget_unshared(LINGERING_MAX),
        .kept_max = CONNECTIONS_MAX,
        .response_max = TEXT_MAX,
        .bodies = {.small = API_RESPONSE_SMALL},
        .responses = {.small = API_RESPONSE_SMALL},
        .downloads = budget_unshared((size_t)CONNECTIONS_MAX * TEXT_MAX),
    };
    m->daemon = daemon_start(&config);
    if (m->daemon != NULL) return m;
    free(m);
    return NULL;
}

void
metrics_http_stop(struct metrics_http *m) {
    if (m == NULL) return;

    /* No worker runs here, so a response that nobody reads may be left. */
    bool quiet = daemon_drain(m->daemon, DRAIN_MS);
    (void)quiet;
    daemon_stop(m->daemon);
    free(m);
}
