/* SPDX-License-Identifier: MIT */
#include "cli/transfer/remote.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/transfer/fields.h"
#include "http/url.h"

enum {
    STALL_SECONDS = 30,
    STALL_DOUBLINGS = 3, /* each repetition waits twice as long: a thin line hides in buffers */
    FIRST_WAIT_MS = 200,
    LONGEST_WAIT_MS = 5000,
    NOTED_WAIT_MS = 2000,  /* a first wait that is announced */
    TRIES_MAX = 20,        /* of a call that something before the server answers, or cuts */
    MOVED_MIN = 16 * 1024, /* bytes of an attempt that renew the patience */
    FOREIGN_MS = 5 * 60 * 1000,
    UNKNOWN_NAME_MS = 4000,             /* patience with a name that was never resolved */
    RETRY_AFTER_MAX = 3600,             /* seconds; a longer Retry-After is ignored */
    LOGIN_MAX = 1024,                   /* user and password, in base64 */
    REQUEST_JSON_MAX = 8 * 1024 * 1024, /* a classic text of 1 MiB with every byte escaped */
};

static const char config_path[] = "api/v1/config";

int
remote_set_server(struct remote *r, const char *server) {
    char bare[LINK_PAGE_MAX];
    buf_free(&r->login);
    buf_init(&r->login, LOGIN_MAX);
    int err = http_url_split_login(server, bare, sizeof(bare), &r->login);
    if (err == 0) err = link_address(bare, strlen(bare), r->base);
    if (err != 0) {
        buf_free(&r->login); /* it belongs to no server */
        return err;
    }

    (void)snprintf(r->login_base, sizeof(r->login_base), "%s", r->base);
    return 0;
}

void
remote_close(struct remote *r) {
    http_client_free(r->http);
    buf_free(&r->login);
}

void
remote_response_clear(struct remote_response *resp) {
    json_decref(resp->json);
    resp->json = NULL;
    buf_free(&resp->body);
}

bool
remote_shows_erased(enum cli_exit status, const struct remote_response *resp) {
    return resp->marked && (status == CLI_DONE || status == CLI_GONE);
}

void
remote_note_unproven(enum cli_exit status, const struct remote_response *resp) {
    if (resp->marked) return;
    if (status == CLI_DONE)
        say_note("Note: the response says that it was burnt, but a proxy may have sent it. What is "
                 "kept of it on this machine stays.");
    else if (status == CLI_GONE)
        say_note("Note: a proxy may have answered. What is kept of it on this machine stays.");
}

bool
remote_refused_for_good(const struct remote_response *resp) {
    return resp->failure == HTTP_FAILURE_NONE && verdict_is_final(resp->status, resp->marked);
}

const char *
remote_text(const json_t *json, const char *name) {
    return json_string_value(json_object_get(json, name));
}

bool
remote_lists(const json_t *json, const char *name, const char *word) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(json, name), i, one) {
        const char *text = json_string_value(one);
        if (text != NULL && strcmp(text, word) == 0) return true;
    }
    return false;
}

int64_t
remote_number(const json_t *json, const char *name, int64_t absent) {
    json_t *value = json_object_get(json, name);
    if (json_is_integer(value)) return json_integer_value(value);
    return absent;
}

bool
remote_set_bytes(json_t *json, const char *name, const void *data, size_t len) {
    struct buf text = BUF_INIT(base64_encoded_len(BASE64_URL, len));
    bool ok = base64_encode(BASE64_URL, data, len, &text) == 0 &&
              json_object_set_new(json, name, json_stringn((char *)text.data, text.len)) == 0;
    buf_free(&text);
    return ok;
}

bool
remote_set_number(json_t *json, const char *name, uint64_t n) {
    return json_object_set_new(json, name, json_integer((json_int_t)n)) == 0;
}

void
remote_secret_path(char out[static REMOTE_PATH_MAX], const char *id, const char *suffix) {
    (void)snprintf(out, REMOTE_PATH_MAX, "api/v1/secrets/%s%s", id, suffix);
}

