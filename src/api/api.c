/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include "api/access/access.h"
#include "api/call.h"
#include "api/response.h"
#include "api/routes.h"
#include "api/upload_limits.h"
#include "api/v1/v1.h"
#include "api/web/cors.h"
#include "api/web/site.h"
#include "base/err.h"
#include "http/rate.h"
#include "http/storage_shares.h"

/*
 * Looks at receipts per open that SECRETS_RATE_OPEN allows.  An office is one client: its owners
 * look at all that they shared every few seconds, and must not stop each other from opening.
 */
enum { LOOKS_PER_OPEN = 4 };

/* Unfinished uploads of one client, and unfinished answers to one request. */
enum { UPLOADS_PER_CLIENT = 4, ANSWERS_PER_REQUEST = 8 };

/* Create a rate limit at ${out}, or NULL for none.  Returns 0 or ERR_NOMEM. */
static int
make_rate(const struct api *api, uint32_t per_minute, struct rate **out) {
    *out = NULL;
    if (per_minute == 0) return 0;

    *out = rate_new(per_minute, &api->vault->random);
    return *out == NULL ? ERR_NOMEM : 0;
}

int
api_open(struct api *api) {
    api->create_rate = api->open_rate = api->look_rate = api->failed_rate = NULL;
    api->upload_limits = upload_limits_new(UPLOADS_PER_CLIENT);
    api->answer_limits = upload_limits_new(ANSWERS_PER_REQUEST);
    api->storage_shares = storage_shares_new();
    api->daily_shares = storage_shares_new();
    random_fill(&api->vault->random, api->tag_key, sizeof(api->tag_key));

    int err = 0;
    if (api->upload_limits == NULL || api->answer_limits == NULL || api->storage_shares == NULL ||
        api->daily_shares == NULL)
        err = ERR_NOMEM;
    if (err == 0) err = make_rate(api, api->config.rate_create, &api->create_rate);
    if (err == 0) err = make_rate(api, api->config.rate_open, &api->open_rate);
    if (err == 0) err = make_rate(api, LOOKS_PER_OPEN * api->config.rate_open, &api->look_rate);
    if (err == 0) err = make_rate(api, api->config.rate_open, &api->failed_rate);
    if (err != 0) api_close(api);
    return err;
}

void
api_close(struct api *api) {
    rate_free(api->create_rate);
    rate_free(api->open_rate);
    rate_free(api->look_rate);
    rate_free(api->failed_rate);
    upload_limits_free(api->upload_limits);
    upload_limits_free(api->answer_limits);
    storage_shares_free(api->storage_shares);
    storage_shares_free(api->daily_shares);
    api->create_rate = api->open_rate = api->look_rate = api->failed_rate = NULL;
    api->upload_limits = api->answer_limits = NULL;
    api->storage_shares = api->daily_shares = NULL;
}

/* The page and the parts replace some of these. */
void
api_headers(const struct api *api, const struct http_request *req, struct http_response *resp) {
    /* Tells clients that this server responds, and nothing in front of it. */
    http_response_set(resp, "Secrets-Answer", "1");
    http_response_set(resp, "Cache-Control", "no-store");
    http_response_set(resp, "Content-Security-Policy",
                      "default-src 'none'; frame-ancestors 'none'; sandbox");
    http_response_set(resp, "Cross-Origin-Resource-Policy", "same-origin");
    http_response_set(resp, "Referrer-Policy", "no-referrer");
    http_response_set(resp, "X-Content-Type-Options", "nosniff");
    http_response_set(resp, "X-Robots-Tag", "noindex, nofollow");
    cors_respond(&api->config, req, resp);
}

/* A limit of requests: its name in the log, and what the client is told. */
struct request_limit {
    const char *name, *detail;
};

static const struct request_limit limit_create = {
    "create", "This client has shared too often. This is the limit of creates."};
static const struct request_limit limit_open = {
    "open", "This client has opened or looked too often. This is the limit of opens."};
static const struct request_limit limit_receipts = {
    "receipts", "This client has asked for too many receipts. This is the limit of receipts."};
static const struct request_limit limit_tokens = {
    "tokens", "This client has sent too many wrong owner or lease tokens."};

