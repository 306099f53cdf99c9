/* SPDX-License-Identifier: MIT */
#include "api/answer.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/text/base64.h"

void
answer_begin(struct answer *a, struct http_response *resp, size_t len) {
    *a = (struct answer){.resp = resp};
    buf_reset(&resp->body);
    if (len < resp->body.max && buf_space(&resp->body, len) == NULL) a->err = ERR_NOMEM;
    answer_object_open(a);
}

static void
put(struct answer *a, const char *text) {
    if (a->err == 0) a->err = buf_add_text(&a->resp->body, text);
}

static void
put_name(struct answer *a, const char *name) {
    if (a->more) put(a, ",");
    a->more = true;
    if (name == NULL) return;
    put(a, "\"");
    put(a, name);
    put(a, "\":");
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
answer_text(struct answer *a, const char *name, const char *text, size_t len) {
    put_name(a, name);
    put(a, "\"");
    while (len > 0 && a->err == 0) {
        size_t n = plain_run(text, len);
        a->err = buf_add(&a->resp->body, text, n);
        if (a->err == 0 && n < len) {
            unsigned c = (unsigned char)text[n++];
            a->err = buf_printf(&a->resp->body, c < 0x20 ? "\\u%04x" : "\\%c", c);
        }
        text += n;
        len -= n;
    }
    put(a, "\"");
}

void
answer_string(struct answer *a, const char *name, const char *text) {
    answer_text(a, name, text, strlen(text));
}

void
answer_number(struct answer *a, const char *name, int64_t value) {
    put_name(a, name);
    if (a->err == 0) a->err = buf_printf(&a->resp->body, "%" PRId64, value);
}

void
answer_bool(struct answer *a, const char *name, bool value) {
    put_name(a, name);
    put(a, value ? "true" : "false");
}

static void
put_base64(struct answer *a, const char *name, enum base64_kind kind, const void *data,
           size_t len) {
    put_name(a, name);
    put(a, "\"");
    if (a->err == 0) a->err = base64_encode(kind, data, len, &a->resp->body);
    put(a, "\"");
}

void
answer_base64(struct answer *a, const char *name, const void *data, size_t len) {
    put_base64(a, name, BASE64_STD, data, len);
}

void
answer_base64url(struct answer *a, const char *name, const void *data, size_t len) {
    put_base64(a, name, BASE64_URL, data, len);
}

void
answer_array_open(struct answer *a, const char *name) {
    put_name(a, name);
    put(a, "[");
    a->more = false;
}

void
answer_array_close(struct answer *a) {
    put(a, "]");
    a->more = true;
}

void
answer_object_open(struct answer *a) {
    put_name(a, NULL);
    put(a, "{");
    a->more = false;
}

void
answer_object_close(struct answer *a) {
    put(a, "}");
    a->more = true;
}

int
answer_close(struct answer *a) {
    answer_object_close(a);
    return a->err;
}

void
answer_give(struct http_response *resp, int status) {
    resp->status = status;
    http_response_set(resp, "Content-Type", "application/json");
}

void
answer_end(struct answer *a, int status) {
    int err = answer_close(a);
    if (err != 0) answer_error(a->resp, err);
    else answer_give(a->resp, status);
}

void
answer_nothing(struct http_response *resp) {
    buf_reset(&resp->body);
    resp->status = 204;
}

void
answer_error(struct http_response *resp, int err) {
    enum problem p = PROBLEM_INTERNAL;
    if (err == ERR_BUSY || err == ERR_NOMEM) p = PROBLEM_BUSY;
    else if (err == ERR_FULL) p = PROBLEM_FULL;
    else if (err == ERR_STORE || err == ERR_STUCK || err == ERR_IO) p = PROBLEM_UNAVAILABLE;
    else if (err == ERR_UNKNOWN_OUTCOME) p = PROBLEM_UNKNOWN_OUTCOME;
    else if (err == ERR_TOO_LARGE) p = PROBLEM_TOO_LARGE_HERE;
    problem_answer(resp, p, NULL);
}
