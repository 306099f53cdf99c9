/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "http/problem.h"
#include "server/http/internal.h"

enum {
    INPUT_STEP = 2 * 1024,   /* room for what is received of a head */
    INPUT_KEPT = 4 * 1024,   /* memory that a connection keeps between requests */
    CHUNKS_STEP = 16 * 1024, /* room for the first bytes of a body in chunks */
    TURNS_MAX = 32,          /* steps for one connection before others have their turn */
};

/* --- begin and end ---------------------------------------------------------------------------- */

/* Count ${c} as running a request, so that a stop waits for it.  False if the server has
 * stopped. */
static bool
count_in(struct conn *c) {
    struct daemon *d = c->io->daemon;
    if (atomic_fetch_add(&d->running, 1) & DAEMON_CLOSED) {
        atomic_fetch_sub(&d->running, 1);
        return false;
    }
    c->running = true;
    if (c->fresh) atomic_fetch_sub(&d->fresh, 1);
    c->fresh = false;
    return true;
}

/* The first byte of a request has come. */
static void
begin_request(struct conn *c) {
    c->began_us = clock_monotonic_us();
    c->http.client = c->peer;
    conn_hurry(c, CONN_HEADER_MS);
    http_response_init(&c->response, c->io->daemon->config.response_max);
    c->response.reserve = held_reserve;
    c->response.reserve_ctx = c;
    c->response.takes_pipe = true;
}

static void
log_outcome(const struct conn *c, bool sent) {
    const struct http_response *r = &c->response;
    struct request_outcome outcome = {
        .route = r->route,
        .status = r->status,
        .us = clock_monotonic_us() - c->began_us,
        .client = &c->http.client,
        .tag = r->log_tag,
        .limit = r->limit,
        .cut = !sent,
    };

    /* A head or a body that never came to its end is the client's fault. */
    if (c->stage == STAGE_HEAD || c->stage == STAGE_BODY) outcome.status = 400;
    request_log_add(c->io->daemon->log, &outcome);
}

/* Wipe the bytes of the request, and keep those of the next one. */
static void
drop_input(struct conn *c) {
    struct buf *in = &c->input;
    size_t rest = in->len - c->taken;
    if (rest == 0 && in->cap > INPUT_KEPT) {
        buf_free(in);
    } else if (c->taken > 0) {
        memmove(in->data, in->data + c->taken, rest);
        explicit_bzero(in->data + rest, c->taken);
        in->len = rest;
    }
    c->taken = 0;
}

void
request_end(struct conn *c, bool sent) {
    if (c->io->daemon->log != NULL) log_outcome(c, sent);
    conn_body_ends(c);
    conn_uncount_request(c);
    held_release_body(c);
    held_release_response(c);
    http_response_clear(&c->response);
    buf_free(&c->output);
    head_end(&c->head);
    drop_input(c);

    /* The client is still needed where the connection lingers. */
    const struct http_request none = {.client = c->http.client, .body = c->http.body};
    c->http = none;
    c->chunks = (struct chunks){0};
    c->complete = false;
    c->began_us = 0;
    head_begin(&c->head, c->io->daemon->config.user_header);
    if (c->running) atomic_fetch_sub(&c->io->daemon->running, 1);
    c->running = false;
}

/* --- response --------------------------------------------------------------------------------- */

/* Whether the connection of ${c} ends with this response. */
static bool
ends_connection(struct conn *c) {
    if (c->response.close || c->head.closes || c->head.chunked || !c->complete) return true;
    return atomic_load(&c->io->daemon->stopping) || !conn_keep(c);
}

/* All of the response was sent. */
static enum next
finish_response(struct conn *c) {
    bool unread = !c->complete || c->readable || c->input.len > c->taken;
    request_end(c, true);
    if (c->ends) return unread ? conn_linger(c) : NEXT_CLOSE;

    /* A request that follows without a pause waits for those of others. */
    c->stage = STAGE_HEAD;
    conn_allow(c, CONN_IDLE_MS);
    return c->input.len > 0 || c->readable ? NEXT_LATER : NEXT_GO_ON;
}

enum next
request_respond(struct conn *c) {
    size_t len = response_body_len(c);

    /* The deadline begins before the first byte is sent. */
    conn_allow(c, CONN_TRANSFER_MS + (int64_t)(len * CONN_RESPONSES / CONN_BYTES_PER_MS));
    c->ends = ends_connection(c);
    c->stage = STAGE_SENDING;
    enum next next = response_send(c);
    return next == NEXT_GO_ON ? finish_response(c) : next;
}

static enum next
step_sending(struct conn *c) {
    enum next next = response_send_more(c);
    return next == NEXT_GO_ON ? finish_response(c) : next;
}

enum next
request_respond_early(struct conn *c) {
    if (c->response.route == NULL) c->response.route = "-";
    conn_body_ends(c);
    c->complete = c->head.len > 0 && c->head.body_len <= 0 && !c->head.chunked;
    return request_respond(c);
}

