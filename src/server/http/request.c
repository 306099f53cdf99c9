/* SPDX-License-Identifier: MIT */
#include "server/http/request.h"

#include "base/clock.h"
#include "base/err.h"
#include "http/problem.h"
#include "server/http/refusal.h"
#include "server/http/request_fields.h"
#include "server/http/request_head.h"
#include "server/process/process.h"

enum {
    CHECK_FROM = 16 * 1024, /* api_check() is asked before bodies from this length on are read */
};

enum stage {
    STAGE_HEAD,     /* nothing was decided yet */
    STAGE_CHECKING, /* a worker asks whether the body is welcome */
    STAGE_WELCOME,  /* it is */
    STAGE_REFUSED,  /* the response is there, the body is unread */
    STAGE_BODY,     /* the body is being received */
    STAGE_WORKING,  /* a worker makes the response */
    STAGE_READY,    /* the response is there */
    STAGE_SENDING,  /* libmicrohttpd sends the response */
};

struct request {
    struct job job; /* first: workers run it */
    struct daemon *daemon;
    struct MHD_Connection *connection;
    struct conn *conn;
    enum stage stage;
    bool running;                 /* counted in daemon->running */
    bool unread;                  /* answered before the body was read */
    struct request_fields fields; /* with a fault, nothing of the head is used */
    size_t body_held;             /* bytes of the budget for bodies */
    size_t response_held;         /* bytes of the budget for its response */
    int64_t began_us;
    struct api_admission admission;
    struct http_request http;
    struct http_response response;
    size_t target_len;
    char target[]; /* path, NUL, query, NUL */
};

