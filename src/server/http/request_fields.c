/* SPDX-License-Identifier: MIT */
#include "server/http/request_fields.h"

#include "base/text/parse.h"
#include "server/http/request_head.h"

/* What is said of each header that came more than once. */
static const char *const came_again[] = {
#define X(name, wire) [HTTP_##name] = "The header " wire " must come once, and without a NUL.",
    HTTP_HEADER_LIST(X)
#undef X
};

struct field_reader {
    struct request_fields *fields;
    const char *user_header;
    struct http_request *http;
};

static bool
name_is(const char *name, size_t len, const char *expected) {
    return len == strlen(expected) && strncasecmp(name, expected, len) == 0;
}

/* Append ${value} to the list of X-Forwarded-For. */
static const char *
join_forwarded(struct request_fields *f, const char *value) {
    int err = 0;
    if (f->lists.len > 0) err = buf_add_text(&f->lists, ", ");
    if (err == 0) err = buf_add_text(&f->lists, value);
    if (err != 0) f->fault = "The lines of X-Forwarded-For are too long.";
    return buf_text(&f->lists);
}

/* Keep ${value} if it is a header that the API reads.  Returns whether it is one. */
static bool
keep_api_header(struct field_reader *r, const char *name, size_t name_len, const char *value,
                size_t value_len) {
    for (int i = 0; i < HTTP_HEADER_COUNT; i++) {
        enum http_header h = (enum http_header)i;
        if (!name_is(name, name_len, http_header_name(h))) continue;

        bool again = r->http->headers[h] != NULL && !http_header_is_list(h);
        if (again || strlen(value) != value_len) r->fields->fault = came_again[h];
        if (h == HTTP_FORWARDED_FOR) value = join_forwarded(r->fields, value);
        r->http->headers[h] = value;
        return true;
    }
    return false;
}

/* Take a line of Transfer-Encoding.  The names of codings have no case (RFC 9112, 7). */
static void
take_coding(struct request_fields *f, const char *value, size_t len) {
    if (f->chunked || !name_is(value, len, "chunked"))
        f->fault = "Transfer-Encoding must come once and be chunked. Better send a Content-Length.";
    f->chunked = true;
}

/* Take a line of the header that names the user.  A NUL in it counts as another line. */
static void
take_user(struct request_fields *f, const char *value, size_t len) {
    f->user = value;
    f->user_lines++;
    if (strlen(value) != len) f->user_lines++;
}

/* Framing: one length, or one coding. */
static enum MHD_Result
take_field_line(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
                const char *value, size_t value_len) {
    struct field_reader *r = arg;
    struct request_fields *f = r->fields;
    (void)kind;
    if (value == NULL) value = "";
    if (keep_api_header(r, name, name_len, value, value_len)) return MHD_YES;

    if (name_is(name, name_len, "Content-Length")) {
        if (f->body_len >= 0 || parse_number(value, value_len, 0, INT64_MAX, &f->body_len) != 0)
            f->fault = "Content-Length must come once and be a number.";
    } else if (name_is(name, name_len, "Transfer-Encoding")) {
        take_coding(f, value, value_len);
    } else if (name_is(name, name_len, "Expect")) {
        f->expect = true;
    } else if (name_len > 0 && name_is(name, name_len, r->user_header)) {
        take_user(f, value, value_len);
    }
    return MHD_YES;
}

void
request_fields_read(struct MHD_Connection *connection, const char *version, const char *user_header,
                    struct http_request *http, struct request_fields *out) {
    struct field_reader reader = {out, user_header, http};
    *out = (struct request_fields){.body_len = -1};
    buf_init(&out->lists, REQUEST_HEAD_POOL);
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_field_line, &reader);

    /* Of two lengths, a proxy may believe the other one (RFC 9112, 6.1). */
    if (out->chunked && out->body_len >= 0)
        out->fault = "A body has either a Content-Length or a Transfer-Encoding.";
    if (out->chunked && strcmp(version, "HTTP/1.1") != 0)
        out->fault = "HTTP/1.0 has no Transfer-Encoding.";
}

void
request_fields_clear(struct request_fields *f) {
    buf_free(&f->lists);
}