static enum next
refuse_request(struct conn *c, enum problem problem, const char *detail) {
    const struct problem_more more = {.detail = detail};
    problem_respond(&c->response, problem, &more);
    return request_respond_early(c);
}

/* --- body ------------------------------------------------------------------------------------- */

/* All of the request has come. */
static enum next
complete_request(struct conn *c) {
    c->complete = true;
    conn_body_ends(c);
    return work_handle(c);
}

enum next
request_expect_body(struct conn *c) {
    uint64_t len = c->head.body_len > 0 ? (uint64_t)c->head.body_len : 0;
    if (len > c->admission.body_max) return refuse_request(c, PROBLEM_TOO_LARGE, NULL);
    if (!held_take_body(c, (size_t)len)) return refuse_request(c, PROBLEM_BUSY, NULL);
    if (len == 0 && !c->head.chunked) return complete_request(c);

    /* How long a body in chunks is only its end tells. */
    uint64_t most = c->head.chunked ? c->admission.body_max : len;
    c->http.body.max = (size_t)most;
    conn_body_begins(c, c->head.chunked ? UINT64_MAX : len);
    c->stage = STAGE_BODY;

    /* Allocate all of it at once: a buffer that grows would leave copies to wipe. */
    if (len > 0 && buf_space(&c->http.body, (size_t)len) == NULL)
        return refuse_request(c, PROBLEM_BUSY, NULL);
    if (c->head.expects && c->input.len == c->taken) return response_continue(c);
    return NEXT_GO_ON;
}

/* Receive more of a body of known length. */
static enum next
step_plain_body(struct conn *c) {
    struct buf *body = &c->http.body;
    size_t missing = body->max - body->len;
    size_t came = size_min(c->input.len - c->taken, missing);
    if (came > 0) {
        memcpy(body->data + body->len, c->input.data + c->taken, came);
        c->taken += came;
    } else {
        ssize_t n = conn_receive(c, body->data + body->len, missing);
        if (n <= 0) return n == 0 ? NEXT_WAIT : NEXT_CLOSE;
        came = (size_t)n;
    }

    body->len += came;
    conn_body_received(c, came);
    return body->len == body->max ? complete_request(c) : NEXT_GO_ON;
}

/* Add ${len} bytes to a body whose length is not known, and hold its memory before it is taken. */
static enum problem
grow_body(struct conn *c, const char *bytes, size_t len, bool *fits) {
    struct buf *body = &c->http.body;
    *fits = false;
    if (len > body->max - body->len) return PROBLEM_TOO_LARGE;

    size_t need = body->len + len;
    if (need > body->cap) {
        size_t cap = body->max;
        if (body->cap <= body->max / 2) cap = size_max(size_max(2 * body->cap, need), CHUNKS_STEP);
        cap = size_min(cap, body->max);
        if (!held_take_body(c, cap) || buf_space(body, cap - body->len) == NULL)
            return PROBLEM_BUSY;
    }

    *fits = buf_add(body, bytes, len) == 0;
    conn_body_received(c, len);
    return PROBLEM_BUSY;
}

/* Read ${len} bytes of chunks.  What follows the last chunk is dropped. */
static enum next
read_chunks(struct conn *c, const char *bytes, size_t len) {
    bool fits;
    for (size_t at = 0, used, data; at < len; at += used) {
        enum chunks_state state = chunks_read(&c->chunks, bytes + at, len - at, &used, &data);
        if (state == CHUNKS_BAD)
            return refuse_request(c, PROBLEM_MALFORMED,
                                  "A chunk has a hexadecimal size, and its lines end in CR LF.");
        enum problem problem = grow_body(c, bytes + at + used - data, data, &fits);
        if (!fits) return refuse_request(c, problem, NULL);
        if (state == CHUNKS_END) return complete_request(c);
    }
    return NEXT_GO_ON;
}

/* Receive more of a body in chunks. */
static enum next
step_chunks(struct conn *c) {
    size_t rest = c->input.len - c->taken;
    if (rest > 0) {
        const char *bytes = (const char *)c->input.data + c->taken;
        c->taken = c->input.len;
        return read_chunks(c, bytes, rest);
    }

    char *scratch = c->io->scratch;
    ssize_t n = conn_receive(c, scratch, IO_SCRATCH);
    if (n <= 0) return n == 0 ? NEXT_WAIT : NEXT_CLOSE;
    enum next next = read_chunks(c, scratch, (size_t)n);
    explicit_bzero(scratch, (size_t)n);
    return next;
}

static enum next
step_body(struct conn *c) {
    return c->head.chunked ? step_chunks(c) : step_plain_body(c);
}

/* --- head ------------------------------------------------------------------------------------- */

/* Whether the Host of ${c} is one of this server's names. */
static bool
is_host_allowed(const struct conn *c) {
    const struct daemon_config *config = &c->io->daemon->config;
    if (config->hosts == NULL) return true;
    const struct hosts_peer peer = {
        .hosts = config->hosts,
        .page = config->api->config.page,
        .port = c->listener->port,
        .trusted = http_address_trusted(config->trusted, &c->peer),
    };
    return hosts_allow(&peer, c->http.headers[HTTP_HOST]);
}

