/* SPDX-License-Identifier: MIT */
/*
 * Turns events of AWS Lambda into requests, and responses into what the callers of Lambda expect:
 * API Gateway HTTP APIs and Function URLs (payload 2.0), REST APIs (payload 1.0), and Application
 * Load Balancers.  Pure.
 */
#ifndef LAMBDA_EVENT_H
#define LAMBDA_EVENT_H

#include <jansson.h>

#include "http/message.h"

enum event_kind {
    EVENT_HTTP,     /* payload 2.0: HTTP API or Function URL */
    EVENT_REST,     /* payload 1.0: REST API, or an HTTP API that asks for it */
    EVENT_BALANCER, /* Application Load Balancer */
    EVENT_SCHEDULE, /* a timer: sweep */
};

enum {
    EVENT_MAX = 7 * 1024 * 1024, /* bytes of an event; Lambda's own limit is 6 MB */
    EVENT_TEXT_MAX = 64 * 1024,  /* path and query, made from their parts */
    /* Largest response bodies that fit, as base64, the callers' limits: 6 MB and 1 MB. */
    EVENT_RESPONSE_MAX = 4400 * 1024,
    EVENT_RESPONSE_MAX_BALANCER = 760 * 1024,
};

struct event {
    enum event_kind kind;
    bool multi_value; /* the response has its headers as lists */
    bool broken;      /* a header that must come once came twice, the body is not base64, or there
                         is a NUL in the target */
    bool too_long;    /* the target does not fit: path and query are empty */
    json_t *json;     /* owns the texts below */

    /* The last segment of the service's folder, if the path is this folder without its slash.
     * Otherwise NULL. */
    const char *folder;
    struct buf text; /* holds path and query */
    struct http_request request;
};

/*
 * Read the ${len} bytes at ${text} into ${out}, which event_clear() releases in every case.  The
 * path is taken without the stage of an HTTP API and without ${prefix}, such as "/share" or "", if
 * it begins with them.  What a client can send makes no error: out->broken or out->too_long.
 * Returns 0; ERR_INVALID if it is not an event of these kinds; ERR_TOO_LARGE or ERR_NOMEM.
 */
MUST_CHECK
int event_parse(const char *text, size_t len, const char *prefix, struct event *out);

/* The header that proves that CloudFront sent a request, and the one in which it names the
 * client. */
#define EVENT_KEY_HEADER    "X-Secrets-CloudFront-Key"
#define EVENT_VIEWER_HEADER "CloudFront-Viewer-Address"

/*
 * Set the client of the request ${e} to what EVENT_VIEWER_HEADER says, if ${e} has ${key} in
 * EVENT_KEY_HEADER.  Otherwise the client stays whom the gateway saw.  Each of the two headers must
 * come once.
 */
void event_read_viewer(struct event *e, const char *key);

/*
 * Set the user of the request ${e} to the member ${claim} of what the gateway's authorizer passes
 * on: the claims of a JWT, or the context of a Lambda authorizer.  Nothing of it can come from a
 * client's header.  Without an authorizer, or with a value that is no name, there is no user.
 */
void event_read_user(struct event *e, const char *claim);

/* Wipe and release what ${e} owns. */
void event_clear(struct event *e);

/* Append ${resp}, the response to ${e}, in the form that its caller expects.  Returns as
 * buf_add(). */
MUST_CHECK
int event_respond(const struct event *e, const struct http_response *resp, struct buf *out);

#endif
