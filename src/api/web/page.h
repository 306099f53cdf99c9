/* SPDX-License-Identifier: MIT */
/*
 * The static page, embedded in the program.  Its paths are "/", "/secret/ID" of the classic page,
 * and the files of the page.  "/%23..." is "/", too, because some gateways turn '#' into "%23" in a
 * link.  Responses have the headers of the page (web/headers.mjs), an ETag, and gzip if the client
 * accepts it.  Nothing in them is secret.
 */
#ifndef API_WEB_PAGE_H
#define API_WEB_PAGE_H

#include "api/api.h"

/* For api.page of a program that serves the page.  Any thread. */
extern const struct api_page page_embedded;

#endif
