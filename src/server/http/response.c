/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "server/http/internal.h"

enum { RESPONSE_HEAD_MAX = 16 * 1024 /* more than all fields of a response take */ };

static const char *
reason_of(int status) {
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 304: return "Not Modified";

    /* Refusals. */
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";

    /* Failures. */
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
    }
}

/* The value of Date, made once a second.  "" if the clock is so wrong that it has none. */
static const char *
date_of(struct io *io) {
    int64_t now = clock_now(&clock_system);
    if (now != io->date_s) (void)clock_http_date(now, io->date);
    io->date_s = now;
    return io->date;
}

static int
add_field(struct buf *out, const char *name, const char *value) {
    int err = buf_add_text(out, name);
    if (err == 0) err = buf_add(out, ": ", 2);
    if (err == 0) err = buf_add_text(out, value);
    if (err == 0) err = buf_add(out, "\r\n", 2);
    return err;
}

/* Append the head of the response of ${c}, whose body has ${len} bytes, to ${out}. */
static int
write_head(struct conn *c, size_t len, struct buf *out) {
    const struct http_response *r = &c->response;
    const char *date = date_of(c->io);
    int err = buf_printf(out, "HTTP/1.1 %d %s\r\n", r->status, reason_of(r->status));
    if (err == 0 && date[0] != '\0') err = add_field(out, "Date", date);
    if (err == 0 && c->ends) err = add_field(out, "Connection", "close");
    if (err == 0 && !c->ends && c->head.old) err = add_field(out, "Connection", "Keep-Alive");
    for (int i = 0; i < r->field_count && err == 0; i++)
        err = add_field(out, r->fields[i].name, r->fields[i].value);

    /* These never have a body (RFC 9110, 8.6). */
    bool bodiless = r->status == 204 || r->status == 304;
    if (err == 0 && !bodiless) err = buf_printf(out, "Content-Length: %zu\r\n", len);
    return err == 0 ? buf_add(out, "\r\n", 2) : err;
}

size_t
response_body_len(const struct conn *c) {
    size_t len;
    (void)http_response_body(&c->response, &len);
    return len + c->response.piped.len + c->response.omitted;
}

/* Send what the pipe of ${c} has, as far as the socket takes it. */
static enum next
send_piped(struct conn *c) {
    struct piped *piped = &c->response.piped;
    while (piped->len > 0) {
        ssize_t n = piped_send(piped, c->fd);
        if (n < 0 && errno != EAGAIN) return NEXT_CLOSE;
        if (n < 0) {
            c->writable = false;
            return NEXT_WAIT;
        }
    }
    return NEXT_GO_ON;
}

/* Send what ${head} and the body have after the c->sent bytes that were sent. */
static enum next
send_pieces(struct conn *c, const struct buf *head) {
    size_t len, skip = c->sent;
    const uint8_t *body = http_response_body(&c->response, &len);
    if (c->http.method == HTTP_HEAD) len = 0;
    size_t all = c->head_len + len;
    if (skip == all) return send_piped(c);

    struct iovec pieces[2];
    struct msghdr message = {.msg_iov = pieces};
    int flags = MSG_NOSIGNAL;
    if (c->response.piped.len > 0) flags |= MSG_MORE;

    if (skip < c->head_len) {
        pieces[message.msg_iovlen++] = (struct iovec){head->data + skip, c->head_len - skip};
        skip = c->head_len;
    }
    skip -= c->head_len;
    if (len > skip)
        pieces[message.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)(body + skip), len - skip};

    ssize_t n = sendmsg(c->fd, &message, flags);
    if (n < 0 && errno != EAGAIN) return NEXT_CLOSE;
    if (n > 0) c->sent += (size_t)n;
    if (c->sent == all) return send_piped(c);
    c->writable = false; /* the socket took what it could */
    return NEXT_WAIT;
}

enum next
response_send(struct conn *c) {
    struct buf *head = &c->io->head;
    size_t len = response_body_len(c);
    if (head->max == 0) buf_init(head, RESPONSE_HEAD_MAX);
    if (write_head(c, len, head) != 0) {
        buf_reset(head);
        return NEXT_CLOSE;
    }

    c->head_len = head->len;
    c->sent = 0;
    enum next next = NEXT_WAIT;
    if (c->writable) next = send_pieces(c, head);

    /* Usually all of it was sent, and the memory serves the next response. */
    if (next == NEXT_WAIT && c->sent < c->head_len) buf_move(&c->output, head);
    else buf_reset(head);
    return next;
}

enum next
response_send_more(struct conn *c) {
    if (!c->writable) return NEXT_WAIT;
    return send_pieces(c, &c->output);
}

enum next
response_continue(struct conn *c) {
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    ssize_t n = send(c->fd, line, sizeof(line) - 1, MSG_NOSIGNAL);

    /* Where it finds no room, the client has responses to read first. */
    if (n == (ssize_t)sizeof(line) - 1 || (n < 0 && errno == EAGAIN)) return NEXT_GO_ON;
    return NEXT_CLOSE;
}
