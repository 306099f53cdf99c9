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
    response_object_open(w, NULL);
}

static void
add_json(struct response_writer *w, const char *text) {
    if (w->err == 0) w->err = buf_add_text(&w->resp->body, text);
}

/* Begin a member, or an element of an array if ${name} is NULL. */
static void
add_name(struct response_writer *w, const char *name) {
    if (w->more) add_json(w, ",");
    w->more = true;
    if (name == NULL) return;
    add_json(w, "\"");
    add_json(w, name);
    add_json(w, "\":");
}

/* The number of bytes of ${text} before the first one that JSON requires to be escaped. */
static size_t
unescaped_run(const char *text, size_t len) {
    size_t n = 0;
    while (n < len && (unsigned char)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

void
response_text(struct response_writer *w, const char *name, const char *text, size_t len) {
    add_name(w, name);
    add_json(w, "\"");
    while (len > 0 && w->err == 0) {
        size_t n = unescaped_run(text, len);
        w->err = buf_add(&w->resp->body, text, n);

        /* Then the one byte after it. */
        if (w->err == 0 && n < len) {
            unsigned c = (unsigned char)text[n++];
            if (c < 0x20) w->err = buf_printf(&w->resp->body, "\\u%04x", c);
            else w->err = buf_printf(&w->resp->body, "\\%c", c);
        }

        text += n;
        len -= n;
    }
    add_json(w, "\"");
}

void
response_string(struct response_writer *w, const char *name, const char *text) {
    response_text(w, name, text, strlen(text));
}

void
response_json(struct response_writer *w, const char *name, const void *json, size_t len) {
    add_name(w, name);
    if (w->err == 0) w->err = buf_add(&w->resp->body, json, len);
}

void
response_number(struct response_writer *w, const char *name, int64_t value) {
    add_name(w, name);
    if (w->err == 0) w->err = buf_printf(&w->resp->body, "%" PRId64, value);
}

void
response_bool(struct response_writer *w, const char *name, bool value) {
    add_name(w, name);
    if (value) add_json(w, "true");
    else add_json(w, "false");
}

static void
add_base64(struct response_writer *w, const char *name, enum base64_kind kind, const void *data,
           size_t len) {
    add_name(w, name);
    add_json(w, "\"");
    if (w->err == 0) w->err = base64_encode(kind, data, len, &w->resp->body);
    add_json(w, "\"");
}

void
response_base64(struct response_writer *w, const char *name, const void *data, size_t len) {
    add_base64(w, name, BASE64_STD, data, len);
}

void
response_base64url(struct response_writer *w, const char *name, const void *data, size_t len) {
    add_base64(w, name, BASE64_URL, data, len);
}

void
response_array_open(struct response_writer *w, const char *name) {
    add_name(w, name);
    add_json(w, "[");
    w->more = false;
}

void
response_array_close(struct response_writer *w) {
    add_json(w, "]");
    w->more = true;
}

void
response_object_open(struct response_writer *w, const char *name) {
    add_name(w, name);
    add_json(w, "{");
    w->more = false;
}

void
response_object_close(struct response_writer *w) {
    add_json(w, "}");
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
    if (resp->reserve == NULL) return 0;
    return resp->reserve(resp->reserve_ctx, bytes);
}

void
response_no_content(struct http_response *resp) {
    buf_reset(&resp->body);
    resp->status = 204;
}

/* The problem that a client sees for the code ${err}. */
static enum problem
problem_of_error(int err) {
    switch (err) {
    case ERR_BUSY:
    case ERR_NOMEM: return PROBLEM_BUSY;
    case ERR_FULL: return PROBLEM_FULL;
    case ERR_STORE:
    case ERR_STUCK:
    case ERR_IO: return PROBLEM_UNAVAILABLE;
    case ERR_UNKNOWN_OUTCOME: return PROBLEM_UNKNOWN_OUTCOME;
    case ERR_TOO_LARGE: return PROBLEM_TOO_LARGE_HERE;
    default: return PROBLEM_INTERNAL;
    }
}

void
response_error(struct http_response *resp, int err) {
    problem_respond(resp, problem_of_error(err), NULL);
}
