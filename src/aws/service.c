/* SPDX-License-Identifier: MIT */
#include "aws/service.h"

#include "aws/sigv4.h"
#include "base/err.h"
#include "base/log.h"

enum { SKEW_MIN = 60 /* seconds; a smaller error of the clock is not corrected */ };

/* What a signed request refers to until it is sent. */
struct signing {
    struct aws_keys keys;
    char date[SIGV4_DATE_LEN + 1];
    char hash[SIGV4_HASH_HEX + 1];
    struct buf authorization, url;
    struct sigv4_header signed_headers[SIGV4_HEADERS_MAX];
    struct http_field fields[SIGV4_HEADERS_MAX];
    size_t count;
};

int
aws_service_init(struct aws_service *s, const char *name, const struct aws_service_config *config,
                 struct buf *reason) {
    s->name = name;
    s->credentials = config->credentials;
    s->transport = config->transport;
    s->clock = config->clock;
    s->random = config->random;
    atomic_init(&s->skew, 0);
    atomic_init(&s->behind, 0);
    return aws_endpoint_find(&config->env, name, config->http_anywhere, &s->endpoint, reason);
}

static void
add_header(struct signing *s, const char *name, const char *value) {
    s->signed_headers[s->count] = (struct sigv4_header){name, value};
    s->fields[s->count] = (struct http_field){name, value};
    s->count++;
}

static const char *
method_name(enum http_method m) {
    switch (m) {
    case HTTP_GET: return "GET";
    case HTTP_HEAD: return "HEAD";
    case HTTP_POST: return "POST";
    case HTTP_PUT: return "PUT";
    default: return "DELETE";
    }
}

/* Fill ${g}, whose keys are set, with the headers and the URL of ${call}. */
static int
sign_call(struct aws_service *s, const struct aws_call *call, struct signing *g) {
    bool s3 = strcmp(s->name, "s3") == 0;
    int64_t now = clock_now(&s->clock) + atomic_load(&s->skew);

    sigv4_date(now, g->date);
    sigv4_hash_hex(call->body, call->body_len, g->hash);
    add_header(g, "Host", s->endpoint.host);
    add_header(g, "X-Amz-Date", g->date);
    if (g->keys.token[0] != '\0') add_header(g, "X-Amz-Security-Token", g->keys.token);
    if (s3) add_header(g, "X-Amz-Content-Sha256", g->hash);
    for (size_t i = 0; i < call->field_count; i++)
        add_header(g, call->fields[i].name, call->fields[i].value);

    struct sigv4_request req = {.method = method_name(call->method),
                                .path = call->path,
                                .query = call->query,
                                .headers = g->signed_headers,
                                .header_count = g->count,
                                .payload_hash = g->hash,
                                .path_as_is = s3};
    struct sigv4_keys keys = {g->keys.id, g->keys.secret};
    struct sigv4_scope scope = {now, s->endpoint.region, s->name};
    int err = sigv4_authorization(&req, &keys, &scope, &g->authorization);

    /* The first header, Host, is signed but not sent: the HTTP client adds it from the URL. */
    g->fields[0] = (struct http_field){"Authorization", buf_text(&g->authorization)};
    if (err == 0) err = buf_printf(&g->url, "%s%s", s->endpoint.url, call->path);
    if (err == 0 && call->query[0] != '\0') err = buf_printf(&g->url, "?%s", call->query);
    return err;
}

static int
error_of_failure(enum http_failure failure, const struct http_client_response *resp) {
    switch (failure) {
    case HTTP_FAILURE_NONE: return 0;
    case HTTP_FAILURE_TOO_LARGE: return ERR_TOO_LARGE;
    default: break;
    }

    if (resp->sent) return ERR_UNKNOWN_OUTCOME;
    return failure == HTTP_FAILURE_NOMEM ? ERR_NOMEM : ERR_STORE;
}

/* Sign and send ${call} once.  ${id} gets the id of the keys that were used. */
static int
send_once(struct aws_service *s, const struct aws_call *call, struct http_client_response *resp,
          char id[static AWS_KEY_ID_MAX + 1]) {
    struct signing *g = calloc(1, sizeof(*g)); /* too large for a stack: it holds a token */
    if (g == NULL) return ERR_NOMEM;

    buf_init(&g->authorization, SIGV4_TEXT_MAX);
    buf_init(&g->url, SIGV4_TEXT_MAX);
    int err = aws_credentials_get(s->credentials, &g->keys) == 0 ? 0 : ERR_STORE;
    if (err == 0) err = sign_call(s, call, g);
    if (err == 0) {
        struct http_client_request req = {.method = call->method,
                                          .url = buf_text(&g->url),
                                          .fields = g->fields,
                                          .field_count = g->count,
                                          .body = call->body,
                                          .body_len = call->body_len,
                                          .connect_ms = AWS_CONNECT_MS,
                                          .deadline_ms = AWS_DEADLINE_MS,
                                          .fresh_connection = call->once};
        err = error_of_failure(s->transport.send(s->transport.ctx, &req, resp), resp);
    }

    memcpy(id, g->keys.id, sizeof(g->keys.id));
    buf_free(&g->authorization);
    buf_free(&g->url);
    explicit_bzero(g, sizeof(*g));
    free(g);
    return err;
}