enum cli_exit
remote_call_secret(struct remote *r, enum http_method method, const char *id, const char *suffix,
                   const char *token, const char *field, struct remote_response *resp) {
    char path[REMOTE_PATH_MAX];
    remote_secret_path(path, id, suffix);
    struct remote_call call = {.method = method, .path = path, .token = token};
    call.expect.kind = EXPECT_EMPTY;
    if (field != NULL) call.expect = (struct expectation){.kind = EXPECT_JSON, .field = field};
    return remote_call(r, &call, resp);
}

static int
on_remote_progress(void *ctx, uint64_t sent, uint64_t received) {
    (void)ctx, (void)sent, (void)received;
    if (signals_stop_asked()) return -1;
    return 0;
}

/* Copy text of a server.  Everything but printable ASCII becomes '?', so that no control character
 * reaches a terminal. */
static void
copy_printable(char *to, size_t size, const char *from) {
    size_t n = 0;
    for (; from != NULL && from[n] != '\0' && n + 1 < size; n++) {
        bool plain = from[n] >= 0x20 && from[n] < 0x7f;
        to[n] = '?';
        if (plain) to[n] = from[n];
    }
    to[n] = '\0';
}

/* The headers of a response that are looked at. */
enum { HEADER_MARK, HEADER_TYPE, HEADER_LOCATION, HEADERS };

/* What became of one attempt. */
struct attempt {
    enum http_failure failure;
    enum verdict verdict; /* without a failure */
    bool sent;            /* the server may have received some of it */
    bool moved;           /* so much moved that the line works, however slow it is */
    bool second_header;   /* its token went in Secrets-Token */
};

/* Return the length of the server's address in the redirect ${location} of a call of ${path}; 0 if
 * it leads to something else, such as a page for signing in. */
static size_t
server_len_in(const char *location, const char *path) {
    size_t len = strlen(location), path_len = strcspn(path, "?");
    if (len <= path_len) return 0;
    if (strncmp(location + len - path_len, path, path_len) != 0) return 0;
    return location[len - path_len - 1] == '/' ? len - path_len : 0;
}

/* Return whether ${location} is the root of the host of ${url}, which is http, by https. */
static bool
is_secured_root(const char *url, const char *location) {
    if (strncmp(url, "http://", 7) != 0 || strncmp(location, "https://", 8) != 0) return false;
    size_t host = strcspn(url + 7, ":/"), len = strcspn(location + 8, ":/");
    const char *path = strchr(location + 8, '/');
    return host == len && strncasecmp(url + 7, location + 8, host) == 0 && path != NULL &&
           path[1] == '\0';
}

/* Write to resp->location where the redirect ${location} of ${url} leads, without its query, and
 * find the address of the server in it.  ${path} is that of the call. */
static void
take_location(const char *url, const char *path, const char *location,
              struct remote_response *resp) {
    char target[REMOTE_LOCATION_MAX];
    resp->location[0] = '\0';
    resp->server_len = 0;
    if (resp->status < 300 || resp->status >= 400 || location[0] == '\0') return;
    if (http_url_resolve(url, location, target, sizeof(target)) != 0) return;

    target[strcspn(target, "?#")] = '\0';
    copy_printable(resp->location, sizeof(resp->location), target);
    resp->server_len = server_len_in(resp->location, path);
    if (is_secured_root(url, resp->location)) resp->server_len = strlen(resp->location);
}

/* Read from ${http} what ${resp} tells, apart from the raw body. */
static void
take_received(const struct http_client_response *http, enum http_failure failure, const char *url,
              const char *path, struct remote_response *resp) {
    resp->status = 0;
    if (failure == HTTP_FAILURE_NONE) resp->status = http->status;
    resp->marked = strcmp(http->headers[HEADER_MARK].value, "1") == 0;
    resp->retry_after = http->retry_after;
    copy_printable(resp->detail, sizeof(resp->detail), http->detail);
    take_location(url, path, http->headers[HEADER_LOCATION].value, resp);

    /* What holds a number that is out of any range is still a response of whoever sent it. */
    if (resp->status != 0 && http->body.len > 0)
        resp->json = json_parse_any_number((const char *)http->body.data, http->body.len);
}

