/* SPDX-License-Identifier: MIT */
/*
 * The table of routes.
 */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api/call.h"

enum api_body {
    BODY_NONE,
    BODY_COMPLETE, /* nothing, or JSON */
    BODY_ENCRYPT,
    BODY_CREATE,
    BODY_ASK,
    BODY_SMALL,
    BODY_PART
};

enum api_rate {
    RATE_NONE,
    RATE_CREATE,
    RATE_OPEN,
    RATE_LOOK,   /* counts by itself, and as RATE_FAILED if the token does not match */
    RATE_FAILED, /* counts as an open if the token does not match; a client that has failed too
                    often is refused before the work */
};

enum {
    ROUTE_JSON = 1,     /* requires a body of application/json */
    ROUTE_TOKEN = 2,    /* requires a token */
    ROUTE_QUICK = 4,    /* never blocks */
    ROUTE_CHECK = 8,    /* a PUT of a part: v1_check_part() runs before the body is read */
    ROUTE_FORM = 16,    /* refuses multipart/form-data, which curl -F and HTML forms send */
    ROUTE_CREATES = 32, /* exists on the main plane only, for those who may create */
    ROUTE_ASKS = 64,    /* exists only where requests are on */
    ROUTE_LATER = 128,  /* the handler need not block: it heeds call->later.  Its rate counts each
                         * call, because api_finish() charges none */
};

struct api_route {
    const char *template; /* "{id}" and "{k}" match one segment each */
    enum http_method method;
    void (*handle)(struct api_call *call);
    enum api_body body;
    enum api_rate rate;
    unsigned flags;
};

/*
 * Find the route of ${path} on ${plane} for ${method}, where HEAD finds the route of GET.  Returns
 * NULL if there is none.  ${methods} then has a bit (1 << method) for each method of the path, and
 * is 0 if there is no such path.
 */
const struct api_route *routes_find(const struct api *api, enum http_plane plane, const char *path,
                                    enum http_method method, unsigned *methods);

/* Set id and part of ${call} from ${path}, for which ${route} was found. */
void routes_params(const struct api_route *route, const char *path, struct api_call *call);

/* The limit in bytes of the body of ${req} to ${route}. */
uint64_t routes_body_max(const struct api_config *config, const struct api_route *route,
                         const struct http_request *req);

#endif