/* Find who the request of ${c} is from: the peer may name the user and the client. */
static void
identify_client(struct conn *c) {
    const struct daemon_config *config = &c->io->daemon->config;
    struct http_request *http = &c->http;
    http->plane = c->listener->plane;
    if (http->plane == HTTP_PLANE_MAIN)
        http->user = http_user_of(config->user_proxies, &c->peer, c->head.user, c->head.user_lines);
    http->client = http_address_client(config->trusted, c->peer, http->headers[HTTP_FORWARDED_FOR]);
}

/* The head was refused: say why. */
static enum next
respond_refused(struct conn *c) {
    static const struct api none = {0};
    if (!count_in(c)) return NEXT_CLOSE;
    c->head.len = 0;
    api_headers(&none, &c->http, &c->response);
    return refuse_request(c, c->head.problem, c->head.fault);
}

/* The client that a proxy names has too many requests at once. */
static enum next
refuse_client(struct conn *c) {
    api_headers(c->io->daemon->config.api, &c->http, &c->response);
    http_response_set(&c->response, "Retry-After", "2");
    c->response.limit = "requests";
    return refuse_request(c, PROBLEM_TOO_MANY,
                          "This client or its network has too many requests at once.");
}

/* The head has come: admit the request or respond to it. */
static enum next
admit_request(struct conn *c) {
    const struct daemon_config *config = &c->io->daemon->config;
    struct http_request *http = &c->http;
    if (!count_in(c)) return NEXT_CLOSE;
    c->taken = c->head.len;
    if (!is_host_allowed(c)) {
        api_headers(config->api, http, &c->response);
        return refuse_request(c, PROBLEM_HOST, "SECRETS_HOSTS lists the names of this server.");
    }

    identify_client(c);
    if (config->answer != NULL) {
        config->answer(config->answer_arg, http, &c->response);
        held_keep_response(c);
        return request_respond_early(c);
    }

    if (!conn_count_request(c)) return refuse_client(c);

    /* A part is large, so its token is checked before its body comes. */
    if (api_admit(config->api, http, c->head.body_len, &c->admission, &c->response) == 0)
        return request_respond_early(c);
    if (c->admission.check && (c->head.chunked || c->head.body_len >= CONN_BODY_SMALL))
        return work_check(c);
    return request_expect_body(c);
}

/* Receive more of a head. */
static enum next
receive_head(struct conn *c) {
    struct buf *in = &c->input;
    if (!c->readable) return NEXT_WAIT;
    size_t room = size_min(INPUT_STEP, in->max - in->len);
    if (buf_space(in, room) == NULL) return NEXT_CLOSE;

    ssize_t n = conn_receive(c, in->data + in->len, in->cap - in->len);
    if (n <= 0) return n == 0 ? NEXT_WAIT : NEXT_CLOSE;
    in->len += (size_t)n;
    return NEXT_GO_ON;
}

static enum next
step_head(struct conn *c) {
    enum head_state state = HEAD_PARTIAL;
    if (c->input.len > c->head.seen)
        state = head_read(&c->head, (char *)c->input.data, c->input.len, &c->http);

    /* Empty lines before a request are none. */
    if (c->began_us == 0 && (state != HEAD_PARTIAL || c->input.len > c->head.begin))
        begin_request(c);
    if (state == HEAD_PARTIAL) return receive_head(c);
    return state == HEAD_COMPLETE ? admit_request(c) : respond_refused(c);
}

/* --- the way ---------------------------------------------------------------------------------- */

static enum next
take_step(struct conn *c) {
    switch (c->stage) {
    case STAGE_HEAD: return step_head(c);
    case STAGE_BODY: return step_body(c);
    case STAGE_SENDING: return step_sending(c);
    case STAGE_LINGERING: return conn_drop(c);
    default: return NEXT_WAIT; /* a worker has it, or it is closed */
    }
}

static void
resume_conn(struct task *t) {
    struct conn *c = conn_of(t, task);
    c->queued = false;
    request_advance(c);
}

static void
resume_later(struct conn *c) {
    c->task.run = resume_conn;
    c->queued = true;
    loop_post(c->io->loop, &c->task);
}

void
request_go_on(struct conn *c, enum next next) {
    if (next == NEXT_CLOSE) conn_close(c);
    else if (next == NEXT_LATER) resume_later(c);
    else request_advance(c);
}

void
request_advance(struct conn *c) {
    enum next next = NEXT_GO_ON;
    for (int i = 0; i < TURNS_MAX && next == NEXT_GO_ON; i++)
        next = take_step(c);

    if (next == NEXT_CLOSE) conn_close(c);
    if ((next == NEXT_GO_ON || next == NEXT_LATER) && !c->queued) resume_later(c);
}