/* Decide whose response ${http} is, and learn whether the server marks its responses. */
static enum verdict
judge_received(struct remote *r, const struct remote_call *call,
               const struct http_client_response *http, const struct remote_response *resp) {
    struct response_facts facts = {
        .status = resp->status,
        .content_type = http->headers[HEADER_TYPE].value,
        .json = resp->json,
        .body_len = http->body.len,
        .marked = resp->marked,
    };
    enum server_marks marks = (enum server_marks)atomic_load(&r->marks);
    enum verdict verdict = verdict_of(&facts, &call->expect, marks);

    /* Only its configuration proves that a server does not mark its responses. */
    bool config = verdict == VERDICT_OURS && strcmp(call->path, config_path) == 0;
    if (resp->marked) atomic_store(&r->marks, MARKS_PRESENT);
    else if (config && marks == MARKS_UNKNOWN) atomic_store(&r->marks, MARKS_ABSENT);
    return verdict;
}

/* Fill ${req} from ${call}, whose JSON is ${json}. */
static void
set_request(const struct remote_call *call, const struct buf *json, const char *url,
            const struct fields *fields, struct http_client_request *req) {
    *req = call->http;
    req->method = call->method;
    req->url = url;
    req->fields = fields->fields;
    req->field_count = fields->count;

    /* On a kept connection libcurl may send a request twice. */
    req->fresh_connection = call->http.fresh_connection || call->retry == REMOTE_RETRY_UNSENT;
    if (req->progress == NULL) req->progress = on_remote_progress;
    if (call->json != NULL) {
        req->body = json->data;
        req->body_len = json->len;
    }
}

/* Make attempt ${tries}, counted from 0, at ${call}, whose JSON is ${json}, and fill ${resp}. */
static struct attempt
attempt_call(struct remote *r, const struct remote_call *call, const struct buf *json,
             unsigned tries, struct remote_response *resp) {
    char url[REMOTE_URL_MAX];
    struct fields fields;
    struct http_client_request req;
    struct http_client_header headers[HEADERS] = {
        [HEADER_MARK] = {.name = "Secrets-Answer"},
        [HEADER_TYPE] = {.name = "Content-Type"},
        [HEADER_LOCATION] = {.name = "Location"},
    };
    struct http_client_response http = {
        .body = BUF_INIT(REMOTE_JSON_MAX), .headers = headers, .header_count = HEADERS};
    (void)snprintf(url, sizeof(url), "%s%s", r->base, call->path);
    bool second_header = fields_set(r, call, &fields);
    set_request(call, json, url, &fields, &req);
    req.stall_seconds = STALL_SECONDS << (tries < STALL_DOUBLINGS ? tries : STALL_DOUBLINGS);

    /* The room of a caller that takes the body is lent to the client. */
    bool raw = resp->body.max > 0;
    if (raw) buf_move(&http.body, &resp->body);
    struct attempt done = {.failure = http_client_send(r->http, &req, &http),
                           .second_header = second_header};
    explicit_bzero(&fields, sizeof(fields));

    done.sent = http.sent;
    done.moved = http.moved >= MOVED_MIN;
    json_decref(resp->json);
    resp->json = NULL;
    take_received(&http, done.failure, url, call->path, resp);
    if (done.failure == HTTP_FAILURE_NONE) done.verdict = judge_received(r, call, &http, resp);
    if (raw) buf_move(&resp->body, &http.body);
    buf_free(&http.body);
    return done;
}

/* Return whether ${status} says that the server failed for now. */
static bool
is_server_failure(int status) {
    return status == 500 || status == 502 || status == 503 || status == 504;
}

/* Return whether to repeat ${call} after a response. */
static bool
may_repeat_after_response(const struct remote_call *call, enum verdict verdict, int status) {
    bool always = call->retry == REMOTE_RETRY_ALWAYS;
    if (status == 429 || status == 425) return true; /* it was refused unread */
    if (verdict == VERDICT_FOREIGN) return always && verdict_is_transient(status);
    return verdict == VERDICT_OURS && always && is_server_failure(status);
}

