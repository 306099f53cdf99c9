/* SPDX-License-Identifier: MIT */
/*
 * The brand of an operator: a folder with brand.json and perhaps a logo.  It is data.  The config
 * tells the page its members, the page shows them as text, and the logo is an image.  No byte of
 * the page depends on it.  docs/PAGE.md describes the members.
 */
#ifndef API_BRAND_BRAND_H
#define API_BRAND_BRAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/message.h"

enum { BRAND_ETAG_LEN = 24 }; /* with its quotes */

struct brand {
    struct buf json;       /* for the config: an object, whose "logo" is an address */
    struct buf logo;       /* empty if there is none */
    const char *logo_path; /* of requests; NULL if there is none */
    const char *logo_type;
    char logo_etag[BRAND_ETAG_LEN + 1];
};

/*
 * Read the brand in ${folder} into ${out}, which the caller gives to brand_free() in every case.
 * Returns 0; or ERR_CONFIG with a line in ${reason} that names the file and the member at fault.
 */
MUST_CHECK
int brand_load(const char *folder, struct brand *out, struct buf *reason);

void brand_free(struct brand *b);

/* Whether ${path} is that of the logo of ${b}, which may be NULL.  Any thread. */
bool brand_has(const struct brand *b, const char *path);

/* Respond to GET or HEAD of the logo of ${b}, which outlives the response.  The headers of the API
 * are set already, and some of them are replaced.  Never blocks.  Any thread. */
void brand_respond(const struct brand *b, const struct http_request *req,
                   struct http_response *resp);

#endif
