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
    AUTHORIZATION_MAX = 128,
    REQUEST_JSON_MAX = 8 * 1024 * 1024, /* a classic text of 1 MiB, escaped throughout */
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
    return json_is_integer(value) ? json_integer_value(value) : absent;
}

static int
on_progress(void *ctx, uint64_t sent, uint64_t received) {
    (void)ctx, (void)sent, (void)received;
    return signals_stop_asked() ? -1 : 0;
}

/* Keep text that came from a server printable: no control characters reach a terminal. */
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

/* One attempt.  The answer's JSON is parsed from what is not taken by the caller. */
static enum http_failure
attempt(const struct remote *r, const struct remote_call *call, const struct buf *json,
        struct remote_response *resp, bool *sent) {
    char url[REMOTE_URL_MAX], authorization[AUTHORIZATION_MAX];
    struct http_field fields[3] = {{"Accept", "application/json"}};
    size_t count = 1;
    (void)snprintf(url, sizeof(url), "%s%s", r->base, call->path);
    (void)snprintf(authorization, sizeof(authorization), "Bearer %s",
                   call->token == NULL ? "" : call->token);
    if (call->token != NULL) fields[count++] = (struct http_field){"Authorization", authorization};
    bool octets = call->json == NULL && call->http.body_len > 0;
    if (call->json != NULL || octets)
        fields[count++] = (struct http_field){"Content-Type", !octets ? "application/json"
                                                              : call->content_type != NULL
                                                                  ? call->content_type
                                                                  : "application/octet-stream"};
    struct http_client_request req = call->http;
    req.method = call->method;
    req.url = url;
    req.fields = fields;
    req.field_count = count;
    req.stall_seconds = STALL_SECONDS;
    req.fresh_connection = call->http.fresh_connection || call->retry == REMOTE_RETRY_UNSENT;
    if (req.progress == NULL) req.progress = on_progress;
    if (call->json != NULL) {
        req.body = json->data;
        req.body_len = json->len;
    }
    struct http_client_response http = {.body = BUF_INIT(REMOTE_JSON_MAX)};
    bool raw = resp->body.max > 0;
    if (raw) buf_move(&http.body, &resp->body);
    enum http_failure failure = http_client_send(r->http, &req, &http);
    explicit_bzero(authorization, sizeof(authorization));
    *sent = http.sent;
    resp->status = failure == HTTP_FAILURE_NONE ? http.status : 0;
    resp->retry_after = http.retry_after;
    copy_printable(resp->detail, sizeof(resp->detail), http.detail);
    bool ok = http.status >= 200 && http.status < 300;
    if (failure == HTTP_FAILURE_NONE && !(raw && ok) && http.body.len > 0)
        resp->json = json_parse_object((const char *)http.body.data, http.body.len);
    if (raw) buf_move(&resp->body, &http.body);
    buf_free(&http.body);
    return failure;
}

/* Whether to try again after this. */
static bool
may_repeat(const struct remote_call *call, enum http_failure failure, int status, bool sent) {
    switch (failure) {
    case HTTP_FAILURE_NONE:
        if (status == 429) return true;
        return call->retry == REMOTE_RETRY_ALWAYS &&
               (status == 500 || status == 502 || status == 503 || status == 504);
    case HTTP_FAILURE_RESOLVE:
    case HTTP_FAILURE_CONNECT:
    case HTTP_FAILURE_TIMEOUT:
    case HTTP_FAILURE_RESET: return !sent || call->retry == REMOTE_RETRY_ALWAYS;
    default: return false; /* it would fail the same way */
    }
}

/* Whether the server may have done what an attempt asked for and could not say so. */
static bool
is_unsure(enum http_failure failure, int status, bool sent) {
    if (failure != HTTP_FAILURE_NONE) return sent;
    return status == 500 || status == 502 || status == 503 || status == 504;
}

static long
wait_before(const struct remote *r, unsigned tries, int64_t retry_after) {
    long wait = FIRST_WAIT_MS << (tries < 5 ? tries : 5);
    if (wait > LONGEST_WAIT_MS) wait = LONGEST_WAIT_MS;
    wait = wait / 2 + (long)random_below(r->random, (uint32_t)wait / 2 + 1);
    if (retry_after > 0 && retry_after < 3600 && retry_after * 1000 > wait)
        wait = (long)retry_after * 1000;
    return wait;
}

static enum cli_exit
exit_of(enum http_failure failure, int status) {
    switch (failure) {
    case HTTP_FAILURE_NONE: break;
    case HTTP_FAILURE_CANCELLED: return signals_stop_asked() ? CLI_INTERRUPTED : CLI_FAILED;
    case HTTP_FAILURE_TOO_LARGE: return CLI_DAMAGED;
    case HTTP_FAILURE_NOMEM: return CLI_FAILED;
    case HTTP_FAILURE_REQUEST: return CLI_USAGE;
    default: return CLI_NETWORK;
    }
    if (status >= 200 && status < 300) return CLI_DONE;
    if (status == 404) return CLI_GONE;
    if (status == 401 || status == 403) return CLI_WRONG;
    return CLI_REFUSED;
}

static void
take_problem(struct remote_response *resp) {
    const char *detail = remote_text(resp->json, "detail");
    if (resp->status < 400) return;
    copy_printable(resp->code, sizeof(resp->code), remote_text(resp->json, "code"));
    copy_printable(resp->detail, sizeof(resp->detail),
                   detail != NULL ? detail : remote_text(resp->json, "title"));
}

