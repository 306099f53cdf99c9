/* SPDX-License-Identifier: MIT */
#include "api/response.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/text/base64.h"

void
response_begin(struct response_writer *w, struct http_response *resp, size_t len) {
    *w = (struct response_writer){.resp = resp};
    buf_reset(&resp->body);
    if (len < resp->body.max && buf_space(&resp->body, len) == NULL) w->err = ERR_NOMEM;
    response_object_open(w);
}

static void
put(struct response_writer *w, const char *text) {
    if (w->err == 0) w->err = buf_add_text(&w->resp->body, text);
}

static void
put_name(struct response_writer *w, const char *name) {
    if (w->more) put(w, ",");
    w->more = true;
    if (name == NULL) return;
    put(w, "\"");
    put(w, name);
    put(w, "\":");
}

/* Bytes of ${text} up to the next one that JSON wants escaped. */
static size_t
plain_run(const char *text, size_t len) {
    size_t n = 0;
    while (n < len && (unsigned char)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

void
response_text(struct response_writer *w, const char *name, const char *text, size_t len) {
    put_name(w, name);
    put(w, "\"");
    while (len > 0 && w->err == 0) {
        size_t n = plain_run(text, len);
        w->err = buf_add(&w->resp->body, text, n);
        if (w->err == 0 && n < len) {
            unsigned c = (unsigned char)text[n++];
            w->err = buf_printf(&w->resp->body, c < 0x20 ? "\\u%04x" : "\\%c", c);
        }
        text += n;
        len -= n;
    }
    put(w, "\"");
}

void
response_string(struct response_writer *w, const char *name, const char *text) {
    response_text(w, name, text, strlen(text));
}

void
response_number(struct response_writer *w, const char *name, int64_t value) {
    put_name(w, name);
    if (w->err == 0) w->err = buf_printf(&w->resp->body, "%" PRId64, value);
}

void
response_bool(struct response_writer *w, const char *name, bool value) {
    put_name(w, name);
    put(w, value ? "true" : "false");
}

static void
put_base64(struct response_writer *w, const char *name, enum base64_kind kind, const void *data,
           size_t len) {
    put_name(w, name);
    put(w, "\"");
    if (w->err == 0) w->err = base64_encode(kind, data, len, &w->resp->body);
    put(w, "\"");
}

void
response_base64(struct response_writer *w, const char *name, const void *data, size_t len) {
    put_base64(w, name, BASE64_STD, data, len);
}

void
response_base64url(struct response_writer *w, const char *name, const void *data, size_t len) {
    put_base64(w, name, BASE64_URL, data, len);
}

void
response_array_open(struct response_writer *w, const char *name) {
    put_name(w, name);
    put(w, "[");
    w->more = false;
}

void
response_array_close(struct response_writer *w) {
    put(w, "]");
    w->more = true;
}

void
response_object_open(struct response_writer *w) {
    put_name(w, NULL);
    put(w, "{");
    w->more = false;
}

void
response_object_close(struct response_writer *w) {
    put(w, "}");
    w->more = true;
}

int
response_close(struct response_writer *w) {
    response_object_close(w);
    return w->err;
}

void
response_set_status(struct http_response *resp, int status) {
    resp->status = status;
    http_response_set(resp, "Content-Type", "application/json");
}

void
response_end(struct response_writer *w, int status) {
    int err = response_close(w);
    if (err != 0) response_error(w->resp, err);
    else response_set_status(w->resp, status);
}

int
response_reserve(struct http_response *resp, uint64_t bytes) {
    return resp->reserve == NULL ? 0 : resp->reserve(resp->reserve_ctx, bytes);
}

void
response_no_content(struct http_response *resp) {
    buf_reset(&resp->body);
    resp->status = 204;
}

void
response_error(struct http_response *resp, int err) {
    enum problem p = PROBLEM_INTERNAL;
    if (err == ERR_BUSY || err == ERR_NOMEM) p = PROBLEM_BUSY;
    else if (err == ERR_FULL) p = PROBLEM_FULL;
    else if (err == ERR_STORE || err == ERR_STUCK || err == ERR_IO) p = PROBLEM_UNAVAILABLE;
    else if (err == ERR_UNKNOWN_OUTCOME) p = PROBLEM_UNKNOWN_OUTCOME;
    else if (err == ERR_TOO_LARGE) p = PROBLEM_TOO_LARGE_HERE;
    problem_respond(resp, p, NULL);
}
