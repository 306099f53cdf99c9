/* SPDX-License-Identifier: MIT */
#include "cli/transfer/remote.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum {
    STALL_SECONDS = 30,
    FIRST_WAIT_MS = 200,
    LONGEST_WAIT_MS = 5000,
    RETRY_AFTER_MAX = 3600, /* seconds; a longer Retry-After is ignored */
    AUTHORIZATION_MAX = 128,
    FIELDS_MAX = 3,
    REQUEST_JSON_MAX = 8 * 1024 * 1024, /* a classic text of 1 MiB with every byte escaped */
};

void
remote_response_clear(struct remote_response *resp) {
    json_decref(resp->json);
    resp->json = NULL;
    buf_free(&resp->body);
}

const char *
remote_text(const json_t *json, const char *name) {
    return json_string_value(json_object_get(json, name));
}

int64_t
remote_number(const json_t *json, const char *name, int64_t absent) {
    json_t *value = json_object_get(json, name);
    if (json_is_integer(value)) return json_integer_value(value);
    return absent;
}

void
remote_secret_path(char out[static REMOTE_PATH_MAX], const char *id, const char *suffix) {
    (void)snprintf(out, REMOTE_PATH_MAX, "api/v1/secrets/%s%s", id, suffix);
}

enum cli_exit
remote_call_secret(const struct remote *r, enum http_method method, const char *id,
                   const char *suffix, const char *token, struct remote_response *resp) {
    char path[REMOTE_PATH_MAX];
    remote_secret_path(path, id, suffix);
    struct remote_call call = {.method = method, .path = path, .token = token};
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

/* The headers of one request.  ${authorization} holds a token and is wiped by the caller. */
struct remote_fields {
    struct http_field fields[FIELDS_MAX];
    size_t count;
    char authorization[AUTHORIZATION_MAX];
};

static void
set_fields(const struct remote_call *call, struct remote_fields *out) {
    out->count = 0;
    out->fields[out->count++] = (struct http_field){"Accept", "application/json"};
    if (call->token != NULL) {
        (void)snprintf(out->authorization, sizeof(out->authorization), "Bearer %s", call->token);
        out->fields[out->count++] = (struct http_field){"Authorization", out->authorization};
    }

    const char *type = NULL;
    if (call->json != NULL) type = "application/json";
    else if (call->http.body_len > 0) type = "application/octet-stream";
    if (call->json == NULL && type != NULL && call->content_type != NULL) type = call->content_type;
    if (type != NULL) out->fields[out->count++] = (struct http_field){"Content-Type", type};
}

/* Take what ${http} received over into ${resp}. */
static void
take_received(struct http_client_response *http, enum http_failure failure, bool raw,
              struct remote_response *resp) {
    resp->status = failure == HTTP_FAILURE_NONE ? http->status : 0;
    resp->retry_after = http->retry_after;
    copy_printable(resp->detail, sizeof(resp->detail), http->detail);

    /* A body that the caller wants raw is parsed only where it is an error. */
    bool ok = http->status >= 200 && http->status < 300;
    bool parse = failure == HTTP_FAILURE_NONE && !(raw && ok) && http->body.len > 0;
    if (parse) resp->json = json_parse_object((const char *)http->body.data, http->body.len);
}

/* Make one attempt, with the body ${json} where the call has one.  Sets ${*sent} if the server may
 * have received any of it. */
static enum http_failure
attempt_call(const struct remote *r, const struct remote_call *call, const struct buf *json,
             struct remote_response *resp, bool *sent) {
    char url[REMOTE_URL_MAX];
    struct remote_fields fields;
    (void)snprintf(url, sizeof(url), "%s%s", r->base, call->path);
    set_fields(call, &fields);

    struct http_client_request req = call->http;
    req.method = call->method;
    req.url = url;
    req.fields = fields.fields;
    req.field_count = fields.count;
    req.stall_seconds = STALL_SECONDS;
    /* On a kept connection libcurl may send a request twice. */
    req.fresh_connection = call->http.fresh_connection || call->retry == REMOTE_RETRY_UNSENT;
    if (req.progress == NULL) req.progress = on_remote_progress;
    if (call->json != NULL) {
        req.body = json->data;
        req.body_len = json->len;
    }

    struct http_client_response http = {.body = BUF_INIT(REMOTE_JSON_MAX)};
    bool raw = resp->body.max > 0;
    if (raw) buf_move(&http.body, &resp->body);

    enum http_failure failure = http_client_send(r->http, &req, &http);
    explicit_bzero(&fields, sizeof(fields));
    *sent = http.sent;
    take_received(&http, failure, raw, resp);

    if (raw) buf_move(&resp->body, &http.body);
    buf_free(&http.body);
    return failure;
}

/* Return whether ${status} says that the server, or a proxy, failed for now. */
static bool
is_server_failure(int status) {
    return status == 500 || status == 502 || status == 503 || status == 504;
}

static bool
may_repeat(const struct remote_call *call, enum http_failure failure, int status, bool sent) {
    bool always = call->retry == REMOTE_RETRY_ALWAYS;
    switch (failure) {
    case HTTP_FAILURE_NONE: return status == 429 || (always && is_server_failure(status));
    case HTTP_FAILURE_RESOLVE:
    case HTTP_FAILURE_CONNECT:
    case HTTP_FAILURE_TIMEOUT:
    case HTTP_FAILURE_RESET: return always || !sent;
    default: return false; /* the next attempt would fail the same way */
    }
}

/* Return whether the server may have carried out an attempt and could not say so. */
static bool
is_unsure(enum http_failure failure, int status, bool sent) {
    if (failure != HTTP_FAILURE_NONE) return sent;
    return is_server_failure(status);
}

/* Return how many milliseconds to wait after attempt ${tries}, counted from 0. */
static long
wait_before_retry(const struct remote *r, unsigned tries, int64_t retry_after) {
    long wait = FIRST_WAIT_MS << (tries < 5 ? tries : 5);
    if (wait > LONGEST_WAIT_MS) wait = LONGEST_WAIT_MS;

    /* Jitter: clients that failed together do not come back together. */
    wait = wait / 2 + (long)random_below(r->random, (uint32_t)wait / 2 + 1);
    if (retry_after > 0 && retry_after < RETRY_AFTER_MAX && retry_after * 1000 > wait)
        wait = (long)retry_after * 1000;
    return wait;
}

static enum cli_exit
exit_of_status(int status) {
    if (status >= 200 && status < 300) return CLI_DONE;
    if (status == 404) return CLI_GONE;
    if (status == 401 || status == 403) return CLI_WRONG;
    return CLI_REFUSED;
}

static enum cli_exit
exit_of_call(enum http_failure failure, int status) {
    switch (failure) {
    case HTTP_FAILURE_NONE: return exit_of_status(status);
    case HTTP_FAILURE_CANCELLED: return signals_stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
    case HTTP_FAILURE_TOO_LARGE: return CLI_DAMAGED;
    case HTTP_FAILURE_NOMEM: return CLI_FAILED;
    case HTTP_FAILURE_REQUEST: return CLI_USAGE;
    default: return CLI_NETWORK;
    }
}

/* Read the problem document of an error. */
static void
take_problem(struct remote_response *resp) {
    if (resp->status < 400) return;
    const char *detail = remote_text(resp->json, "detail");
    if (detail == NULL) detail = remote_text(resp->json, "title");
    copy_printable(resp->code, sizeof(resp->code), remote_text(resp->json, "code"));
    copy_printable(resp->detail, sizeof(resp->detail), detail);
}

/* Say once why the program seems to do nothing. */
static void
note_waiting(const struct remote *r, enum http_failure failure) {
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&said)) return;
    if (failure == HTTP_FAILURE_NONE) say_note("The server is busy; trying again.");
    else say_note("No response from %s yet; trying again.", r->base);
}

