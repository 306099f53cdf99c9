/* SPDX-License-Identifier: MIT */
/*
 * The HTTP client.  It speaks HTTP/1.1, keeps connections for later requests, follows no redirect
 * and always verifies the certificate of a server.
 *
 * Any number of threads may share one client.  Each request runs on a handle of its own, and idle
 * handles keep their connections.
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
    const char *ca_file;    /* PEM bundle of CA certificates; NULL: the system's */
    const char *ca_dir;     /* directory of hashed CA certificates; NULL: the system's */
    bool proxy_from_env;    /* honour the usual proxy variables of the environment; else no proxy */
    bool netrc;             /* send the user and password that ~/.netrc has for a host */
    int idle_max;           /* idle handles to keep, at least 1 */
    size_t receive_buffer;  /* bytes that a request receives at once; 0: 128 KiB */
};

/* Initialise the library, which then wipes memory when it frees it, and writes no keys of TLS
 * whatever SSLKEYLOGFILE says.  Call once, before any other thread starts. */
void http_client_setup(void);

/* Create a client.  Copies the strings of ${options}.  Returns NULL if memory is short. */
struct http_client *http_client_new(const struct http_client_options *options);

/* Close every connection of ${c} and free it.  No thread may be using it.  NULL is allowed. */
void http_client_free(struct http_client *c);

struct http_client_request {
    enum http_method method;         /* not HTTP_OTHER */
    const char *url;                 /* http or https; sent unchanged, dot segments included */
    const struct http_field *fields; /* headers; Host and Content-Length are added */
    size_t field_count;

    /* Body of ${body_len} bytes: at ${body}, or from ${read} if that is set.  It stores up to
     * ${len} bytes from ${offset} on in ${out} and returns how many, or -1 to cancel.  It may be
     * called again for the same offset. */
    const void *body;
    uint64_t body_len;
    ssize_t (*read)(void *ctx, uint64_t offset, void *out, size_t len);

    /* Receives the body of a response of status 200 to 299 if set.  Returns 0, or -1 to cancel. */
    int (*write)(void *ctx, const void *data, size_t len);

    /* Called about once a second and as data move, with the bytes of body sent and received so far.
     * Returns 0, or -1 to cancel.  NULL for none.  Not called after the deadline while a host name
     * is being resolved, which ends when the resolver gives up. */
    int (*progress)(void *ctx, uint64_t sent, uint64_t received);
    void *ctx; /* argument of the three functions */

    long connect_ms;       /* time limit of connecting, TLS included; 0: 10 s */
    long deadline_ms;      /* time limit of the whole request; 0: none */
    long stall_seconds;    /* time out after so long below 1 byte/s; 0: never */
    bool fresh_connection; /* use no kept connection: see http_client_send() */
};

/* A response header that the caller asks for. */
struct http_client_header {
    const char *name;
    char value[HTTP_VALUE_MAX + 1]; /* "" if absent or longer */
};

struct http_client_response {
    /* Set by the caller. */
    struct buf body; /* initialised with its limit; freed by the caller */
    struct http_client_header *headers;
    size_t header_count;

    /* Set by http_client_send(). */
    int status;          /* 0 if no status line arrived */
    int64_t retry_after; /* seconds of Retry-After; -1 if absent */
    bool sent;           /* bytes of the request may have reached the server */
    uint64_t moved;      /* bytes of the two bodies that were sent and received */
    char detail[256];    /* after a failure, the exact cause in words; holds no path or header */
};

/*
 * Send ${req} and fill ${resp}, whose body is emptied first.  Any thread.  Returns
 * HTTP_FAILURE_NONE if a whole response arrived, whatever its status, or the reason why none did.
 *
 * If the server closes a kept connection before any byte of a response, the request is sent once
 * more on a new connection.  Set ${fresh_connection} for a request that must not be sent twice.
 */
MUST_CHECK
enum http_failure http_client_send(struct http_client *c, const struct http_client_request *req,
                                   struct http_client_response *resp);

#endif
