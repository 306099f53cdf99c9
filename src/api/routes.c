/* SPDX-License-Identifier: MIT */
#include "api/routes.h"

#include "api/brand/brand.h"
#include "api/classic.h"
#include "api/health.h"
#include "api/v1/v1.h"
#include "base/text/parse.h"

enum {
    BODY_CREATE_MAX = 256 * 1024,
    BODY_SMALL_MAX = 4 * 1024,
    BODY_ASK_MAX = 8 * 1024, /* of asking, and of completing an answer */
};

static void
route_page(struct api_call *call) {
    const struct api *api = call->api;

    /* The logo counts as a file of the page. */
    if (brand_has(api->brand, call->req->path)) brand_respond(api->brand, call->req, call->resp);
    else api->page->respond(call->req, call->resp);
}

static const struct api_route page_route = {"page",    HTTP_GET,  route_page,
                                            BODY_NONE, RATE_NONE, ROUTE_QUICK};

static const struct api_route routes[] = {
    {"/healthz", HTTP_GET, health_alive, BODY_NONE, RATE_NONE, ROUTE_QUICK},
    {"/readyz", HTTP_GET, health_ready, BODY_NONE, RATE_NONE, 0},
    {"/encrypt", HTTP_POST, classic_encrypt, BODY_ENCRYPT, RATE_CREATE, ROUTE_FORM | ROUTE_CREATES},
    {"/decrypt", HTTP_POST, classic_decrypt, BODY_SMALL, RATE_OPEN, ROUTE_FORM},
    {"/api/v1/config", HTTP_GET, v1_config, BODY_NONE, RATE_NONE, ROUTE_QUICK},
    {"/api/v1/secrets", HTTP_POST, v1_create, BODY_CREATE, RATE_CREATE,
     ROUTE_JSON | ROUTE_CREATES | ROUTE_LATER},
    {"/api/v1/secrets/{id}", HTTP_GET, v1_info, BODY_NONE, RATE_OPEN, 0},
    {"/api/v1/secrets/{id}", HTTP_DELETE, v1_burn, BODY_NONE, RATE_FAILED, ROUTE_TOKEN},
    {"/api/v1/secrets/{id}/open", HTTP_POST, v1_open, BODY_SMALL, RATE_OPEN,
     ROUTE_JSON | ROUTE_LATER},
    {"/api/v1/secrets/{id}/wrap", HTTP_POST, v1_wrap, BODY_SMALL, RATE_OPEN, ROUTE_JSON},
    {"/api/v1/secrets/{id}/parts/{k}", HTTP_PUT, v1_put_part, BODY_PART, RATE_FAILED,
     ROUTE_TOKEN | ROUTE_CHECK},
    {"/api/v1/secrets/{id}/parts/{k}", HTTP_GET, v1_get_part, BODY_NONE, RATE_FAILED, ROUTE_TOKEN},
    {"/api/v1/secrets/{id}/complete", HTTP_POST, v1_complete, BODY_COMPLETE, RATE_FAILED,
     ROUTE_TOKEN},
    {"/api/v1/secrets/{id}/lease", HTTP_DELETE, v1_confirm, BODY_NONE, RATE_FAILED, ROUTE_TOKEN},
    {"/api/v1/secrets/{id}/receipt", HTTP_GET, v1_receipt, BODY_NONE, RATE_LOOK, ROUTE_TOKEN},
    {"/api/v1/requests", HTTP_POST, v1_ask, BODY_ASK, RATE_CREATE,
     ROUTE_JSON | ROUTE_CREATES | ROUTE_ASKS},
    {"/api/v1/requests/{id}", HTTP_GET, v1_request_info, BODY_NONE, RATE_OPEN, ROUTE_ASKS},
    {"/api/v1/requests/{id}", HTTP_DELETE, v1_end, BODY_NONE, RATE_FAILED, ROUTE_TOKEN},
    {"/api/v1/requests/{id}/answers", HTTP_POST, v1_answer, BODY_CREATE, RATE_CREATE,
     ROUTE_JSON | ROUTE_ASKS},
    {"/api/v1/requests/{id}/answers", HTTP_GET, v1_answers, BODY_NONE, RATE_LOOK, ROUTE_TOKEN},
};

/*
 * Whether ${path} matches ${template}.  ${id} and ${k}, which may be NULL, are set to the segments
 * that "{id}" and "{k}" match.
 */
static bool
match_template(const char *template, const char *path, const char **id, const char **k) {
    for (;;) {
        /* A segment is not empty, and ends at the next slash. */
        if (*template == '{') {
            const char **segment = k;
            if (template[1] == 'i') segment = id;
            size_t len = strcspn(path, "/");
            if (len == 0) return false;
            if (segment != NULL) *segment = path;
            path += len;
            template = strchr(template, '}') + 1;
        }

        if (*template != *path) return false;
        if (*path == '\0') return true;
        template ++;
        path++;
    }
}

static bool
is_page_file(const struct api *api, const char *path) {
    return brand_has(api->brand, path) || (api->page != NULL && api->page->has(path));
}

const struct api_route *
routes_find(const struct api *api, enum http_plane plane, const char *path, enum http_method method,
            unsigned *methods) {
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    *methods = 0;

    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (plane == HTTP_PLANE_OPEN && (routes[i].flags & ROUTE_CREATES)) continue;
        if (!match_template(routes[i].template, path, NULL, NULL)) continue;

        bool off = !api->config.requests && (routes[i].flags & ROUTE_ASKS);
        if (routes[i].method == wanted) {
            if (!off) return &routes[i];
            *methods = 0; /* what is off is as unknown as any other path */
            return NULL;
        }
        if (!off) *methods |= 1U << routes[i].method;
    }

    /* Any other path may belong to the page or to its brand. */
    bool of_page = *methods == 0 && is_page_file(api, path);
    if (of_page && wanted == HTTP_GET) return &page_route;
    if (of_page) *methods = 1U << HTTP_GET;

    if (*methods & 1U << HTTP_GET) *methods |= 1U << HTTP_HEAD;
    return NULL;
}

void
routes_params(const struct api_route *route, const char *path, struct api_call *call) {
    const char *id = NULL, *k = NULL;
    int64_t part;
    if (!match_template(route->template, path, &id, &k)) return;

    if (id != NULL) {
        size_t len = strcspn(id, "/");
        if (token_is_sealed_id(id, len)) memcpy(call->id, id, len);
    }
    if (k == NULL) return;

    /* Each number has one spelling, without leading zeros. */
    size_t len = strlen(k);
    bool canonical = k[0] != '0' || len == 1;
    if (canonical && parse_number(k, len, 0, UINT32_MAX, &part) == 0) {
        call->part_ok = true;
        call->part = (uint32_t)part;
    }
}

uint64_t
routes_body_max(const struct api_config *config, const struct api_route *route,
                const struct http_request *req) {
    switch (route->body) {
    case BODY_NONE: return 0;
    case BODY_ENCRYPT:
        if (classic_is_file(req)) return config->classic_file_max;
        return classic_text_body_max(config->text_max);
    case BODY_COMPLETE:
    case BODY_ASK: return BODY_ASK_MAX;
    case BODY_CREATE: return BODY_CREATE_MAX;
    case BODY_SMALL: return BODY_SMALL_MAX;
    case BODY_PART: return API_PART_MAX;
    }
    return 0;
}