/* Respond with 429 to a client that has to wait ${seconds} because of ${limit}. */
static void
respond_too_many(const struct request_limit *limit, uint32_t seconds, struct http_response *resp) {
    const struct problem_more more = {.detail = limit->detail};
    problem_respond(resp, PROBLEM_TOO_MANY, &more);
    http_response_setf(resp, "Retry-After", "%u", seconds);
    resp->limit = limit->name;
}

/* Set ${key} to what identifies the client of ${req} in rates: the user, or else the address.  No
 * hash of a name begins as an address does. */
static void
rate_key(const struct http_request *req, uint8_t key[static 16]) {
    uint8_t hash[TOKEN_HASH_LEN];
    http_address_group(&req->client, key);
    if (req->user == NULL) return;
    token_hash(req->user, strlen(req->user), hash);
    memcpy(key, hash, 16);
}

/* Take one token of ${rate}, which is that of ${limit}, for the client of ${req}.  Returns 0, or -1
 * with 429 in ${resp}. */
static int
take_rate(const struct api *api, struct rate *rate, const struct request_limit *limit,
          const struct http_request *req, struct http_response *resp) {
    uint8_t key[16];
    if (rate == NULL) return 0;

    rate_key(req, key);
    uint32_t wait = rate_take(rate, key, api->monotonic_ms());
    if (wait == 0) return 0;
    respond_too_many(limit, wait, resp);
    return -1;
}

void
api_count_looks(const struct api *api, const struct http_request *req, size_t n) {
    uint8_t key[16];
    rate_key(req, key);
    for (size_t i = 0; i < n; i++)
        if (rate_take(api->look_rate, key, api->monotonic_ms()) != 0) return;
}

/* Count a wrong token.  Beyond the rate of opens the response becomes 429. */
static void
count_failed_token(const struct api *api, const struct http_request *req,
                   struct http_response *resp) {
    (void)take_rate(api, api->open_rate, &limit_open, req, resp);
    (void)take_rate(api, api->failed_rate, &limit_tokens, req, resp);
}

/*
 * Refuse the tokens of a client that has sent too many wrong ones.  Only failures count here, so a
 * client with valid tokens is not limited.  Returns 0, or -1 with 429 in ${resp}.
 */
static int
check_failed_tokens(const struct api *api, const struct http_request *req,
                    struct http_response *resp) {
    uint8_t key[16];
    rate_key(req, key);
    uint32_t wait = rate_wait(api->failed_rate, key, api->monotonic_ms());
    if (wait == 0) return 0;
    respond_too_many(&limit_tokens, wait, resp);
    return -1;
}

/* Count the token of a request that was handled, if it did not match. */
static void
charge_failure(const struct api *api, const struct api_route *route, const struct http_request *req,
               struct http_response *resp) {
    bool counts = route->rate == RATE_FAILED || route->rate == RATE_LOOK;
    if (counts && resp->status == 404) count_failed_token(api, req, resp);
}

/* Write the methods of the bit set ${methods} to ${out}, as in an Allow field. */
static void
print_methods(unsigned methods, char *out, size_t len) {
    size_t n = 0;
    for (unsigned m = HTTP_GET; m < HTTP_OTHER && n < len; m++) {
        if ((methods & 1U << m) == 0) continue;

        const char *separator = n > 0 ? ", " : "";
        const char *name = http_method_name((enum http_method)m);
        n += (size_t)snprintf(out + n, len - n, "%s%s", separator, name);
    }
}