static bool
may_repeat(const struct remote_call *call, const struct attempt *done, int status) {
    switch (done->failure) {
    case HTTP_FAILURE_NONE: return may_repeat_after_response(call, done->verdict, status);
    case HTTP_FAILURE_RESOLVE:
    case HTTP_FAILURE_CONNECT:
    case HTTP_FAILURE_TIMEOUT:
    case HTTP_FAILURE_RESET: return call->retry == REMOTE_RETRY_ALWAYS || !done->sent;
    default: return false; /* the next attempt would fail the same way */
    }
}

/* Return whether the server may have carried out an attempt although no response of it came. */
static bool
is_unsure(const struct attempt *done, int status) {
    if (done->failure != HTTP_FAILURE_NONE) return done->sent;
    if (is_server_failure(status)) return true;
    return done->verdict == VERDICT_FOREIGN && status < 300;
}

/* Return how many milliseconds to wait after attempt ${tries}, counted from 0. */
static long
wait_before_retry(const struct remote *r, unsigned tries, int64_t retry_after) {
    long wait = LONGEST_WAIT_MS;
    if (tries < 5) wait = FIRST_WAIT_MS << tries;
    if (wait > LONGEST_WAIT_MS) wait = LONGEST_WAIT_MS;

    /* Jitter: clients that failed together do not come back together. */
    wait = wait / 2 + (long)random_below(r->random, (uint32_t)wait / 2 + 1);
    if (retry_after > 0 && retry_after < RETRY_AFTER_MAX && retry_after * 1000 > wait)
        wait = (long)retry_after * 1000;
    return wait;
}

static enum cli_exit
exit_of_response(enum verdict verdict, int status) {
    if (verdict == VERDICT_ABSENT) return CLI_GONE;
    if (verdict != VERDICT_OURS) return CLI_NETWORK;
    if (status >= 200 && status < 300) return CLI_DONE;
    if (status == 404) return CLI_GONE;
    if (status == 401 || status == 403) return CLI_WRONG;
    return CLI_REFUSED;
}

static enum cli_exit
exit_of_attempt(const struct attempt *done, int status) {
    switch (done->failure) {
    case HTTP_FAILURE_NONE: return exit_of_response(done->verdict, status);
    case HTTP_FAILURE_CANCELLED: return signals_stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
    case HTTP_FAILURE_TOO_LARGE: return CLI_DAMAGED;
    case HTTP_FAILURE_NOMEM: return CLI_FAILED;
    case HTTP_FAILURE_REQUEST: return CLI_USAGE;
    default: return CLI_NETWORK;
    }
}

/* Read the problem document of an error of the server. */
static void
take_problem(struct remote_response *resp) {
    if (resp->foreign || resp->status < 400) return;
    const char *detail = remote_text(resp->json, "detail");
    if (detail == NULL) detail = remote_text(resp->json, "title");
    copy_printable(resp->code, sizeof(resp->code), remote_text(resp->json, "code"));
    copy_printable(resp->detail, sizeof(resp->detail), detail);
}

/* Say once why the program seems to do nothing. */
static void
note_waiting(const struct remote *r, const struct attempt *done,
             const struct remote_response *resp) {
    const char *code = remote_text(resp->json, "code");
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&said)) return;
    if (done->failure != HTTP_FAILURE_NONE)
        say_note("No response from %s yet; trying again.", r->base);
    else if (done->verdict == VERDICT_FOREIGN)
        say_note("A proxy responded instead of %s, with status %d; trying again.", r->base,
                 resp->status);
    else if (code != NULL && strcmp(code, "too_many_uploads") == 0)
        say_note("Other uploads from here are not finished; waiting for one to end.");
    else say_note("The server is busy; trying again.");
}

