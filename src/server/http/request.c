/* SPDX-License-Identifier: MIT */
#include "server/http/request.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/parse.h"
#include "http/problem.h"
#include "server/http/request_head.h"
#include "server/process/process.h"

enum {
    CHECK_FROM = 16 * 1024, /* bodies from this length on are asked about before they are read */
    PARAMETERS_MAX = 64,    /* of a query: no route has more than one */
};

enum stage {
    STAGE_HEAD,     /* nothing was decided yet */
    STAGE_CHECKING, /* on a worker, which asks whether the body is welcome */
    STAGE_WELCOME,  /* it is */
    STAGE_REFUSED,  /* the answer is there, the body unread */
    STAGE_BODY,     /* the body is coming */
    STAGE_WORKING,  /* on a worker */
    STAGE_READY,    /* the answer is there */
    STAGE_SENDING,
};

struct call {
    struct work work; /* first: what workers hand back */
    struct mhd *mhd;
    struct MHD_Connection *connection;
    struct conn *conn;
    enum stage stage;
    bool running;     /* counted in mhd->running */
    bool expect;      /* the client waits before it sends its body */
    bool broken;      /* the head is not strict, a header came twice, or the length is no number */
    bool unread;      /* answered before the body was read */
    int64_t body_len; /* -1 if there is no body */
    size_t reserved;  /* bytes of the budget for bodies */
    size_t counted;   /* bytes of the budget for answers */
    int64_t body_ms;  /* when the body was let in */
    int64_t began_us;
    struct api_admission admission;
    struct http_request request;
    struct http_response response;
    size_t target_len;
    char target[]; /* path, NUL, query, NUL */
};

static struct conn *
conn_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/*
 * Hide the query of ${target} from the library, which is about to list its parameters in the
 * connection's memory: nobody here reads that list, and where there is no room for it version
 * 0.9.75 never answers.  It knows already where the query begins, and stops where it ends.
 */
static void
hide_query(const char *target) {
    char *query = strchr((char *)(uintptr_t)target, '?');
    if (query != NULL) query[1] = '\0';
}

void *
call_begin(void *mhd, const char *target, struct MHD_Connection *connection) {
    size_t len = strlen(target);
    struct call *call = calloc(1, sizeof(*call) + len + 2);
    if (call == NULL) return NULL;
    call->mhd = mhd;
    call->connection = connection;
    call->conn = conn_of(connection);
    conn_hurry(call->conn, CONN_HEADER_MS);
    call->began_us = clock_monotonic_us();
    call->target_len = len;
    memcpy(call->target, target, len + 1);
    hide_query(target);
    char *query = memchr(call->target, '?', len);
    if (query != NULL) *query = '\0';
    call->request.path = call->target;
    call->request.query = query == NULL ? call->target + len : query + 1;
    call->body_len = -1;
    buf_init(&call->request.body, 0);
    http_response_init(&call->response, call->mhd->config.api->config.response_max);
    return call;
}

/* Count ${call} as running, so that a stop waits for it.  False if the stop has come by already. */
static bool
count_in(struct call *call) {
    struct mhd *m = call->mhd;
    pthread_mutex_lock(&m->lock);
    call->running = !m->closed;
    if (call->running) m->running++;
    pthread_mutex_unlock(&m->lock);
    conns_asked(m->conns, call->conn);
    return call->running;
}

static void
count_out(struct call *call) {
    struct mhd *m = call->mhd;
    if (!call->running) return;
    pthread_mutex_lock(&m->lock);
    if (--m->running == 0) pthread_cond_signal(&m->quiet);
    pthread_mutex_unlock(&m->lock);
}

static bool
is(const char *name, size_t len, const char *wanted) {
    return len == strlen(wanted) && strncasecmp(name, wanted, len) == 0;
}

static enum MHD_Result
read_header(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
            const char *value, size_t value_len) {
    struct call *call = arg;
    (void)kind;
    if (value == NULL) value = "";
    for (size_t i = 0; i < HTTP_HEADER_COUNT; i++) {
        if (!is(name, name_len, http_header_name((enum http_header)i))) continue;
        if (call->request.headers[i] != NULL || strlen(value) != value_len) call->broken = true;
        call->request.headers[i] = value;
        return MHD_YES;
    }
    if (is(name, name_len, "Content-Length")) {
        if (call->body_len >= 0 ||
            parse_number(value, value_len, 0, INT64_MAX, &call->body_len) != 0)
            call->broken = true;
    } else if (is(name, name_len, "Transfer-Encoding")) {
        call->broken = true;
    } else if (is(name, name_len, "Expect")) {
        call->expect = true;
    }
    return MHD_YES;
}

