/* SPDX-License-Identifier: MIT */
/*
 * Parsing and building links (docs/FORMAT.md, "Links").  What mail gateways and chat programs do to
 * a link is undone; anything that cannot be a link of this service is refused.
 */
#ifndef CLI_ADDRESS_LINK_H
#define CLI_ADDRESS_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "crypto/token.h"

enum link_kind {
    LINK_SEALED,  /* https://HOST/#ID.LINKKEY, or without the key */
    LINK_CLASSIC, /* https://HOST/secret/ID */
    LINK_ANSWER,  /* https://HOST/#r.ID.LINKKEY, to answer a request */
    LINK_COLLECT, /* https://HOST/#c.ID.SEED.LINKKEY, to collect its answers */
};

enum { LINK_PAGE_MAX = 1024, LINK_TEXT_MAX = 4096 };

struct link {
    enum link_kind kind;
    char page[LINK_PAGE_MAX]; /* address of the page without its query; "" for a link without host.
                                 For a classic link, what comes before "secret/" */
    char id[TOKEN_SEALED_ID_LEN + 1];
    char key[TOKEN_LINK_KEY_LEN + 1];  /* "" if the key travels separately */
    int64_t answer_size;               /* of the answer that it leads to, as the server lists it; 0
                                          for what is no answer */
    char seed[TOKEN_LINK_KEY_LEN + 1]; /* of LINK_COLLECT, else "" */
};

/*
 * Parse the ${len} characters at ${text} into ${out}, which the caller wipes.  A link may stand in
 * a text, or be wrapped by a mail gateway or chat program. "ID" and "ID.LINKKEY" without a page are
 * accepted too.  Returns 0 or ERR_INVALID.
 */
MUST_CHECK
int link_parse(const char *text, size_t len, struct link *out);

/* Append the link to the secret ${id} on the page at ${page} to ${out}: "PAGE#ID.KEY", or "PAGE#ID"
 * if ${key} is NULL.  Returns 0, ERR_TOO_LARGE or ERR_NOMEM. */
MUST_CHECK
int link_build(const char *page, const char *id, const char *key, struct buf *out);

/* Append the link to answer the request ${id}, or, with its ${seed}, to collect the answers.
 * Returns as link_build(). */
MUST_CHECK
int link_build_request(const char *page, const char *id, const char *seed, const char *key,
                       struct buf *out);

/*
 * Check the address ${text} of ${len} characters of a server or a page, and write it to ${out} with
 * one '/' at its end, scheme and host in lower case.  Only http and https, with a host and without
 * user, query or fragment.  Returns 0 or ERR_INVALID.
 */
MUST_CHECK
int link_address(const char *text, size_t len, char out[static LINK_PAGE_MAX]);

#endif
