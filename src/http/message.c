/* SPDX-License-Identifier: MIT */
#include "http/message.h"

#include <stdarg.h>

#include "base/compiler.h"

/* Limit of http_response.text.  All of it is allocated at once, so that values never move. */
enum { TEXT_MAX = 4 * HTTP_VALUE_MAX };

static const char *const header_names[] = {
#define X(name, wire) [HTTP_##name] = (wire),
    HTTP_HEADER_LIST(X)
#undef X
};

static const char *const method_names[] = {
    [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
};

const char *
http_header_name(enum http_header h) {
    return header_names[h];
}

int
http_header_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(header_names); i++)
        if (strcasecmp(name, header_names[i]) == 0) return (int)i;
    return -1;
}

bool
http_header_is_list(enum http_header h) {
    return h == HTTP_ACCEPT_ENCODING || h == HTTP_IF_NONE_MATCH || h == HTTP_REQUEST_HEADERS ||
           h == HTTP_FORWARDED_FOR;
}

const char *
http_method_name(enum http_method m) {
    return m == HTTP_OTHER ? "other" : method_names[m];
}

enum http_method
http_method_parse(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(method_names); i++)
        if (strcmp(name, method_names[i]) == 0) return (enum http_method)i;
    return HTTP_OTHER;
}

void
http_response_init(struct http_response *r, size_t body_max) {
    *r = (struct http_response){.status = 500};
    buf_init(&r->body, body_max);
    buf_init(&r->text, TEXT_MAX);
}

void
http_response_clear(struct http_response *r) {
    size_t body_max = r->body.max;
    buf_free(&r->body);
    piped_close(&r->piped);
    buf_free(&r->text);
    http_response_init(r, body_max);
}

static struct http_field *
response_field(struct http_response *r, const char *name) {
    for (int i = 0; i < r->field_count; i++)
        if (strcasecmp(r->fields[i].name, name) == 0) return &r->fields[i];
    return NULL;
}

void
http_response_set(struct http_response *r, const char *name, const char *value) {
    struct http_field *f = response_field(r, name);
    if (f == NULL) {
        if (r->field_count == HTTP_FIELDS_MAX) return;
        f = &r->fields[r->field_count++];
    }
    *f = (struct http_field){.name = name, .value = value};
}

void
http_response_setf(struct http_response *r, const char *name, const char *fmt, ...) {
    char value[HTTP_VALUE_MAX + 1];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(value, sizeof(value), fmt, args);
    va_end(args);
    if (n < 0 || n > HTTP_VALUE_MAX) return;

    size_t len = (size_t)n + 1;
    if (r->text.data == NULL && buf_space(&r->text, TEXT_MAX) == NULL) return;
    size_t at = r->text.len;
    if (buf_add(&r->text, value, len) != 0) return;
    http_response_set(r, name, (const char *)r->text.data + at);
}

const void *
http_response_body(const struct http_response *r, size_t *len) {
    if (r->constant != NULL) {
        *len = r->constant_len;
        return r->constant;
    }
    *len = r->body.len;
    return *len > 0 ? r->body.data : NULL;
}

const char *
http_response_get(const struct http_response *r, const char *name) {
    for (int i = 0; i < r->field_count; i++)
        if (strcasecmp(r->fields[i].name, name) == 0) return r->fields[i].value;
    return NULL;
}
