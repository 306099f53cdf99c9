/* SPDX-License-Identifier: MIT */
/*
 * The head of a request (RFC 9112), read strictly: every line ends in CR LF, no line is folded, no
 * name is followed by a blank, and the length of the body has one meaning.  Whatever a proxy could
 * read differently is refused, so that no request hides in a body (request smuggling).
 *
 * No input or output: the caller brings the bytes.  One thread at a time.
 */
#ifndef SERVER_HTTP_HEAD_H
#define SERVER_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/message.h"
#include "http/problem.h"

enum {
    HEAD_MAX = 16 * 1024, /* bytes of a head, with its last line */
    HEAD_FIELDS_MAX = 128 /* header lines */
};

enum head_state {
    HEAD_PARTIAL,  /* more bytes are needed */
    HEAD_COMPLETE, /* the head and the request are filled in */
    HEAD_REFUSED,  /* the head is not HTTP, or not strict */
};

struct head {
    const char *user_header; /* the header that names the user; "" for none */

    /* While it arrives. */
    size_t begin; /* of the first line, after empty lines that may precede it */
    size_t line;  /* of the line that is not complete */
    size_t seen;  /* bytes without another end of a line */

    /* HEAD_COMPLETE */
    size_t len;           /* bytes of the head; the body begins there */
    int64_t body_len;     /* -1 if there is no Content-Length */
    bool chunked;         /* the body comes in chunks (chunks.h) */
    bool expects;         /* the client waits for 100 before it sends its body */
    bool old;             /* HTTP/1.0 */
    bool closes;          /* the client wants no further request on this connection */
    const char *user;     /* the value of ${user_header}; NULL if absent */
    unsigned user_lines;  /* in which it came */
    struct buf forwarded; /* several lines of X-Forwarded-For, joined */

    /* HEAD_REFUSED */
    enum problem problem;
    const char *fault; /* one constant sentence, or NULL */
};

/* Begin a new head.  ${user_header} outlives it. */
void head_begin(struct head *h, const char *user_header);

/*
 * Read on in the ${len} bytes at ${bytes}, at most HEAD_MAX: those of the last call, which may have
 * moved, and those that have come since.  When the head is complete, its lines are cut into strings
 * in place, and ${http}, which had none, points to them.  Its client and its body stay as they are.
 * Of a refused head nothing is kept.
 *
 * Several lines of X-Forwarded-For are one list (RFC 9110, 5.3).  Of another list the last line
 * counts, and any other header of http/message.h must come once.
 */
enum head_state head_read(struct head *h, char *bytes, size_t len, struct http_request *http);

/* Wipe and release what ${h} owns. */
void head_end(struct head *h);

#endif