struct conn *
request_conn(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* Whether the request can be repeated, so that refusing its response costs nothing. */
static bool
is_repeatable(const struct request *req) {
    return req->http.method == HTTP_GET || req->http.method == HTTP_HEAD;
}

/* The budget that the response of ${req} is held from.  Parts have one of their own: responses that
 * nobody reads do not keep others from fetching parts. */
static struct budget *
response_budget(const struct request *req) {
    if (is_repeatable(req)) return req->daemon->downloads;
    return req->daemon->responses;
}

static void
release_response(struct request *req) {
    budget_give(response_budget(req), &req->http.client, req->response_held);
    req->response_held = 0;
}

/* http_response.reserve: hold ${bytes} for the response before it is made, in place of what was
 * held before. */
static int
reserve_response(void *request, uint64_t bytes) {
    struct request *req = request;
    release_response(req);
    if (!budget_take(response_budget(req), &req->http.client, (size_t)bytes, false))
        return ERR_BUSY;
    req->response_held = (size_t)bytes;
    return 0;
}

void *
request_begin(void *daemon, const char *target, struct MHD_Connection *connection) {
    size_t len = strlen(target);
    struct request *req = calloc(1, sizeof(*req) + len + 2);
    if (req == NULL) return NULL;

    req->daemon = daemon;
    req->connection = connection;
    req->conn = request_conn(connection);
    req->began_us = clock_monotonic_us();
    conn_hurry(req->conn, CONN_HEADER_MS);

    /* Keep a copy of the target before the library changes it, and cut it into path and query. */
    req->target_len = len;
    memcpy(req->target, target, len + 1);
    request_head_hide_query(target);
    char *query = memchr(req->target, '?', len);
    req->http.path = req->target;
    req->http.query = req->target + len;
    if (query != NULL) {
        *query = '\0';
        req->http.query = query + 1;
    }

    req->fields.body_len = -1;
    buf_init(&req->http.body, 0);
    http_response_init(&req->response, req->daemon->config.api->config.response_max);
    req->response.reserve = reserve_response;
    req->response.reserve_ctx = req;
    return req;
}

/* Count ${req} as running, so that a stop waits for it.  False if the server has stopped. */
static bool
count_in(struct request *req) {
    struct daemon *d = req->daemon;
    pthread_mutex_lock(&d->lock);
    req->running = !d->closed;
    if (req->running) d->running++;
    pthread_mutex_unlock(&d->lock);

    conns_asked(d->conns, req->conn);
    return req->running;
}

static void
count_out(struct request *req) {
    struct daemon *d = req->daemon;
    if (!req->running) return;
    pthread_mutex_lock(&d->lock);
    if (--d->running == 0) pthread_cond_signal(&d->quiet);
    pthread_mutex_unlock(&d->lock);
}

/* Take ${len} bytes of the budget for bodies; false if that is used up. */
static bool
hold_body(struct request *req, size_t len) {
    if (!budget_take(req->daemon->bodies, &req->http.client, len, false)) return false;
    req->body_held = len;
    return true;
}

static void
release_body(struct request *req) {
    budget_give(req->daemon->bodies, &req->http.client, req->body_held);
    req->body_held = 0;
}

/*
 * Hold the finished response until its reader has it.  What was reserved for it and is not needed
 * is given back.  Where nothing was reserved, a response that can be repeated is refused if there
 * is no room; any other one is small and is sent, because what it used up cannot be given back.
 */
static void
hold_response(struct request *req) {
    struct http_response *r = &req->response;
    struct budget *budget = response_budget(req);
    size_t len = r->body.len;
    if (len <= req->response_held) {
        budget_shrink(budget, &req->http.client, req->response_held, len);
        req->response_held = len;
        return;
    }

    release_response(req);
    if (budget_take(budget, &req->http.client, len, !is_repeatable(req))) {
        req->response_held = len;
    } else if (is_repeatable(req)) {
        buf_free(&r->body);
        problem_respond(r, PROBLEM_BUSY, NULL);
    }
}

/* Whether the connection of ${req} ends after its response. */
static bool
ends_connection(struct request *req) {
    if (req->response.close || atomic_load(&req->daemon->stopping)) return true;
    return !conns_keep(req->daemon->conns, req->conn);
}

/* Hand the finished response to libmicrohttpd, which reads it in place until request_end(). */
static enum MHD_Result
send_response(struct request *req) {
    struct http_response *r = &req->response;
    size_t len;
    const void *data = http_response_body(r, &len);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) return MHD_NO;

    enum MHD_Result ok = MHD_YES;
    for (int i = 0; ok == MHD_YES && i < r->field_count; i++)
        ok = MHD_add_response_header(response, r->fields[i].name, r->fields[i].value);
    if (ok == MHD_YES && ends_connection(req))
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");

    /* The deadline begins before the first byte is sent. */
    conn_allow(req->conn, conn_response_ms(len));
    req->stage = STAGE_SENDING;
    if (ok == MHD_YES) ok = refusal_queue_response(req->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return ok;
}

/* Whether what follows the head of ${req} is not the next request. */
static bool
may_have_body(const struct request *req) {
    return req->fields.body_len > 0 || req->fields.chunked || req->fields.fault != NULL;
}

/* Respond before the body was read.  If there is a body, the connection ends with the response. */
static enum MHD_Result
respond_early(struct request *req) {
    if (req->response.route == NULL) req->response.route = "-";
    if (!may_have_body(req)) {
        /* Sent when the library reports the end of the request, so that the connection goes on. */
        req->stage = STAGE_READY;
        return MHD_YES;
    }
    req->response.close = true;
    req->unread = !req->fields.expect;
    return send_response(req);
}

static enum MHD_Result
refuse_request(struct request *req, enum problem problem, const char *detail) {
    const struct problem_more more = {.detail = detail};
    problem_respond(&req->response, problem, &more);
    return respond_early(req);
}

/* Let the body come if there is memory for it. */
static enum MHD_Result
expect_body(struct request *req) {
    uint64_t len = 0;
    if (req->fields.body_len > 0) len = (uint64_t)req->fields.body_len;
    if (len > req->admission.body_max) return refuse_request(req, PROBLEM_TOO_LARGE, NULL);
    if (!hold_body(req, (size_t)len)) return refuse_request(req, PROBLEM_BUSY, NULL);

    buf_init(&req->http.body, (size_t)len);
    conns_body_begins(req->daemon->conns, req->conn, &req->http.client, len);
    req->stage = STAGE_BODY;
    return MHD_YES;
}

static bool request_work(struct job *job);

/* Hand ${req} to a worker in ${stage} and suspend its connection.  With too many requests waiting
 * it is 503 and goes on in stage ${refused}. */
static enum MHD_Result
hand_to_worker(struct request *req, enum stage stage, enum stage refused) {
    conn_allow(req->conn, 0);
    req->stage = stage;
    req->job.run = request_work;

    /* Suspend first: the worker may finish before this function returns. */
    MHD_suspend_connection(req->connection);
    if (jobs_submit(req->daemon->workers, &req->job) == 0) return MHD_YES;

    problem_respond(&req->response, PROBLEM_BUSY, NULL);
    req->stage = refused;
    MHD_resume_connection(req->connection);
    return MHD_YES;
}

/* Read the head of ${req} into its members.  What is wrong with it is the fault of its fields. */
static void
read_head(struct request *req, const char *method, const char *url, const char *version) {
    bool strict =
        request_head_strict(req->connection, method, url, version, req->target, req->target_len);
    req->http.method = http_method_parse(method);
    request_fields_read(req->connection, version, req->daemon->config.user_header, &req->http,
                        &req->fields);
    if (request_head_has_many_parameters(req->http.query))
        req->fields.fault = "A query has at most 64 parameters.";
    if (!strict)
        req->fields.fault = "The head must be plain HTTP/1.1: every line ends in CR LF, there is "
                            "one Host, the address is encoded, and Expect needs a body.";

    req->http.client = request_head_peer(req->connection);
}

/* The listener that the connection of ${req} came to. */
static const struct daemon_listener *
request_listener(const struct request *req) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(req->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return req->daemon->listener_of[info->connect_fd];
}

/* Whether the Host of ${req} is one of this server's names; its client is still the peer. */
static bool
is_host_allowed(const struct request *req) {
    const struct daemon_config *c = &req->daemon->config;
    const struct hosts_peer peer = {
        .hosts = c->hosts,
        .page = c->api->config.page,
        .port = request_listener(req)->port,
        .trusted = http_address_trusted(c->trusted, &req->http.client),
    };
    return hosts_allow(&peer, req->http.headers[HTTP_HOST]);
}

/*
 * Refuse ${req}, whose head cannot be used.  Chunks are legal, but the library decodes them itself,
 * takes line ends that a proxy may read differently, and does not tell.
 */
static enum MHD_Result
refuse_head(struct request *req) {
    api_headers(req->daemon->config.api, &req->http, &req->response);
    if (req->fields.fault != NULL) return refuse_request(req, PROBLEM_MALFORMED, req->fields.fault);
    if (req->fields.chunked)
        return refuse_request(
            req, PROBLEM_LENGTH,
            "Send a Content-Length and no chunks. Write a stream to a file first: "
            "curl --data-binary @FILE sends a length, curl -T - does not. A proxy that "
            "sends chunks needs request buffering.");
    return refuse_request(req, PROBLEM_HOST, "SECRETS_HOSTS lists the names of this server.");
}

/* The head has come: admit the request or respond to it. */
static enum MHD_Result
admit_request(struct request *req, const char *method, const char *url, const char *version) {
    struct daemon *d = req->daemon;
    struct http_request *http = &req->http;
    if (!count_in(req)) return MHD_NO;

    /* Before any work: where the head has used all of the memory, no response can be sent. */
    if (!request_head_leaves_room(req->connection))
        return refusal_send(req->connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE);

    /* Nothing of a head is used before all of it is known to be strict. */
    read_head(req, method, url, version);
    if (req->fields.fault != NULL || req->fields.chunked || !is_host_allowed(req))
        return refuse_head(req);

    /* Who the request is from: the peer may name the user and the client. */
    http->plane = request_listener(req)->plane;
    if (http->plane == HTTP_PLANE_MAIN)
        http->user = http_user_of(d->config.user_proxies, &http->client, req->fields.user,
                                  req->fields.user_lines);
    http->client =
        http_address_client(d->config.trusted, http->client, http->headers[HTTP_FORWARDED_FOR]);

    if (api_admit(d->config.api, http, req->fields.body_len, &req->admission, &req->response) == 0)
        return respond_early(req);
    if (req->admission.check && req->fields.body_len >= CHECK_FROM)
        return hand_to_worker(req, STAGE_CHECKING, STAGE_REFUSED);
    return expect_body(req);
}

/* Add the next ${*len} bytes of the body. */
static enum MHD_Result
receive_body(struct request *req, const char *data, size_t *len) {
    struct buf *body = &req->http.body;
    if (req->stage != STAGE_BODY) {
        *len = 0;
        return MHD_YES;
    }

    /* Allocate all of it at once: a buffer that grows would leave copies to wipe. */
    if (body->data == NULL && buf_space(body, body->max) == NULL) return MHD_NO;
    if (buf_add(body, data, *len) != 0) return MHD_NO;
    conn_body_received(req->conn, *len);
    *len = 0;
    return MHD_YES;
}

static void
check_request(struct request *req) {
    int welcome = api_check(req->daemon->config.api, &req->http, req->fields.body_len,
                            &req->admission, &req->response);
    req->stage = welcome != 0 ? STAGE_WELCOME : STAGE_REFUSED;
}

static void
handle_request(struct request *req) {
    api_handle(req->daemon->config.api, req->admission.route, &req->http, &req->response);
    buf_free(&req->http.body);
    release_body(req);
    hold_response(req);
    req->stage = STAGE_READY;
}

/* Do the work of a request, which may end, and be gone, before this returns. */
static bool
request_work(struct job *job) {
    struct request *req = (struct request *)job;
    if (req->stage == STAGE_CHECKING) check_request(req);
    else handle_request(req);
    process_wipe_stack();
    MHD_resume_connection(req->connection);
    return true;
}

enum MHD_Result
request_step(void *daemon, struct MHD_Connection *connection, const char *url, const char *method,
             const char *version, const char *upload, size_t *upload_len, void **arg) {
    struct request *req = *arg;
    (void)daemon;
    (void)connection;
    if (req == NULL) return MHD_NO; /* request_begin() found no memory */
    if (*upload_len > 0) return receive_body(req, upload, upload_len);

    switch (req->stage) {
    case STAGE_HEAD: return admit_request(req, method, url, version);
    case STAGE_WELCOME: return expect_body(req);
    case STAGE_REFUSED: return respond_early(req);
    case STAGE_READY: return send_response(req);
    case STAGE_BODY: break;
    default: return MHD_YES;
    }

    /* The body is complete. */
    conns_body_ends(req->daemon->conns, req->conn);
    if (!req->admission.quick) return hand_to_worker(req, STAGE_WORKING, STAGE_READY);
    handle_request(req);
    return send_response(req);
}

/* Log how ${req} ended.  ${refused} is the status of a refusal that went past the library, or 0. */
static void
log_outcome(const struct request *req, enum MHD_RequestTerminationCode code, unsigned refused) {
    const struct http_response *r = &req->response;
    struct request_outcome outcome = {
        .route = r->route,
        .status = MHD_HTTP_BAD_REQUEST, /* of a head that never came to its end */
        .us = clock_monotonic_us() - req->began_us,
        .tag = r->log_tag,
        .cut = code != MHD_REQUEST_TERMINATED_COMPLETED_OK || req->stage != STAGE_SENDING,
    };

    if (refused != 0) {
        outcome.status = (int)refused;
        outcome.cut = false;
    } else if (req->stage != STAGE_HEAD) {
        outcome.status = r->status;
        outcome.client = &req->http.client;
    }
    request_log_add(req->daemon->log, &outcome);
}

/* Let ${client} read the response although it still sends its request. */
static void
let_linger(struct daemon *d, struct MHD_Connection *connection, const struct http_address *client) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL) linger_add(d->linger, info->connect_fd, client);
}