/* Respond to an unknown path, or to a method that the path does not have. */
static void
respond_unrouted(const struct api *api, const struct http_request *req, unsigned methods,
                 struct http_response *resp) {
    char allow[64] = "";
    resp->route = "unmatched";
    if (methods == 0) {
        problem_respond(resp, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    print_methods(methods | 1U << HTTP_OPTIONS, allow, sizeof(allow));
    if (req->method == HTTP_OPTIONS) {
        cors_options(&api->config, req, allow, resp);
        return;
    }

    problem_respond(resp, PROBLEM_METHOD, NULL);
    http_response_setf(resp, "Allow", "%s", allow);
}

/* Whether the media type of the Content-Type ${type}, which may be NULL, is ${wanted}. */
static bool
is_media_type(const char *type, const char *wanted) {
    size_t len = strlen(wanted);
    if (type == NULL || strncasecmp(type, wanted, len) != 0) return false;
    type += len;
    type += strspn(type, " \t");
    return *type == '\0' || *type == ';';
}

/* Check the Content-Type of ${req}.  Returns 0, or -1 with a problem in ${resp}. */
static int
check_media_type(const struct api_route *route, const struct http_request *req, int64_t body_len,
                 struct http_response *resp) {
    static const struct problem_more want_json = {.detail = "The body must be application/json."};
    static const struct problem_more want_bytes = {
        .detail = "Send the JSON or the file itself, as curl does with --data-binary."};
    const char *type = req->headers[HTTP_CONTENT_TYPE];
    bool json = (route->flags & ROUTE_JSON) || (route->body == BODY_COMPLETE && body_len > 0);

    if (json && !is_media_type(type, "application/json")) {
        problem_respond(resp, PROBLEM_MEDIA_TYPE, &want_json);
        return -1;
    }
    if ((route->flags & ROUTE_FORM) && is_media_type(type, "multipart/form-data")) {
        problem_respond(resp, PROBLEM_MEDIA_TYPE, &want_bytes);
        return -1;
    }
    return 0;
}

/* Check what request line and headers tell.  Returns 0, or -1 with a problem in ${resp}. */
static int
check_head(const struct api_route *route, const struct http_request *req, int64_t body_len,
           const struct api_admission *out, struct http_response *resp) {
    if (req->headers[HTTP_CONTENT_ENCODING] != NULL) {
        problem_respond(resp, PROBLEM_ENCODING, NULL);
        return -1;
    }

    if (body_len > 0 && (uint64_t)body_len > out->body_max) {
        problem_respond(resp, PROBLEM_TOO_LARGE, NULL);
        return -1;
    }

    if (check_media_type(route, req, body_len, resp) != 0) return -1;

    /* Nothing was guessed without a token, so this counts nowhere. */
    if ((route->flags & ROUTE_TOKEN) && call_token(req) == NULL) {
        problem_respond(resp, PROBLEM_UNAUTHORIZED, NULL);
        http_response_set(resp, "WWW-Authenticate", "Bearer");
        return -1;
    }
    return 0;
}

/*
 * Refuse a request that counts in rates if a foreign page makes the browser of the client send it.
 * Nothing of the client is charged.  Returns 0, or -1 with a problem in ${resp}.
 */
static int
check_site(const struct api *api, const struct api_route *route, const struct http_request *req,
           struct http_response *resp) {
    if (route->rate == RATE_NONE || !site_is_foreign(&api->config, req)) return 0;
    problem_respond(resp, PROBLEM_FOREIGN_PAGE, NULL);
    return -1;
}

/*
 * Check that the client of ${req} may create, if ${route} does.  Returns 0, or -1 with a problem in
 * ${resp}.  A wrong API token counts nowhere: nobody guesses 256 bits, and a program whose token
 * was revoked must not keep the others behind its address from opening.
 */
static int
check_creator(const struct api *api, const struct api_route *route, const struct http_request *req,
              struct http_response *resp) {
    if ((route->flags & ROUTE_CREATES) == 0 || !api->config.creators.limited) return 0;
    struct access access = access_of(&api->config, req);
    if (access.allowed) return 0;

    problem_respond(resp, PROBLEM_CREATORS_ONLY, NULL);
    http_response_set(resp, "WWW-Authenticate", "Bearer");
    return -1;
}

/* Check that a secret that ${route} creates would expire in time.  Returns 0, or -1 with a problem
 * in ${resp}. */
static int
check_clock(const struct api *api, const struct api_route *route, struct http_response *resp) {
    static const struct problem_more more = {.detail = "The clock of the server is wrong."};
    if (route->rate != RATE_CREATE || vault_clock_behind(api->vault) == 0) return 0;
    problem_respond(resp, PROBLEM_UNAVAILABLE, &more);
    return -1;
}

/* Count the request.  Returns 0, or -1 with 429 in ${resp}. */
static int
check_rate(const struct api *api, const struct api_route *route, const struct http_request *req,
           struct http_response *resp) {
    if (route->rate == RATE_CREATE)
        return take_rate(api, api->create_rate, &limit_create, req, resp);
    if (route->rate == RATE_OPEN) return take_rate(api, api->open_rate, &limit_open, req, resp);
    if (route->rate == RATE_NONE) return 0;

    int result = check_failed_tokens(api, req, resp);
    if (result == 0 && route->rate == RATE_LOOK)
        result = take_rate(api, api->look_rate, &limit_receipts, req, resp);
    return result;
}

/* Whether the response of ${route} may follow after the handler has returned. */
static bool
may_follow(const struct api *api, const struct api_route *route) {
    return (route->flags & ROUTE_LATER) && vault_has_later(api->vault);
}

int
api_admit(struct api *api, const struct http_request *req, int64_t body_len,
          struct api_admission *out, struct http_response *resp) {
    unsigned methods;
    *out = (struct api_admission){0};
    api_headers(api, req, resp);

    enum http_plane plane = creators_plane(&api->config.creators, req->plane);
    const struct api_route *route = routes_find(api, plane, req->path, req->method, &methods);
    if (route == NULL) respond_unrouted(api, req, methods, resp);
    else {
        resp->route = route->template;
        out->route = route;
        out->body_max = routes_body_max(&api->config, route, req);
        out->quick = (route->flags & ROUTE_QUICK) != 0;
        out->follows = may_follow(api, route);
        out->check = (route->flags & ROUTE_CHECK) != 0;

        /* Neither a foreign page nor a malformed request uses up the rate. */
        if (check_site(api, route, req, resp) == 0 &&
            check_head(route, req, body_len, out, resp) == 0 &&
            check_creator(api, route, req, resp) == 0 && check_clock(api, route, resp) == 0 &&
            check_rate(api, route, req, resp) == 0)
            return 1;
    }

    resp->close = body_len > 0;
    return 0;
}

static void
begin_call(struct api_call *call, struct api *api, const struct api_route *route,
           const struct http_request *req, struct http_response *resp) {
    *call = (struct api_call){.api = api, .req = req, .resp = resp};
    resp->route = route->template;
    routes_params(route, req->path, call);
    if (route->flags & ROUTE_TOKEN) call->token = call_token(req);
    if (call->id[0] != '\0' && resp->log_tag[0] == '\0') call_about(call, call->id);
}

int
api_check(struct api *api, const struct http_request *req, int64_t body_len,
          struct api_admission *out, struct http_response *resp) {
    struct api_call call;
    uint32_t len;
    if (!out->check) return 1;
    begin_call(&call, api, out->route, req, resp);
    if (v1_check_part(&call, body_len, &len) == 0) {
        out->body_max = len;
        return 1;
    }
    charge_failure(api, out->route, req, resp);
    resp->close = body_len != 0;
    return 0;
}

/* Call the handler of ${route}.  With ${later}, which may be NULL, it does not block. */
static enum api_progress
run_handler(struct api *api, const struct api_route *route, struct http_request *req,
            struct http_response *resp, struct api_later *later) {
    struct api_call call;
    begin_call(&call, api, route, req, resp);
    call.body = &req->body;
    call.later = later;
    route->handle(&call);
    if (call.progress == API_DONE) charge_failure(api, route, req, resp);
    return call.progress;
}

void
api_handle(struct api *api, const struct api_route *route, struct http_request *req,
           struct http_response *resp) {
    (void)run_handler(api, route, req, resp, NULL);
}

enum api_progress
api_begin(struct api *api, const struct api_route *route, struct http_request *req,
          struct http_response *resp, struct api_later *l) {
    if (!may_follow(api, route) && (route->flags & ROUTE_QUICK) == 0) return API_BLOCKS;
    return run_handler(api, route, req, resp, l);
}

enum api_progress
api_finish(struct api_later *l) {
    struct api_pending *p = l->pending;
    p->finish(p);
    enum api_progress progress = p->call.progress;
    l->pending = NULL;
    call_pending_free(p);
    return progress;
}

bool
api_give_up(struct api_later *l) {
    struct api_pending *p = l->pending;
    return vault_abandon(p->call.api->vault, &p->write);
}