/* Take ${len} bytes out of the budget for bodies; false if that is spent. */
static bool
reserve(struct call *call, size_t len) {
    if (!budget_take(call->mhd->bodies, &call->request.client, len, false)) return false;
    call->reserved = len;
    return true;
}

static void
release(struct call *call) {
    budget_give(call->mhd->bodies, &call->request.client, call->reserved);
    call->reserved = 0;
}

/*
 * Count the answer as long as its reader takes.  One that can be asked for again is refused if
 * there is no room; any other one is sent all the same, for what it took cannot be given back.
 */
static void
count_answer(struct call *call) {
    struct http_response *r = &call->response;
    bool again = call->request.method == HTTP_GET || call->request.method == HTTP_HEAD;
    if (budget_take(call->mhd->answers, &call->request.client, r->body.len, !again)) {
        call->counted = r->body.len;
    } else if (again) {
        buf_free(&r->body);
        problem_respond(r, PROBLEM_BUSY, NULL);
    }
}

/* Hand the finished answer to libmicrohttpd, which reads it where it is until call_end(). */
static enum MHD_Result
answer(struct call *call) {
    struct http_response *r = &call->response;
    const void *data = r->constant != NULL ? r->constant : r->body.data;
    size_t len = r->constant != NULL ? r->constant_len : r->body.len;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) return MHD_NO;
    enum MHD_Result ok = MHD_YES;
    for (int i = 0; ok == MHD_YES && i < r->field_count; i++)
        ok = MHD_add_response_header(response, r->fields[i].name, r->fields[i].value);
    if (ok == MHD_YES && (r->close || atomic_load(&call->mhd->stopping) ||
                          !conns_keep(call->mhd->conns, call->conn)))
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    conn_allow(call->conn, conn_transfer_ms(len));
    call->stage = STAGE_SENDING;
    if (ok == MHD_YES) ok = MHD_queue_response(call->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return ok;
}

/* The answer is there before the body was read; the connection ends with it if there is one. */
static enum MHD_Result
answer_early(struct call *call) {
    if (call->response.route == NULL) call->response.route = "-";
    if (call->body_len <= 0 && !call->broken) {
        /* Answered at the call for the end of the request, so that the connection can go on. */
        call->stage = STAGE_READY;
        return MHD_YES;
    }
    call->response.close = true;
    call->unread = !call->expect;
    return answer(call);
}

static enum MHD_Result
refuse(struct call *call, enum problem problem, const char *detail) {
    const struct problem_more more = {.detail = detail};
    problem_respond(&call->response, problem, &more);
    return answer_early(call);
}

/* Let the body come, as far as there is room for it. */
static enum MHD_Result
expect_body(struct call *call) {
    uint64_t len = call->body_len < 0 ? 0 : (uint64_t)call->body_len;
    if (len > call->admission.body_max) return refuse(call, PROBLEM_TOO_LARGE, NULL);
    if (!reserve(call, (size_t)len)) return refuse(call, PROBLEM_BUSY, NULL);
    buf_init(&call->request.body, (size_t)len);
    call->body_ms = clock_monotonic_ms();
    conn_received(call->conn, call->body_ms, 0);
    call->stage = STAGE_BODY;
    return MHD_YES;
}

/* Hand ${call} to a worker, and let its connection wait meanwhile. */
static enum MHD_Result
work_on(struct call *call, enum stage stage, enum stage refused) {
    conn_allow(call->conn, 0);
    call->stage = stage;
    /* Suspend first: the worker may be done before this function returns. */
    MHD_suspend_connection(call->connection);
    if (workers_submit(call->mhd->workers, &call->work) == 0) return MHD_YES;
    problem_respond(&call->response, PROBLEM_BUSY, NULL);
    call->stage = refused;
    MHD_resume_connection(call->connection);
    return MHD_YES;
}

static bool
has_many_parameters(const char *query) {
    int n = 0;
    for (; (query = strchr(query, '&')) != NULL && n < PARAMETERS_MAX; query++)
        n++;
    return n >= PARAMETERS_MAX;
}

/* The head has come: admit the request or answer it. */
static enum MHD_Result
admit(struct call *call, const char *method, const char *url, const char *version) {
    struct mhd *m = call->mhd;
    struct http_request *req = &call->request;
    if (!count_in(call)) return MHD_NO;
    req->method = http_method_parse(method);
    call->broken =
        !mhd_head_strict(call->connection, method, url, version, call->target, call->target_len) ||
        has_many_parameters(req->query);
    (void)MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, read_header, call);
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    req->client = http_address_of(peer->client_addr);
    if (call->broken) {
        api_headers(m->config.api, req, &call->response);
        return refuse(call, PROBLEM_MALFORMED,
                      "The head must be plain HTTP/1.1: every line ends in CR LF, headers come "
                      "once, a body has one Content-Length, and a query at most 64 parameters.");
    }
    req->client =
        http_address_client(m->config.trusted, req->client, req->headers[HTTP_FORWARDED_FOR]);
    if (api_admit(m->config.api, req, call->body_len, &call->admission, &call->response) == 0)
        return answer_early(call);
    if (call->admission.check && call->body_len >= CHECK_FROM)
        return work_on(call, STAGE_CHECKING, STAGE_REFUSED);
    return expect_body(call);
}

