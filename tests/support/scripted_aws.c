/* SPDX-License-Identifier: MIT */
#include "scripted_aws.h"

static const char *
scripted_get(void *ctx, const char *name) {
    const struct scripted_aws *w = ctx;
    for (int i = 0; i < SCRIPTED_VARIABLES && w->variables[i][0] != NULL; i++)
        if (strcmp(w->variables[i][0], name) == 0) return w->variables[i][1];
    return NULL;
}

struct aws_env
scripted_env(struct scripted_aws *w) {
    return (struct aws_env){scripted_get, w};
}

static void
check_request(struct scripted_aws *w, const struct scripted_response *a,
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
scripted_send(void *ctx, const struct http_client_request *req, struct http_client_response *resp) {
    struct scripted_aws *w = ctx;
    (void)pthread_mutex_lock(&w->lock);
    if (w->response_count == 0 || (w->strict && w->asked >= w->response_count)) abort();
    int i = w->asked < w->response_count ? w->asked : w->response_count - 1;
    const struct scripted_response *a = &w->responses[i];
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
scripted_pause(void *ctx, int ms) {
    struct scripted_aws *w = ctx;
    (void)pthread_mutex_lock(&w->lock);
    w->paused_ms += ms;
    (void)pthread_mutex_unlock(&w->lock);
}

struct aws_transport
scripted_transport(struct scripted_aws *w) {
    return (struct aws_transport){scripted_send, scripted_pause, w};
}

static int64_t
scripted_now(void *ctx) {
    return ((struct scripted_aws *)ctx)->now;
}

struct clock
scripted_clock(struct scripted_aws *w) {
    return (struct clock){scripted_now, w};
}
