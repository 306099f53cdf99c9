/* SPDX-License-Identifier: MIT */
/*
 * Where the page is that makes a browser send a request.  A browser sends what belongs to its user
 * (cookies, an address in a network) with requests of every page, so a right of this kind counts
 * only if the page may use it.
 */
#ifndef API_WEB_SITE_H
#define API_WEB_SITE_H

#include "http/message.h"

struct api_config;

enum site {
    SITE_OWN,     /* this server's page; or no page at all, but a program or a typed address */
    SITE_LISTED,  /* a page of SECRETS_ORIGINS */
    SITE_FOREIGN, /* any other page */
};

/*
 * The site that sent ${req}.  Sec-Fetch-Site decides where a browser sends it, which no page can
 * change.  Older browsers, and all of them without TLS, send only Origin: that is this server's if
 * it is the origin of SECRETS_PAGE or names the same host and port as Host.  Pure.
 */
enum site site_of(const struct api_config *config, const struct http_request *req);

/*
 * Whether ${req} certainly comes from a foreign page.  Where only Origin tells, that takes
 * SECRETS_PAGE: a proxy may have replaced Host.  Pure.
 */
bool site_is_foreign(const struct api_config *config, const struct http_request *req);

#endif
