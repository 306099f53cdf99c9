/* SPDX-License-Identifier: MIT */
#include "aws/sigv4_canonical.h"

#include <ctype.h>

#include "base/err.h"
#include "base/text/hex.h"

static bool
is_unreserved(unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int
sigv4_encode(const char *text, size_t len, bool keep_slash, struct buf *out) {
    int err = 0;
    for (size_t i = 0; i < len && err == 0; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_unreserved(c) || (keep_slash && c == '/')) err = buf_add_byte(out, c);
        else err = buf_printf(out, "%%%02X", c);
    }
    return err;
}

/* Remove the last segment of the path that begins at byte ${from} of ${out}. */
static void
drop_segment(struct buf *out, size_t from) {
    while (out->len > from && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > from) out->len--;
}

int
sigv4_canonical_normalize(const char *path, struct buf *out) {
    size_t from = out->len;
    int err = 0;
    bool open_end = true; /* the path ends with a slash or with a dot segment */

    while (err == 0 && *path != '\0') {
        path += strspn(path, "/");
        size_t n = strcspn(path, "/");
        open_end = n == 0;

        if (n == 1 && path[0] == '.') open_end = true;
        else if (n == 2 && path[0] == '.' && path[1] == '.') {
            drop_segment(out, from);
            open_end = true;
        } else if (n > 0) {
            err = buf_add_byte(out, '/');
            if (err == 0) err = buf_add(out, path, n);
        }
        path += n;
    }

    /* RFC 3986 5.2.4 keeps the slash after a removed segment. */
    if (err == 0 && open_end) err = buf_add_byte(out, '/');
    return err;
}

int
sigv4_canonical_path(const struct sigv4_request *req, struct buf *out) {
    struct buf path = BUF_INIT(SIGV4_TEXT_MAX);

    if (req->path_as_is) return buf_add_text(out, req->path);
    int err = sigv4_canonical_normalize(req->path, &path);
    if (err == 0) err = sigv4_encode((const char *)path.data, path.len, true, out);
    buf_free(&path);
    return err;
}

/* An encoded parameter: offsets into one buffer, later pointers into it. */
struct query_parameter {
    const char *name, *value;
    size_t name_at, value_at;
};

static int
compare_parameters(const void *a, const void *b) {
    const struct query_parameter *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

/* Append ${len} characters of a query, decoded and encoded again, and a NUL. */
static int
add_recoded(const char *text, size_t len, struct buf *out) {
    int err = 0;
    for (size_t i = 0; i < len && err == 0; i++) {
        char c = text[i];

        if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }

        err = sigv4_encode(&c, 1, false, out);
    }
    return err != 0 ? err : buf_add_byte(out, '\0');
}

/* Split ${query} into ${list}, with the texts in ${texts}.  Returns the number of parameters, or a
 * negative code. */
static int
split_query(const char *query, struct query_parameter *list, struct buf *texts) {
    int n = 0, err = 0;

    while (*query != '\0') {
        size_t len = strcspn(query, "&"), name = strcspn(query, "=&");

        if (len > 0) { /* an empty parameter is ignored */
            if (n == SIGV4_PARAMETERS_MAX) return ERR_TOO_LARGE;
            const char *value = query + (name < len ? name + 1 : len);
            list[n].name_at = texts->len;
            err = add_recoded(query, name, texts);
            list[n].value_at = texts->len;
            if (err == 0) err = add_recoded(value, (size_t)(query + len - value), texts);
            if (err != 0) return err;
            n++;
        }

        query += len;
        if (*query == '&') query++;
    }
    return n;
}