/*
 * Learn from its configuration whether the server marks its responses.  If it may be a ${classic}
 * one, having no configuration says that it does not; 403 is what API Gateway answers there.
 */
static void
learn_marks(struct remote *r, bool classic) {
    struct remote_response resp = {0};
    struct remote_call call = {
        .method = HTTP_GET, .path = config_path, .expect = {EXPECT_JSON, "file_max", 0}};
    struct attempt done = attempt_call(r, &call, NULL, 0, &resp);
    bool refused = done.failure == HTTP_FAILURE_NONE && (resp.status == 403 || resp.status == 404);
    if (classic && refused && !resp.marked) atomic_store(&r->marks, MARKS_ABSENT);
    remote_response_clear(&resp);
}

/* Decide a response to ${call} that is ours only if the server does not mark its responses. */
static enum verdict
judge_unmarked(struct remote *r, const struct remote_call *call) {
    learn_marks(r, call->expect.kind == EXPECT_DECRYPTED);
    return atomic_load(&r->marks) == MARKS_ABSENT ? VERDICT_OURS : VERDICT_FOREIGN;
}

/* Return whether something before the server took the token of ${call} for its own, and was not
 * offered the other header yet. */
static bool
claims_authorization(const struct attempt *done, const struct remote_call *call,
                     const struct remote_response *resp) {
    return resp->foreign && resp->status == 401 && call->token != NULL && !done->second_header;
}

/* Make attempts until one is final.  Returns that one. */
static struct attempt
attempt_until_final(struct remote *r, const struct remote_call *call, const struct buf *json,
                    struct remote_response *resp) {
    int64_t began = clock_monotonic_ms();
    for (unsigned tries = 0;; tries++) {
        struct attempt done = attempt_call(r, call, json, tries, resp);
        bool answered = done.failure == HTTP_FAILURE_NONE;
        if (done.failure != HTTP_FAILURE_RESOLVE) atomic_store(&r->found, true);
        if (answered && done.verdict == VERDICT_UNKNOWN) done.verdict = judge_unmarked(r, call);
        resp->foreign = answered && done.verdict != VERDICT_OURS;
        resp->unsure = resp->unsure || is_unsure(&done, resp->status);
        if (claims_authorization(&done, call, resp)) {
            atomic_store(&r->second_header, true);
            continue;
        }
        if (signals_stop_asked() || !may_repeat(call, &done, resp->status)) return done;

        /* Something before the server may answer like this for ever. */
        int64_t patience = r->patience_ms;
        bool unknown_name = done.failure == HTTP_FAILURE_RESOLVE && !atomic_load(&r->found);
        if (unknown_name && patience > UNKNOWN_NAME_MS) patience = UNKNOWN_NAME_MS;
        if (!answered && done.moved && patience > 0) began = clock_monotonic_ms();
        if (resp->foreign && patience > FOREIGN_MS) patience = FOREIGN_MS;
        if ((resp->foreign || done.moved) && tries + 1 >= TRIES_MAX) return done;
        long wait = wait_before_retry(r, tries, resp->retry_after);
        if (clock_monotonic_ms() + wait > began + patience) return done;

        if (tries > 0 || wait >= NOTED_WAIT_MS) note_waiting(r, &done, resp);
        if (call->again != NULL && !call->again(call->http.ctx, !answered)) return done;
        signals_wait_ms(wait);
        if (signals_stop_asked()) return done;
    }
}

enum cli_exit
remote_call(struct remote *r, const struct remote_call *call, struct remote_response *resp) {
    struct buf json = BUF_INIT(REQUEST_JSON_MAX);
    struct attempt done = {.failure = HTTP_FAILURE_NOMEM};
    if (call->json == NULL || json_write(call->json, &json) == 0) {
        done = attempt_until_final(r, call, &json, resp);
        bool answered = resp->status != 0 && !resp->foreign;
        if (signals_stop_asked() && !answered) done.failure = HTTP_FAILURE_CANCELLED;
        resp->failure = done.failure;
        take_problem(resp);
    }
    buf_free(&json);
    return exit_of_attempt(&done, resp->status);
}