/* Whether the refusal in ${resp} names one of the ${count} ${codes}. */
static bool
is_refused_as(struct http_client_response *resp, const char *const codes[], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strstr(buf_text(&resp->body), codes[i]) != NULL) return true;
    return false;
}

/* Read the value of a Date header (RFC 9110 5.6.7, the preferred form).  Returns false if it is
 * none. */
static bool
read_date(const char *date, int64_t *out) {
    struct tm tm = {0};
    if (strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm) == NULL) return false;
    *out = (int64_t)timegm(&tm);
    return true;
}

/*
 * Keep how far the clock of this machine is behind the ${date} of a response with ${status}.  Only
 * a response that did what was asked is from the service for certain: a proxy may have sent an
 * error, with the time of its own clock.  A second is within the precision of the header.
 */
static void
note_time(struct aws_service *s, int status, const char *date) {
    int64_t there = 0;

    if (status / 100 != 2 || !read_date(date, &there)) return;
    int64_t behind = there - clock_now(&s->clock);
    if (behind <= 1) behind = 0;
    int64_t before = atomic_exchange(&s->behind, behind);
    if (behind >= SKEW_MIN && before < SKEW_MIN)
        log_warn("aws.clock", LOG_TEXT("service", s->name), LOG_NUMBER("behind_seconds", behind));
}

int64_t
aws_service_time(const struct aws_service *s, int64_t clock) {
    return clock + atomic_load(&s->behind);
}

/* Learn the time of the service from ${date}, the Date of its response.  Returns whether the skew
 * changed. */
static bool
learn_skew(struct aws_service *s, const char *date) {
    int64_t there = 0;

    if (!read_date(date, &there)) return false;
    int64_t skew = there - clock_now(&s->clock);
    int64_t change = skew - atomic_load(&s->skew);
    if (change > -SKEW_MIN && change < SKEW_MIN) return false;

    atomic_store(&s->skew, skew);
    log_warn("aws.clock", LOG_TEXT("service", s->name), LOG_NUMBER("skew_seconds", skew));
    return true;
}

/*
 * Whether ${resp} is a refusal that another attempt can avoid, with new keys or with the right
 * time, which are then in place.  ${id} are the keys that were used.
 */
static bool
correct_refusal(struct aws_service *s, struct http_client_response *resp, const char *id) {
    static const char *const keys_expired[] = {"ExpiredToken", "UnrecognizedClient", "InvalidToken",
                                               "TokenRefreshRequired"};
    static const char *const clock_wrong[] = {"RequestTimeTooSkewed", "RequestExpired",
                                              "Signature expired", "Signature not yet current"};

    if (resp->status != 400 && resp->status != 401 && resp->status != 403) return false;
    if (is_refused_as(resp, keys_expired, ARRAY_LEN(keys_expired))) {
        aws_credentials_reject(s->credentials, id);
        return true;
    }
    if (!is_refused_as(resp, clock_wrong, ARRAY_LEN(clock_wrong))) return false;
    return learn_skew(s, resp->headers[resp->header_count - 1].value);
}

int
aws_service_call(struct aws_service *s, const struct aws_call *call,
                 struct http_client_response *resp) {
    struct http_client_header *asked = resp->headers;
    struct http_client_header headers[4] = {0};
    char id[AWS_KEY_ID_MAX + 1];
    size_t count = resp->header_count;

    if (call->field_count > AWS_FIELDS_MAX || count >= ARRAY_LEN(headers)) return ERR_TOO_LARGE;

    /* Ask for the Date as well as for the headers that the caller wants. */
    if (count > 0) memcpy(headers, asked, count * sizeof(headers[0]));
    headers[count].name = "Date";
    resp->headers = headers;
    resp->header_count = count + 1;

    int err = send_once(s, call, resp, id);
    if (err == 0 && correct_refusal(s, resp, id)) err = send_once(s, call, resp, id);
    if (err == 0) note_time(s, resp->status, headers[count].value);

    if (count > 0) memcpy(asked, headers, count * sizeof(headers[0]));
    resp->headers = asked;
    resp->header_count = count;
    return err;
}

void
aws_retry_start(struct aws_retry *r, struct aws_service *service) {
    *r = (struct aws_retry){service, 0, clock_monotonic_ms() + AWS_RETRY_MS};
}

bool
aws_retry_again(struct aws_retry *r) {
    struct aws_service *s = r->service;
    int longest = AWS_PAUSE_MAX_MS;

    if (++r->tries >= AWS_TRIES_MAX || clock_monotonic_ms() >= r->deadline) return false;
    if (r->tries <= 5) longest = AWS_PAUSE_FIRST_MS << (r->tries - 1);
    s->transport.pause(s->transport.ctx, (int)random_below(&s->random, (uint32_t)longest + 1));
    return true;
}
