/* SPDX-License-Identifier: MIT */
/*
 * Requests and responses as plain data.  A handler is a function from one to the other, and the
 * adapters for HTTP and Lambda fill requests and send responses.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/files/piped.h"
#include "http/address.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER,
};

/* The request headers that are read.  X(NAME, "wire name") */
#define HTTP_HEADER_LIST(X)                                                                        \
    X(ACCEPT_ENCODING, "Accept-Encoding")                                                          \
    X(AUTHORIZATION, "Authorization")                                                              \
    X(CONTENT_ENCODING, "Content-Encoding")                                                        \
    X(CONTENT_TYPE, "Content-Type")                                                                \
    X(HOST, "Host")                                                                                \
    X(IF_NONE_MATCH, "If-None-Match")                                                              \
    X(ORIGIN, "Origin")                                                                            \
    X(REQUEST_METHOD, "Access-Control-Request-Method")                                             \
    X(REQUEST_HEADERS, "Access-Control-Request-Headers")                                           \
    X(SEC_FETCH_SITE, "Sec-Fetch-Site")                                                            \
    X(SECRETS_TOKEN, "Secrets-Token")                                                              \
    X(FORWARDED_FOR, "X-Forwarded-For")

enum http_header {
#define X(name, wire) HTTP_##name,
    HTTP_HEADER_LIST(X)
#undef X
        HTTP_HEADER_COUNT
};

/* The wire name of ${h}. */
const char *http_header_name(enum http_header h);

/* The header of this wire name, in any case; or -1.  '_' does not match '-'. */
int http_header_find(const char *name);

/* Whether ${h} is a list, so that several lines of it mean the same as one (RFC 9110, 5.3).  Any
 * other header must come once. */
bool http_header_is_list(enum http_header h);

/* The name of ${m}, which is "other" for HTTP_OTHER. */
const char *http_method_name(enum http_method m);

/* The method of this name, in exactly this spelling; or HTTP_OTHER. */
enum http_method http_method_parse(const char *name);

/* Which part of the API exists where a request came in. */
enum http_plane {
    HTTP_PLANE_MAIN, /* all of it */
    HTTP_PLANE_OPEN, /* all but what creates */
};

struct http_request {
    enum http_method method;
    const char *path;  /* percent-encoded as received, without query; begins with '/' */
    const char *query; /* after the '?', as received; "" if none */
    const char *headers[HTTP_HEADER_COUNT]; /* NULL if absent; adapters refuse duplicates */
    enum http_plane plane;
    struct http_address client; /* found by http_address_client() */
    const char *user;           /* whom a trusted proxy or gateway names; NULL if none does */
    struct buf body;            /* owned by the adapter */
};

enum { HTTP_FIELDS_MAX = 24, HTTP_VALUE_MAX = 512 };

struct http_field {
    const char *name;  /* constant */
    const char *value; /* constant, or in http_response.text */
};

struct http_response {
    int status;
    struct buf body;         /* owned; wiped by http_response_clear() */
    const uint8_t *constant; /* instead of body: bytes that live as long as the program */
    size_t constant_len;
    struct piped piped; /* instead of body, unless it is empty; owned */
    size_t omitted;     /* bytes that the body of a GET has, in a response to HEAD; else 0 */
    const char *route;  /* template of the route, for log and metrics */
    const char *limit;  /* name of the limit that refused the request, for the log; NULL for none */
    char log_tag[17];   /* names the secret in the log without its id; "" for none */
    struct buf text;    /* holds the values that are not constant */
    int field_count;
    struct http_field fields[HTTP_FIELDS_MAX];
    bool close;      /* close the connection after this response */
    bool takes_pipe; /* set by an adapter that can send ${piped} */

    /*
     * Set by an adapter that limits the memory of responses, else NULL.  Reserves ${bytes} for the
     * body, replacing what was reserved before.  Returns 0, or ERR_BUSY if there is no room.
     */
    int (*reserve)(void *reserve_ctx, uint64_t bytes);
    void *reserve_ctx;
};

/* Make ${r} an empty response of status 500 whose body is limited to ${body_max} bytes. */
void http_response_init(struct http_response *r, size_t body_max);

/* Wipe and free what ${r} owns, and initialise it again. */
void http_response_clear(struct http_response *r);

/* Set the field ${name} to the constant ${value}, replacing an earlier value. */
void http_response_set(struct http_response *r, const char *name, const char *value);

/* Set the field ${name} to what ${fmt} prints.  A value over HTTP_VALUE_MAX bytes is left out. */
void http_response_setf(struct http_response *r, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The body of ${r}, ${*len} bytes; valid until ${r} changes.  NULL if ${*len} is 0, as it is for a
 * body in a pipe. */
const void *http_response_body(const struct http_response *r, size_t *len);

/* The value of the field ${name}, or NULL. */
const char *http_response_get(const struct http_response *r, const char *name);

#endif