int
sigv4_canonical_query(const char *query, struct buf *out) {
    struct query_parameter list[SIGV4_PARAMETERS_MAX] = {0};
    struct buf texts = BUF_INIT(SIGV4_TEXT_MAX);
    int err = 0;

    int n = split_query(query, list, &texts);
    if (n < 0) err = n;

    /* The texts move while they grow, so pointers are taken once all of them are there. */
    for (int i = 0; i < n; i++) {
        list[i].name = (const char *)texts.data + list[i].name_at;
        list[i].value = (const char *)texts.data + list[i].value_at;
    }

    if (n > 1) qsort(list, (size_t)n, sizeof(list[0]), compare_parameters);
    for (int i = 0; i < n && err == 0; i++)
        err = buf_printf(out, "%s%s=%s", i > 0 ? "&" : "", list[i].name, list[i].value);

    buf_free(&texts);
    return err;
}

struct header_ref {
    const struct sigv4_header *header;
};

/* Order by name, ignoring case.  Equal names keep their order. */
static int
compare_headers(const void *a, const void *b) {
    const struct header_ref *x = a, *y = b;
    int order = strcasecmp(x->header->name, y->header->name);
    return order != 0 ? order : (x->header > y->header) - (x->header < y->header);
}

/* Append ${value} without the white space around it, and with each run inside as one space. */
static int
add_trimmed(const char *value, struct buf *out) {
    bool gap = false, any = false;
    int err = 0;

    for (; *value != '\0' && err == 0; value++) {
        if (isspace((unsigned char)*value)) {
            gap = any;
            continue;
        }

        if (gap) err = buf_add_byte(out, ' ');
        if (err == 0) err = buf_add_byte(out, (uint8_t)*value);
        gap = false;
        any = true;
    }
    return err;
}

static int
add_lower(const char *name, struct buf *out) {
    int err = 0;
    for (; *name != '\0' && err == 0; name++)
        err = buf_add_byte(out, (uint8_t)tolower((unsigned char)*name));
    return err;
}

/*
 * Begin the line of ${header} in ${out}, and add its name to ${names}.  The values of equal names,
 * ${header} and ${before} (NULL for the first), are joined by a comma in one line.
 */
static int
add_header_name(const struct sigv4_header *header, const struct sigv4_header *before,
                struct buf *out, struct buf *names) {
    int err = 0;

    if (before != NULL && strcasecmp(header->name, before->name) == 0)
        return buf_add_byte(out, ',');

    if (before != NULL) err = buf_add_byte(out, '\n');
    if (before != NULL && err == 0) err = buf_add_byte(names, ';');
    if (err == 0) err = add_lower(header->name, names);
    if (err == 0) err = add_lower(header->name, out);
    if (err == 0) err = buf_add_byte(out, ':');
    return err;
}

int
sigv4_canonical_headers(const struct sigv4_request *req, struct buf *out, struct buf *names) {
    struct header_ref sorted[SIGV4_HEADERS_MAX];
    int err = 0;

    if (req->header_count > SIGV4_HEADERS_MAX) return ERR_TOO_LARGE;
    for (size_t i = 0; i < req->header_count; i++)
        sorted[i].header = &req->headers[i];
    qsort(sorted, req->header_count, sizeof(sorted[0]), compare_headers);

    for (size_t i = 0; i < req->header_count && err == 0; i++) {
        const struct sigv4_header *header = sorted[i].header;
        const struct sigv4_header *before = i > 0 ? sorted[i - 1].header : NULL;

        err = add_header_name(header, before, out, names);
        if (err == 0) err = add_trimmed(header->value, out);
    }
    if (err == 0 && req->header_count > 0) err = buf_add_byte(out, '\n');
    return err;
}

int
sigv4_canonical_request(const struct sigv4_request *req, struct buf *out,
                        struct buf *signed_names) {
    size_t from = signed_names->len;

    int err = buf_printf(out, "%s\n", req->method);
    if (err == 0) err = sigv4_canonical_path(req, out);
    if (err == 0) err = buf_add_byte(out, '\n');
    if (err == 0) err = sigv4_canonical_query(req->query, out);
    if (err == 0) err = buf_add_byte(out, '\n');
    if (err == 0) err = sigv4_canonical_headers(req, out, signed_names);

    if (err == 0)
        err = buf_printf(out, "\n%s\n%s", buf_text(signed_names) + from, req->payload_hash);
    return err;
}
