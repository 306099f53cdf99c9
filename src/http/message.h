/* SPDX-License-Identifier: MIT */
/*
 * Requests and responses as plain data.  Handlers are functions from one to the other;
 * libmicrohttpd and Lambda are thin adapters that fill the one and send the other.
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
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

/* The request headers that anything here looks at.  X(NAME, "wire name") */
#define HTTP_HEADER_LIST(X)                                                                        \
    X(ACCEPT_ENCODING, "Accept-Encoding")                                                          \
    X(AUTHORIZATION, "Authorization")                                                              \
    X(CONTENT_ENCODING, "Content-Encoding")                                                        \
    X(CONTENT_TYPE, "Content-Type")                                                                \
    X(IF_NONE_MATCH, "If-None-Match")                                                              \
    X(ORIGIN, "Origin")                                                                            \
    X(REQUEST_METHOD, "Access-Control-Request-Method")                                             \
    X(REQUEST_HEADERS, "Access-Control-Request-Headers")                                           \
    X(FORWARDED_FOR, "X-Forwarded-For")

enum http_header {
#define X(name, wire) HTTP_##name,
    HTTP_HEADER_LIST(X)
#undef X
        HTTP_HEADER_COUNT
};

/* The wire name of ${h}. */
const char *http_header_name(enum http_header h);

/* The header of that wire name in any case, or -1.  '_' and '-' are different characters. */
int http_header_find(const char *name);

/* The name of ${m}, "other" for HTTP_OTHER; and the method of that name, in this spelling alone. */
const char *http_method_name(enum http_method m);
enum http_method http_method_parse(const char *name);

struct http_request {
    enum http_method method;
    const char *path;  /* as it came, percent-encoding untouched, without query; begins with '/' */
    const char *query; /* behind the '?', as it came; "" if none */
    const char *headers[HTTP_HEADER_COUNT]; /* NULL if absent; sent twice: the adapter refuses it */
    struct http_address client;             /* after trusted proxies were looked through */
    struct buf body;                        /* owned by the adapter */
};

enum { HTTP_FIELDS_MAX = 24, HTTP_VALUE_MAX = 512 };

struct http_field {
    const char *name;  /* constant */
    const char *value; /* constant, or in the response's text */
};

struct http_response {
    int status;
    struct buf body;         /* owned; wiped when the response is cleared */
    const uint8_t *constant; /* instead of body: bytes that live as long as the program */
    size_t constant_len;
    const char *route; /* template of the route that answered, for the log and metrics */
    char log_tag[17];  /* for the log: tells which secret, not its id; "" for none */
    struct buf text;   /* holds the values that are not constant */
    int field_count;
    struct http_field fields[HTTP_FIELDS_MAX];
    bool close; /* end the connection after this answer */

    /*
     * Set by an adapter that bounds the memory of responses; NULL elsewhere.  Reserves ${bytes} for
     * the body, in place of what was reserved before.  Returns 0, or ERR_BUSY: there is no room.
     */
    int (*reserve)(void *reserve_ctx, uint64_t bytes);
    void *reserve_ctx;
};

/* Make ${r} an empty response of status 500 with a body of at most ${body_max} bytes. */
void http_response_init(struct http_response *r, size_t body_max);

/* Wipe and release what ${r} owns. */
void http_response_clear(struct http_response *r);

/* Set field ${name} to the constant ${value}, in place of an earlier one of that name. */
void http_response_set(struct http_response *r, const char *name, const char *value);

/* Set field ${name} to what ${fmt} prints, at most HTTP_VALUE_MAX bytes; a longer one is
 * left out. */
void http_response_setf(struct http_response *r, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The value of field ${name}, or NULL. */
const char *http_response_get(const struct http_response *r, const char *name);

#endif
