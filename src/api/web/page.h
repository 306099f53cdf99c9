/* SPDX-License-Identifier: MIT */
/*
 * The static page, out of the program itself.  Paths: "/" (also with a '#' that a gateway has
 * turned into "%23", so that a mangled link still opens), "/secret/ID" of the classic page, and the
 * page's own files.  Answers carry the page's headers (web/headers.mjs), an ETag, and gzip where
 * the client takes it: nothing in them is secret.
 */
#ifndef API_WEB_PAGE_H
#define API_WEB_PAGE_H

#include "api/api.h"

/* For api.page of a program that serves the page.  Needs nothing, safe from any thread. */
extern const struct api_page page_embedded;

#endif
