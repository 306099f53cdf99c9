/* SPDX-License-Identifier: MIT */
/*
 * The HTTP API: from a request to a response over the vault.  An adapter first asks api_admit()
 * with the request line and headers, reads at most the body it was allowed, then calls
 * api_handle().
 */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"
#include "vault/vault.h"

struct kdf_pool;
struct origins;
struct rate;
struct upload_limits;

enum { API_PART_MAX = 4 * 1024 * 1024 }; /* the largest part size that can be set */

struct api_config {
    const char *version;
    int64_t ttl_default; /* seconds */
    int64_t ttl_max;     /* seconds */
    uint64_t text_max;   /* classic text, bytes */
    uint64_t classic_file_max;
    uint64_t file_max;     /* v1 content, bytes */
    uint64_t inline_max;   /* v1 envelope that may come in the create call, bytes */
    uint64_t response_max; /* largest answer body the adapter can send */
    uint32_t rate_create;  /* a minute and client; 0 is off */
    uint32_t rate_open;    /* a minute and client; 0 is off */
    const char *page;      /* where the page is, for links; "" for this server's own address */
    const struct origins *origins; /* of pages hosted elsewhere; NULL for none */
};

/* The static page, where a program serves it (page.h). */
struct api_page {
    /* Whether ${path} is one of the page's. */
    bool (*has)(const char *path);
    /* Answer GET or HEAD of such a path.  Never blocks.  The headers of API answers are set
     * already; the page replaces those that it wants otherwise. */
    void (*respond)(const struct http_request *req, struct http_response *resp);
};

/* All that handlers use.  Nothing above the last line is owned, and it outlives this. */
struct api {
    struct api_config config;
    struct vault *vault;
    struct kdf_pool *kdf;          /* classic routes alone */
    const struct api_page *page;   /* NULL: no page here */
    int64_t (*monotonic_ms)(void); /* a clock that never jumps, for rates */
    /* Made by api_open(). */
    struct rate *create_rate;
    struct rate *open_rate;
    struct upload_limits *upload_limits;
    uint8_t tag_key[32]; /* of what the log calls secrets by, new with each start */
};

/* Make what ${api} owns, once all else in it is set.  Returns 0 or ERR_NOMEM. */
MUST_CHECK
int api_open(struct api *api);

/* Release what api_open() made. */
void api_close(struct api *api);

/* Set on ${resp} what every answer carries.  For those that an adapter gives by itself, before it
 * could ask api_admit(). */
void api_headers(const struct api *api, const struct http_request *req, struct http_response *resp);

/* How to go on with a request whose headers have come. */
struct api_admission {
    const struct api_route *route; /* for api_handle() */
    uint64_t body_max;             /* bytes of body to read; 0 for none */
    bool quick;                    /* never blocks: may run on the thread that does I/O */
    bool check;                    /* ask api_check() before the body is read, where that helps */
};

/*
 * Look at method, path, query and headers of ${req} (its body is not there yet); ${body_len} is the
 * announced length, -1 if none is.  Never blocks.  Returns 1 with ${out} filled: read the body and
 * call api_handle(); or 0 with ${resp} being the answer, and the body, if any, unread.
 * ${resp} was initialised by the caller.
 */
MUST_CHECK
int api_admit(struct api *api, const struct http_request *req, int64_t body_len,
              struct api_admission *out, struct http_response *resp);

/*
 * For an admission with check set: learn from the store whether the body of ${req} is welcome, so
 * that nobody without a valid token makes the server hold a part.  Blocks.  Returns as api_admit(),
 * with a closer out->body_max.  An adapter whose bodies are there already may leave it out:
 * api_handle() asks again.
 */
MUST_CHECK
int api_check(struct api *api, const struct http_request *req, int64_t body_len,
              struct api_admission *out, struct http_response *resp);

/* Answer ${req} by the route that was admitted.  Always leaves a complete answer in ${resp}. */
void api_handle(struct api *api, const struct api_route *route, const struct http_request *req,
                struct http_response *resp);

#endif
