/* SPDX-License-Identifier: MIT */
/*
 * The server as the commands see it: one JSON call and its answer, tried again while that can do
 * no harm, and every way to fail turned into a code to exit with.
 */
#ifndef CLI_TRANSFER_REMOTE_H
#define CLI_TRANSFER_REMOTE_H

#include "base/random.h"
#include "base/text/json.h"
#include "cli/exit.h"
#include "cli/transfer/link.h"
#include "http/client.h"

enum { REMOTE_URL_MAX = LINK_PAGE_MAX + 128, REMOTE_JSON_MAX = 512 * 1024 };

struct remote {
    struct http_client *http;
    const struct random *random;
    char base[LINK_PAGE_MAX]; /* address of the server, '/' at its end */
    long patience_ms;         /* how long to try again without an answer */
};

/* When a call may be made again although nobody knows what became of it. */
enum remote_retry {
    REMOTE_RETRY_ALWAYS, /* it does the same once or twice */
    REMOTE_RETRY_UNSENT, /* only if it surely did not reach the server, or was turned away unread */
};

struct remote_call {
    enum http_method method;
    const char *path;   /* behind the base */
    const char *token;  /* for Authorization: Bearer; NULL for none */
    const json_t *json; /* body, or NULL: the body is what ${http} says */
    enum remote_retry retry;
    const char *content_type;        /* of a body that is not JSON; NULL: octets */
    struct http_client_request http; /* read, write, body, progress, ctx and fresh_connection
                                        alone are used */
    /* Told before an attempt is repeated, so that what was counted can be taken back; may be NULL.
     * Called with the ctx of ${http}. */
    void (*again)(void *ctx);
};

struct remote_response {
    int status;       /* 0 without an answer */
    char code[64];    /* of a problem; "" if none */
    char detail[256]; /* of a problem, or what broke; for people */
    json_t *json;     /* of an answer that is JSON; NULL if none */
    struct buf body;  /* set by the caller where the answer is not JSON: initialised with a bound;
                         left alone where its bound is 0 */
    int64_t retry_after;
    enum http_failure failure; /* of the last attempt */
    bool unsure; /* an attempt may have been carried out although no answer of it came */
};

/* Release what ${resp} holds; the body too. */
void remote_response_clear(struct remote_response *resp);

/*
 * Make the call and fill ${resp}, which the caller clears in every case.  Returns CLI_DONE for a
 * status of 200..299; else the code that fits: CLI_GONE for 404, CLI_WRONG for 401 and 403,
 * CLI_REFUSED for any other status, CLI_NETWORK, CLI_DAMAGED for an answer that is none,
 * CLI_INTERRUPTED or CLI_FAILED.  Any thread.  Nothing is said of a failure, but once that it takes
 * longer.
 */
MUST_CHECK
enum cli_exit remote_call(const struct remote *r, const struct remote_call *call,
                          struct remote_response *resp);

/* Say why a call failed that was to ${what} ("open the secret"), and what to do. */
void remote_complain(const struct remote *r, enum cli_exit status,
                     const struct remote_response *resp, const char *what);

/*
 * Find the server behind a page: what config.json beside it names as "api", else the page's own
 * origin.  Sets r->base.  Returns CLI_DONE, or the code to exit with after saying what is wrong.
 */
MUST_CHECK
enum cli_exit remote_find(struct remote *r, const char *page);

/* The text, or number, called ${name} in ${json}; NULL, or ${absent}, if it is not there. */
const char *remote_text(const json_t *json, const char *name);
int64_t remote_number(const json_t *json, const char *name, int64_t absent);

#endif