void
request_end_unread(struct daemon *d, struct MHD_Connection *connection) {
    const struct request_outcome outcome = {.status =
                                                (int)conn_take_refusal(request_conn(connection))};
    if (outcome.status == 0) return;
    const struct http_address peer = request_head_peer(connection);
    let_linger(d, connection, &peer);
    request_log_add(d->log, &outcome);
}

void
request_end(void *daemon, struct MHD_Connection *connection, void **arg,
            enum MHD_RequestTerminationCode code) {
    struct request *req = *arg;
    (void)daemon;
    *arg = NULL;
    if (req == NULL) return;

    conns_body_ends(req->daemon->conns, req->conn);
    conn_allow(req->conn, CONN_IDLE_MS);
    unsigned refused = conn_take_refusal(req->conn);
    bool unread = req->unread && code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    if (req->stage == STAGE_HEAD) req->http.client = request_head_peer(connection);
    if (unread || refused != 0) let_linger(req->daemon, connection, &req->http.client);
    log_outcome(req, code, refused);

    /* Give back what the request held and wipe it, before it counts as ended. */
    release_body(req);
    release_response(req);
    buf_free(&req->http.body);
    request_fields_clear(&req->fields);
    http_response_clear(&req->response);
    count_out(req);
    explicit_bzero(req, sizeof(*req) + req->target_len);
    free(req);
}