/* Make attempts until one is final.  Returns how the last one failed. */
static enum http_failure
attempt_until_final(const struct remote *r, const struct remote_call *call, const struct buf *json,
                    struct remote_response *resp) {
    int64_t give_up = clock_monotonic_ms() + r->patience_ms;
    for (unsigned tries = 0;; tries++) {
        bool sent = false;
        json_decref(resp->json);
        resp->json = NULL;
        enum http_failure failure = attempt_call(r, call, json, resp, &sent);
        resp->unsure = resp->unsure || is_unsure(failure, resp->status, sent);
        if (signals_stop_asked() || !may_repeat(call, failure, resp->status, sent)) return failure;

        long wait = wait_before_retry(r, tries, resp->retry_after);
        if (clock_monotonic_ms() + wait > give_up) return failure;
        if (tries > 0) note_waiting(r, failure);
        if (call->again != NULL) call->again(call->http.ctx);
        signals_wait_ms(wait);
        if (signals_stop_asked()) return failure;
    }
}

enum cli_exit
remote_call(const struct remote *r, const struct remote_call *call, struct remote_response *resp) {
    struct buf json = BUF_INIT(REQUEST_JSON_MAX);
    enum http_failure failure = HTTP_FAILURE_NOMEM;
    if (call->json == NULL || json_write(call->json, &json) == 0) {
        failure = attempt_until_final(r, call, &json, resp);
        if (signals_stop_asked() && resp->status == 0) failure = HTTP_FAILURE_CANCELLED;
        resp->failure = failure;
        take_problem(resp);
    }
    buf_free(&json);
    return exit_of_call(failure, resp->status);
}

