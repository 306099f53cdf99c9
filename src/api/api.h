/* SPDX-License-Identifier: MIT */
/*
 * The HTTP API, from a request to a response.  An adapter calls api_admit() with the request line
 * and headers, reads a body no longer than that allows, then calls api_handle().
 *
 * Any thread may call any function at any time, but for api_open() and api_close().
 */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/access/creators.h"
#include "http/message.h"
#include "vault/vault.h"

struct api_tokens;
struct brand;
struct kdf_pool;
struct origins;
struct rate;
struct upload_limits;

enum {
    API_PART_MAX = 4 * 1024 * 1024, /* the largest part size a setting allows */
    API_RESPONSE_SMALL = 16 * 1024, /* a response of this length always finds memory */
};

struct api_config {
    const char *version;
    int64_t ttl_default;      /* seconds */
    int64_t ttl_max;          /* seconds */
    int views_max;            /* that a sender may set */
    bool passphrase_required; /* with v1 secrets */
    bool requests;            /* whether somebody may ask for secrets here, and be answered */
    uint64_t text_max;        /* classic text, bytes */
    uint64_t classic_file_max;
    uint64_t file_max;                  /* v1 content, bytes */
    uint64_t inline_max;                /* v1 envelope inside a create request, bytes */
    uint64_t response_max;              /* largest response body the adapter can send, bytes */
    uint32_t rate_create;               /* requests per minute and client; 0: unlimited */
    uint32_t rate_open;                 /* requests per minute and client; 0: unlimited */
    const char *page;                   /* address of the page, for links; "" for this server */
    const struct origins *origins;      /* of pages hosted elsewhere; NULL for none */
    struct creators creators;           /* who may create */
    struct api_tokens *tokens;          /* that give this right; NULL if none do */
    bool name_openers;                  /* events of opens have the names of users */
    const struct http_trusted *proxies; /* whose own addresses are no clients; NULL for none */
};

/* The static page of a program that serves it (api/web/page.h). */
struct api_page {
    /* Whether ${path} belongs to the page. */
    bool (*has)(const char *path);
    /* Respond to GET or HEAD of such a path.  Never blocks.  The headers of the API are set
     * already, and the page replaces some of them. */
    void (*respond)(const struct http_request *req, struct http_response *resp);
};

/* What handlers use.  The first members are set by the caller, not owned, and must outlive this. */
struct api {
    struct api_config config;
    struct vault *vault;
    struct kdf_pool *kdf;          /* for the classic routes */
    const struct api_page *page;   /* NULL if there is no page */
    const struct brand *brand;     /* of the operator (api/brand/brand.h); NULL if there is none */
    int64_t (*monotonic_ms)(void); /* monotonic clock, for rates */

    /* Created by api_open(). */
    struct rate *create_rate;
    struct rate *open_rate;
    struct rate *look_rate;                /* of owners who look at receipts */
    struct rate *failed_rate;              /* of wrong tokens, which count in open_rate, too */
    struct upload_limits *upload_limits;   /* of clients */
    struct upload_limits *answer_limits;   /* of requests: their unfinished answers */
    struct storage_shares *storage_shares; /* of the quota */
    struct storage_shares *daily_shares;   /* of the bytes of a day */
    uint8_t tag_key[32];                   /* key of the log tags of secrets; new at each start */
};

/* Create what ${api} owns, after the caller has set the rest.  Returns 0 or ERR_NOMEM. */
MUST_CHECK
int api_open(struct api *api);

/* Free what api_open() created. */
void api_close(struct api *api);

/* Set the headers of every response on ${resp}.  An adapter calls it for the requests that it
 * refuses before api_admit(). */
void api_headers(const struct api *api, const struct http_request *req, struct http_response *resp);

/* How an adapter continues after the headers of a request. */
struct api_admission {
    const struct api_route *route; /* for api_handle() */
    uint64_t body_max;             /* bytes of body to read; 0 for none */
    bool quick;                    /* api_begin() returns API_DONE */
    bool follows;                  /* api_begin() may return API_FOLLOWS */
    bool check;                    /* api_check() is useful before the body is read */
};

/*
 * Decide on ${req} by its method, path, query and headers.  Its body is not read yet.  ${body_len}
 * is the announced length, or -1.  The caller has initialised ${resp}.  Never blocks.  Returns 1
 * with ${out} filled: the adapter reads the body and calls api_handle().  Returns 0 if ${resp} is
 * the response, and the body stays unread.
 */
MUST_CHECK
int api_admit(struct api *api, const struct http_request *req, int64_t body_len,
              struct api_admission *out, struct http_response *resp);

/*
 * Check with the store whether the body of ${req} is welcome, so that the server holds no part for
 * a client without a valid token.  An adapter may call it if out->check is set, and skips it if it
 * has the body already, because api_handle() checks again.  Blocks.  Returns as api_admit(), with a
 * tighter out->body_max.
 */
MUST_CHECK
int api_check(struct api *api, const struct http_request *req, int64_t body_len,
              struct api_admission *out, struct http_response *resp);

/*
 * Handle ${req} by the ${route} that api_admit() found with the same ${resp}, which is a complete
 * response afterwards.  The body of ${req} may then be empty.  Blocks.
 */
void api_handle(struct api *api, const struct api_route *route, struct http_request *req,
                struct http_response *resp);

/* What api_begin() and api_finish() come to. */
enum api_progress {
    API_DONE,    /* the response is complete */
    API_FOLLOWS, /* the response follows a write of the store */
    API_BLOCKS,  /* nothing has happened: api_handle() is to be called, which may block */
};

/* A request whose response follows. */
struct api_later {
    /* Set by the adapter.  Called once api_finish() can make the response, on any thread and
     * possibly before api_begin() returns.  Must not block. */
    void (*ready)(struct api_later *l);
    struct api_pending *pending; /* of the API */
};

/*
 * As api_handle(), but without blocking.  With API_FOLLOWS, ${req}, ${resp} and ${l} stay in place
 * until api_finish(), which is called after l->ready, or after api_give_up() has returned true.
 */
MUST_CHECK
enum api_progress api_begin(struct api *api, const struct api_route *route,
                            struct http_request *req, struct http_response *resp,
                            struct api_later *l);

/* Make the response of ${l}.  Never blocks.  Returns API_DONE or API_BLOCKS. */
MUST_CHECK
enum api_progress api_finish(struct api_later *l);

/* Wait no longer for the store.  Never blocks.  Returns true if l->ready is never called; false if
 * it was called or is about to be. */
MUST_CHECK
bool api_give_up(struct api_later *l);

/* Count ${n} more looks of the client of ${req}, for a response that costs as much as they do.
 * Looks that the client has not left are not counted.  Any thread. */
void api_count_looks(const struct api *api, const struct http_request *req, size_t n);

#endif
