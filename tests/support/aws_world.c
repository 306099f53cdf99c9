/* SPDX-License-Identifier: MIT */
#include "aws_world.h"

static const char *
world_get(void *ctx, const char *name) {
    const struct world *w = ctx;
    for (int i = 0; i < WORLD_VARIABLES && w->variables[i][0] != NULL; i++)
        if (strcmp(w->variables[i][0], name) == 0) return w->variables[i][1];
    return NULL;
}

struct aws_env
world_env(struct world *w) {
    return (struct aws_env){world_get, w};
}

static void
check_request(struct world *w, const struct world_answer *a,
              const struct http_client_request *req) {
    bool found = a->want_field == NULL;
    for (size_t i = 0; i < req->field_count; i++) {
        if (strcmp(req->fields[i].name, "Authorization") == 0)
            (void)snprintf(w->last_authorization, sizeof(w->last_authorization), "%s",
                           req->fields[i].value);
        if (a->want_field != NULL && strcmp(req->fields[i].name, a->want_field) == 0 &&
            strcmp(req->fields[i].value, a->want_value) == 0)
            found = true;
    }
    if (a->want_body != NULL && (req->body_len != strlen(a->want_body) ||
                                 memcmp(req->body, a->want_body, req->body_len) != 0))
        found = false;
    if (!found || (a->url != NULL && strncmp(req->url, a->url, strlen(a->url)) != 0)) {
        (void)fprintf(stderr, "unexpected request %d: %s\n", w->asked, req->url);
        abort();
    }
}

static enum http_failure
world_send(void *ctx, const struct http_client_request *req, struct http_client_response *resp) {
    struct world *w = ctx;
    (void)pthread_mutex_lock(&w->lock);
    if (w->answer_count == 0 || (w->strict && w->asked >= w->answer_count)) abort();
    int i = w->asked < w->answer_count ? w->asked : w->answer_count - 1;
    const struct world_answer *a = &w->answers[i];
    check_request(w, a, req);
    w->asked++;
    buf_reset(&resp->body);
    resp->status = a->status;
    resp->sent = a->failure == HTTP_FAILURE_NONE || a->sent;
    for (size_t h = 0; h < resp->header_count; h++)
        (void)snprintf(resp->headers[h].value, sizeof(resp->headers[h].value), "%s",
                       strcmp(resp->headers[h].name, "Date") == 0 && a->date != NULL ? a->date
                                                                                     : "");
    if (a->body != NULL && buf_add_text(&resp->body, a->body) != 0) abort();
    (void)pthread_mutex_unlock(&w->lock);
    return a->failure;
}

static void
world_pause(void *ctx, int ms) {
    struct world *w = ctx;
    (void)pthread_mutex_lock(&w->lock);
    w->paused_ms += ms;
    (void)pthread_mutex_unlock(&w->lock);
}

struct aws_transport
world_transport(struct world *w) {
    return (struct aws_transport){world_send, world_pause, w};
}

static int64_t
world_now(void *ctx) {
    return ((struct world *)ctx)->now;
}

struct clock
world_clock(struct world *w) {
    return (struct clock){world_now, w};
}