static void
complain_refused(const struct remote_response *resp, const char *what) {
    const char *separator = resp->detail[0] == '\0' ? "" : ": ";
    say_error("the server refused to %s (%d%s%s)", what, resp->status, separator, resp->detail);

    if (resp->status == 429) say_hint("Too many requests from here. Wait a minute.");
    else if (resp->status == 413 || resp->status == 507)
        say_hint("Share something smaller, or ask the operator of the server.");
    else if (resp->status >= 500) say_hint("Try again later, with --patience to wait longer.");
    else say_hint("Change what the message names, or ask the operator of the server.");
}

static void
complain_network(const struct remote *r, const struct remote_response *resp) {
    if (resp->failure == HTTP_FAILURE_TLS) {
        say_error("no trusted connection to %s: %s", r->base, resp->detail);
        say_hint("Check the address and this machine's clock. Set SSL_CERT_FILE for a private CA.");
    } else {
        say_error("no response from %s: %s", r->base, resp->detail);
        say_hint("Check the address and the network, then run the same command again.");
    }
}

void
remote_complain(const struct remote *r, enum cli_exit status, const struct remote_response *resp,
                const char *what) {
    switch (status) {
    case CLI_GONE:
        say_error("there is no such secret");
        say_hint("It was opened as often as allowed, expired, was burnt, or never existed. Ask the "
                 "sender for a new link.");
        return;
    case CLI_WRONG:
        say_error("cannot %s: the server did not accept the proof", what);
        say_hint("Check the link and the passphrase.");
        return;
    case CLI_NETWORK: complain_network(r, resp); return;
    case CLI_USAGE:
        say_error("%s is not an address", r->base);
        say_hint("An address looks like https://HOST/.");
        return;
    case CLI_INTERRUPTED: return; /* main prints it */
    case CLI_DAMAGED:
        say_error("unexpected response from %s", r->base);
        say_hint("Check the address: another program, or a newer version, may answer there.");
        return;
    case CLI_FAILED:
        if (resp->detail[0] == '\0') return;
        say_error("could not %s: %s", what, resp->detail);
        say_hint("Run the same command again.");
        return;
    default: complain_refused(resp, what); return;
    }
}

/* Copy to ${out} the address ${page} up to its last '/', or up to its origin. */
static void
cut_page(const char *page, bool origin, char out[static LINK_PAGE_MAX]) {
    size_t len = strlen(page);
    const char *host = strstr(page, "://");
    const char *first = host == NULL ? NULL : strchr(host + 3, '/');
    if (origin && first != NULL) len = (size_t)(first - page) + 1;

    while (len > 0 && page[len - 1] != '/')
        len--;
    memcpy(out, page, len);
    out[len] = '\0';
}

/* Set the base to ${api} from the config.json of ${page}: an address, or a path on its host. */
static enum cli_exit
use_api(struct remote *r, const char *page, const char *api) {
    char address[LINK_PAGE_MAX + 256];
    cut_page(page, api[0] == '/', r->base);
    const char *before = strstr(api, "://") != NULL ? "" : r->base;
    int n = snprintf(address, sizeof(address), "%s%s", before, api + (api[0] == '/'));
    if (n >= (int)sizeof(address) || link_address(address, (size_t)n, r->base) != 0) {
        say_error("config.json of that page is not valid");
        say_hint("Give the server with --server.");
        return CLI_DAMAGED;
    }

    /* A page that came over TLS must not lead to a server that others can listen to. */
    if (strncmp(page, "https://", 8) != 0 || strncmp(r->base, "https://", 8) == 0) return CLI_DONE;
    say_error("config.json of that https page names a server without TLS: %s", r->base);
    say_hint("If that is intended, give the server with --server.");
    return CLI_DAMAGED;
}

enum cli_exit
remote_find(struct remote *r, const char *page) {
    struct remote_response resp = {0};
    struct remote_call call = {.method = HTTP_GET, .path = "config.json"};
    cut_page(page, false, r->base);
    enum cli_exit status = remote_call(r, &call, &resp);

    const char *api = NULL;
    if (status == CLI_DONE) api = remote_text(resp.json, "api");
    if (status == CLI_NETWORK || status == CLI_INTERRUPTED || status == CLI_USAGE) {
        remote_complain(r, status, &resp, "find the server");
    } else if (api != NULL) {
        status = use_api(r, page, api);
    } else {
        cut_page(page, true, r->base);
        status = CLI_DONE;
    }
    remote_response_clear(&resp);
    return status;
}
