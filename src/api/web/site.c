/* SPDX-License-Identifier: MIT */
#include "api/web/site.h"

#include "api/api.h"
#include "api/web/origins.h"

/* Whether ${origin} is that of ${page}, an address such as "https://HOST/PATH"; "" is none. */
static bool
is_origin_of(const char *page, const char *origin) {
    size_t len = strlen(origin);
    if (strncasecmp(page, origin, len) != 0) return false;
    return page[len] == '/' || page[len] == '\0';
}

/* Whether ${origin} has the host and the port of ${host}, a Host header that may be NULL. */
static bool
has_host(const char *origin, const char *host) {
    const char *scheme_end = strstr(origin, "://");
    if (scheme_end == NULL || host == NULL || host[0] == '\0') return false;
    return strcasecmp(scheme_end + 3, host) == 0;
}

static bool
is_own_origin(const struct api_config *config, const struct http_request *req) {
    const char *origin = req->headers[HTTP_ORIGIN];
    if (origin[0] == '\0') return false;
    return is_origin_of(config->page, origin) || has_host(origin, req->headers[HTTP_HOST]);
}

enum site
site_of(const struct api_config *config, const struct http_request *req) {
    const char *fetch = req->headers[HTTP_SEC_FETCH_SITE], *origin = req->headers[HTTP_ORIGIN];

    if (fetch != NULL) {
        if (strcmp(fetch, "same-origin") == 0 || strcmp(fetch, "none") == 0) return SITE_OWN;
    } else if (origin == NULL || is_own_origin(config, req)) return SITE_OWN;

    if (origin == NULL || config->origins == NULL) return SITE_FOREIGN;
    return origins_find(config->origins, origin) != NULL ? SITE_LISTED : SITE_FOREIGN;
}

bool
site_is_foreign(const struct api_config *config, const struct http_request *req) {
    bool known = req->headers[HTTP_SEC_FETCH_SITE] != NULL || config->page[0] != '\0';
    return known && site_of(config, req) == SITE_FOREIGN;
}