/* One more piece of the body has come. */
static enum MHD_Result
take_body(struct call *call, const char *data, size_t *len) {
    struct buf *body = &call->request.body;
    if (call->stage != STAGE_BODY) {
        *len = 0;
        return MHD_YES;
    }
    /* All of it is taken at once: a buffer that grows would leave copies to wipe. */
    if (body->data == NULL && buf_space(body, body->max) == NULL) return MHD_NO;
    if (buf_add(body, data, *len) != 0) return MHD_NO;
    conn_received(call->conn, call->body_ms, body->len);
    *len = 0;
    return MHD_YES;
}

static void
check(struct call *call) {
    int welcome = api_check(call->mhd->config.api, &call->request, call->body_len, &call->admission,
                            &call->response);
    call->stage = welcome != 0 ? STAGE_WELCOME : STAGE_REFUSED;
}

static void
handle(struct call *call) {
    api_handle(call->mhd->config.api, call->admission.route, &call->request, &call->response);
    buf_free(&call->request.body);
    release(call);
    count_answer(call);
    call->stage = STAGE_READY;
}

void
call_work(struct work *work) {
    struct call *call = (struct call *)work;
    if (call->stage == STAGE_CHECKING) check(call);
    else handle(call);
    process_wipe_stack();
    MHD_resume_connection(call->connection);
}

enum MHD_Result
call_step(void *mhd, struct MHD_Connection *connection, const char *url, const char *method,
          const char *version, const char *upload, size_t *upload_len, void **arg) {
    struct call *call = *arg;
    (void)mhd;
    (void)connection;
    if (call == NULL) return MHD_NO; /* memory was short in call_begin() */
    if (*upload_len > 0) return take_body(call, upload, upload_len);
    switch (call->stage) {
    case STAGE_HEAD: return admit(call, method, url, version);
    case STAGE_WELCOME: return expect_body(call);
    case STAGE_REFUSED: return answer_early(call);
    case STAGE_READY: return answer(call);
    case STAGE_BODY: break;
    default: return MHD_YES;
    }
    if (!call->admission.quick) return work_on(call, STAGE_WORKING, STAGE_READY);
    handle(call);
    return answer(call);
}

/*
 * One line a request: its route, never its path; what came of it and how long it took; the network
 * it came from, and a name for the secret that says nothing once this process has ended.
 */
static void
log_request(const struct call *call, enum MHD_RequestTerminationCode why) {
    const struct http_response *r = &call->response;
    const char *route = r->route == NULL ? "-" : r->route;
    bool sent = why == MHD_REQUEST_TERMINATED_COMPLETED_OK && call->stage == STAGE_SENDING;
    /* What the library refused by itself was never more than a head. */
    int status = call->stage == STAGE_HEAD ? MHD_HTTP_BAD_REQUEST : r->status;
    int64_t us = clock_monotonic_us() - call->began_us;
    struct metrics *metrics = call->mhd->config.metrics;
    if (metrics != NULL) metrics_request(metrics, route, status, us);
    char client[HTTP_PREFIX_LEN];
    http_address_prefix(&call->request.client, client);
    log_info("request", LOG_TEXT("route", route), LOG_NUMBER("status", status),
             LOG_NUMBER("us", us),
             call->stage == STAGE_HEAD ? LOG_NONE : LOG_TEXT("client", client),
             r->log_tag[0] == '\0' ? LOG_NONE : LOG_TEXT("secret", r->log_tag),
             sent ? LOG_NONE : LOG_FLAG("cut", true));
}

void
call_end(void *mhd, struct MHD_Connection *connection, void **arg,
         enum MHD_RequestTerminationCode why) {
    struct mhd *m = mhd;
    struct call *call = *arg;
    *arg = NULL;
    if (call == NULL) return;
    conn_allow(call->conn, CONN_IDLE_MS);
    if (call->unread && why == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL) linger_add(m->linger, info->connect_fd);
    }
    log_request(call, why);
    release(call);
    budget_give(m->answers, &call->request.client, call->counted);
    buf_free(&call->request.body);
    http_response_clear(&call->response);
    count_out(call);
    explicit_bzero(call, sizeof(*call) + call->target_len);
    free(call);
}