/* Say once why nothing seems to happen. */
static void
say_waiting(const struct remote *r, enum http_failure failure) {
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&said)) return;
    if (failure == HTTP_FAILURE_NONE) say_note("The server is busy; trying again.");
    else say_note("No answer from %s yet; trying again.", r->base);
}

enum cli_exit
remote_call(const struct remote *r, const struct remote_call *call, struct remote_response *resp) {
    struct buf json = BUF_INIT(REQUEST_JSON_MAX);
    enum http_failure failure = HTTP_FAILURE_NOMEM;
    if (call->json != NULL && json_write(call->json, &json) != 0) goto out;
    int64_t give_up = clock_monotonic_ms() + r->patience_ms;
    for (unsigned tries = 0;; tries++) {
        bool sent = false;
        json_decref(resp->json);
        resp->json = NULL;
        failure = attempt(r, call, &json, resp, &sent);
        resp->unsure = resp->unsure || is_unsure(failure, resp->status, sent);
        if (signals_stop_asked() || !may_repeat(call, failure, resp->status, sent)) break;
        long wait = wait_before(r, tries, resp->retry_after);
        if (clock_monotonic_ms() + wait > give_up) break;
        if (tries > 0) say_waiting(r, failure);
        if (call->again != NULL) call->again(call->http.ctx);
        signals_wait_ms(wait);
        if (signals_stop_asked()) break;
    }
    if (signals_stop_asked() && resp->status == 0) failure = HTTP_FAILURE_CANCELLED;
    resp->failure = failure;
    take_problem(resp);
out:
    buf_free(&json);
    return exit_of(failure, resp->status);
}

static void
complain_refused(const struct remote_response *resp, const char *what) {
    const char *next = "Change what it names, or ask whoever runs the server.";
    if (resp->status == 429) next = "Too many requests from here; wait a minute.";
    else if (resp->status == 413 || resp->status == 507)
        next = "Share something smaller, or ask whoever runs the server.";
    else if (resp->status >= 500) next = "Try again later, with --patience to wait longer.";
    say_error("the server refused to %s (%d%s%s)", what, resp->status,
              resp->detail[0] == '\0' ? "" : ": ", resp->detail);
    say_hint("%s", next);
}

void
remote_complain(const struct remote *r, enum cli_exit status, const struct remote_response *resp,
                const char *what) {
    switch (status) {
    case CLI_GONE:
        say_error("there is no such secret");
        say_hint("It was opened as often as allowed, expired, was burnt, or never existed. Ask "
                 "the sender for a new link.");
        return;
    case CLI_WRONG:
        say_error("the server did not accept the proof to %s", what);
        say_hint("Check the link and the passphrase.");
        return;
    case CLI_NETWORK:
        if (resp->failure == HTTP_FAILURE_TLS) {
            say_error("no trusted connection to %s: %s", r->base, resp->detail);
            say_hint("Check the address and this machine's clock; an authority of your own is "
                     "named by SSL_CERT_FILE.");
        } else {
            say_error("no answer from %s: %s", r->base, resp->detail);
            say_hint("Check the address and the network, then run the same command again.");
        }
        return;
    case CLI_USAGE:
        say_error("%s is not an address", r->base);
        say_hint("Give it as https://HOST/.");
        return;
    case CLI_INTERRUPTED: return; /* said at the end */
    case CLI_DAMAGED:
        say_error("the answer of %s is not one of this service", r->base);
        say_hint("Check the address: another program may answer there, or a newer version.");
        return;
    case CLI_FAILED:
        if (resp->detail[0] != '\0') {
            say_error("could not %s: %s", what, resp->detail);
            say_hint("Run the same command again.");
        }
        return;
    default: complain_refused(resp, what); return;
    }
}

/* Cut ${page} down to its folder, or to its origin. */
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

/* Set the base to what config.json of ${page} names: an address, or a path on the page's host. */
static enum cli_exit
use_api(struct remote *r, const char *page, const char *api) {
    char address[LINK_PAGE_MAX + 256];
    cut_page(page, api[0] == '/', r->base);
    const char *folder = strstr(api, "://") != NULL ? "" : r->base;
    int n = snprintf(address, sizeof(address), "%s%s", folder, api + (api[0] == '/'));
    if (n >= (int)sizeof(address) || link_address(address, (size_t)n, r->base) != 0) {
        say_error("config.json of that page is broken");
        say_hint("Give the server with --server.");
        return CLI_DAMAGED;
    }
    /* A page that came over TLS does not lead to where anybody on the way could listen. */
    if (strncmp(page, "https://", 8) != 0 || strncmp(r->base, "https://", 8) == 0) return CLI_DONE;
    say_error("config.json of that https page names a server without TLS: %s", r->base);
    say_hint("If that is meant, give the server with --server.");
    return CLI_DAMAGED;
}

enum cli_exit
remote_find(struct remote *r, const char *page) {
    struct remote_response resp = {0};
    struct remote_call call = {.method = HTTP_GET, .path = "config.json"};
    cut_page(page, false, r->base);
    enum cli_exit status = remote_call(r, &call, &resp);
    const char *api = status == CLI_DONE ? remote_text(resp.json, "api") : NULL;
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
