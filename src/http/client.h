/* SPDX-License-Identifier: MIT */
/*
 * The HTTP client: one request, one answer, over connections that are kept for the next request.
 * HTTP/1.1; no redirect is followed; a server's certificate is always verified.
 *
 * One client serves any number of threads: each request runs on a handle of its own, and idle
 * handles are kept with their connections.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/message.h"

/* Why no whole response came. */
enum http_failure {
    HTTP_FAILURE_NONE,
    HTTP_FAILURE_REQUEST,   /* the address or a header of the request is not valid */
    HTTP_FAILURE_RESOLVE,   /* the host name does not resolve */
    HTTP_FAILURE_CONNECT,   /* the host does not accept the connection */
    HTTP_FAILURE_TLS,       /* no trusted TLS connection to the host */
    HTTP_FAILURE_TIMEOUT,   /* no response in time */
    HTTP_FAILURE_RESET,     /* the connection broke */
    HTTP_FAILURE_TOO_LARGE, /* the response exceeds its limit */
    HTTP_FAILURE_CANCELLED, /* a callback ended it */
    HTTP_FAILURE_NOMEM,
};

struct http_client;

struct http_client_options {
    const char *user_agent; /* NULL for none */
    const char *ca_file;    /* PEM bundle of trusted authorities; NULL: the system's */
    const char *ca_dir;     /* folder of hashed certificates; NULL: the system's */
    bool proxy_from_env;    /* use the usual proxy variables of the environment; else no proxy */
    int idle_max;           /* handles kept while no request uses them, at least 1 */
};

/* Prepare the library; its memory is wiped on free.  Call once, before any other thread starts. */
void http_client_setup(void);

/* Make a client; the strings of ${options} are copied.  NULL if memory is short. */
struct http_client *http_client_new(const struct http_client_options *options);

/* Close every connection of ${c}, which no thread may be using.  NULL is allowed. */
void http_client_free(struct http_client *c);

struct http_client_request {
    enum http_method method;         /* HTTP_OTHER is not allowed */
    const char *url;                 /* http or https; sent as it is, dot segments too */
    const struct http_field *fields; /* headers; Host and Content-Length are added */
    size_t field_count;

    /* Body: ${body_len} bytes at ${body}, or, where ${read} is set, from it: fill ${out} with up to
     * ${len} bytes from ${offset} on and return how many, or -1 to give up (CANCELLED).  It may be
     * asked for the same offset again. */
    const void *body;
    uint64_t body_len;
    ssize_t (*read)(void *ctx, uint64_t offset, void *out, size_t len);

    /* The body of an answer of status 200..299 goes to ${write} where that is set: return 0, or -1
     * to give up (CANCELLED). */
    int (*write)(void *ctx, const void *data, size_t len);

    /* Asked about once a second, and as bytes move: the bytes of body sent and received so far.
     * Return 0, or -1 to give up (CANCELLED).  NULL for none.  Not asked once the time is over
     * while the name is still looked up: that ends when the resolver gives up. */
    int (*progress)(void *ctx, uint64_t sent, uint64_t received);
    void *ctx; /* of the three functions */

    long connect_ms;       /* longest time to connect, TLS included; 0: 10 s */
    long deadline_ms;      /* longest time for all of it; 0: none */
    long stall_seconds;    /* give up (TIMEOUT) after so long with under 1 byte/s; 0: never */
    bool fresh_connection; /* never on a kept connection: see http_client_send() */
};

/* A header of the answer that the caller asks for. */
struct http_client_header {
    const char *name;
    char value[HTTP_VALUE_MAX + 1]; /* "" if absent or longer */
};

struct http_client_response {
    /* Set by the caller. */
    struct buf body; /* initialised with its bound; the caller frees it */
    struct http_client_header *headers;
    size_t header_count;

    /* Set by http_client_send(). */
    int status;          /* 0 if not even a status line came */
    int64_t retry_after; /* seconds that Retry-After asks for; -1 if absent */
    bool sent;           /* bytes of the request may have reached the server */
    char detail[256];    /* after a failure: what exactly, for people; holds no path or header */
};

/*
 * Send ${req} and fill ${resp}, whose body is emptied first.  Any thread.  Returns
 * HTTP_FAILURE_NONE when a whole answer came, whatever its status, or the reason why none did.
 *
 * A request that finds its kept connection closed by the server, before any byte of an answer, is
 * sent once more on a new one: use ${fresh_connection} for what must not be done twice.
 */
MUST_CHECK
enum http_failure http_client_send(struct http_client *c, const struct http_client_request *req,
                                   struct http_client_response *resp);

#endif
