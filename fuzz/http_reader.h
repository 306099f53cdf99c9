/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 as its grammar has it (RFC 9112), read in the simplest way: an opinion of its own about
 * what the bytes of a client are, and about the bytes that a server sends.
 */
#ifndef FUZZ_HTTP_READER_H
#define FUZZ_HTTP_READER_H

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text/json.h"

/* What stands at the beginning of the bytes of a client. */
struct asked {
    bool strict;  /* a whole request that every reader reads alike */
    bool refused; /* what is there can never become one */
    bool coded;   /* its body has a Transfer-Encoding */
    bool expects; /* Expect */
    bool is_head;
    bool is_options; /* answered before its body has come */
    size_t len;
};

static bool
reader_is_name(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (memchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                   p[i], 77) == NULL)
            return false;
    return n > 0;
}

static bool
reader_is_value(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] != '\t' && ((unsigned char)p[i] < ' ' || p[i] == 0x7F)) return false;
    return true;
}

/* One header line without its end.  Returns false if it is none, or makes the length unclear. */
static bool
reader_field(const char *line, size_t n, struct asked *a, size_t *body, int counts[static 3]) {
    const char *colon = memchr(line, ':', n), *value = colon + 1;
    if (colon == NULL || !reader_is_name(line, (size_t)(colon - line))) return false;
    size_t len = n - (size_t)(value - line), name = (size_t)(colon - line);
    while (len > 0 && (*value == ' ' || *value == '\t'))
        value++, len--;
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;

    if (name == 4 && strncasecmp(line, "Host", 4) == 0) counts[0]++;
    if (name == 6 && strncasecmp(line, "Expect", 6) == 0) a->expects = true;
    if (name == 17 && strncasecmp(line, "Transfer-Encoding", 17) == 0) {
        a->coded = true;
        counts[2] += len == 7 && strncasecmp(value, "chunked", 7) == 0 ? 1 : 2;
    }
    if (name == 14 && strncasecmp(line, "Content-Length", 14) == 0) {
        for (size_t i = 0; i < len && *body < 1 << 24; i++)
            *body = *body * 10 + (size_t)(value[i] - '0');
        if (counts[1]++ > 0 || len == 0 || strspn(value, "0123456789") < len) return false;
    }
    return reader_is_value(value, len);
}

/* The request line: a method, a blank, a target of printable ASCII, a blank, a version.  In a query
 * a file_name may be UTF-8 as it is. */
static bool
reader_line(const char *line, size_t n, bool *old) {
    const char *space = memchr(line, ' ', n);
    if (space == NULL || n < 10 || !reader_is_name(line, (size_t)(space - line))) return false;
    bool query = false;
    for (const char *p = space + 1; p < line + n - 9; p++) {
        unsigned char c = (unsigned char)*p;
        query = query || c == '?';
        if (c <= ' ' || c == 0x7F || (c > 0x7F && !query)) return false;
    }
    *old = memcmp(line + n - 9, " HTTP/1.0", 9) == 0;
    return space + 1 < line + n - 9 && (*old || memcmp(line + n - 9, " HTTP/1.1", 9) == 0);
}

/* The body in chunks at ${p}, of which ${n} bytes are there.  Returns its length; 0 if it is not
 * complete; -1 if it is none. */
static long
reader_chunks(const char *p, size_t n) {
    const char *at = p, *const end = p + n;
    for (bool data = true; data;) {
        /* The size, and extensions that are dropped. */
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        size_t have = (size_t)((line != NULL ? line : end) - at), digits = 0, size = 0;
        for (; digits < have && strchr("0123456789abcdefABCDEF", at[digits]) != NULL &&
               at[digits] != '\0';
             digits++) {
            char digit[2] = {at[digits], '\0'};
            if (digits >= 8) return -1;
            size = size * 16 + strtoul(digit, NULL, 16);
        }
        if (have > 0 && digits == 0) return -1;
        if (line == NULL && have > 0 && at[have - 1] == '\r') have--; /* its LF may follow */
        if (digits < have && at[digits] != ';') return -1;
        for (size_t i = digits; i < have; i++)
            if (at[i] != '\t' && (at[i] < ' ' || at[i] == 0x7F)) return -1;
        if (have > 257) return -1;
        if (line == NULL) return 0;
        if (digits == 0) return -1;
        at = line + 2;

        data = size > 0;
        if (!data) break;
        if ((size_t)(end - at) < size) return 0;
        at += size;
        if (at < end && at[0] != '\r') return -1;
        if (end - at < 2) return 0;
        if (at[1] != '\n') return -1;
        at += 2;
    }

    /* Trailers, which are dropped, up to an empty line. */
    for (size_t all = 0;;) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        size_t have = (size_t)((line != NULL ? line : end) - at);
        if (line == NULL && have > 0 && at[have - 1] == '\r') have--;
        for (size_t i = 0; i < have; i++)
            if (at[i] != '\t' && (at[i] < ' ' || at[i] == 0x7F)) return -1;
        if ((all += have) > 4096) return -1;
        if (line == NULL) return 0;
        at = line + 2;
        if (have == 0) return at - p;
    }
}

/* Whether a line of the ${n} bytes at ${p}, or of the head that they begin, ends in a bare LF. */
static bool
reader_has_bare_lf(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r')) return true;
    return false;
}

static struct asked
reader_ask(const char *p, size_t n) {
    enum { LARGEST = 16 * 1024, LINES = 128 };
    struct asked a = {0};
    const char *at = p, *end;
    size_t body = 0;
    int counts[3] = {0}; /* Host, Content-Length, Transfer-Encoding: 1 if that is chunked */
    int lines = 0;
    bool old = false;

    /* Empty lines before a request (2.2). */
    while ((size_t)(p + n - at) >= 2 && memcmp(at, "\r\n", 2) == 0)
        at += 2;
    size_t rest = n - (size_t)(at - p);
    a.is_options = rest > 8 && memcmp(at, "OPTIONS ", 8) == 0;
    a.is_head = rest > 5 && memcmp(at, "HEAD ", 5) == 0;

    /* The whole head, or what can be said before that. */
    end = memmem(at, rest, "\r\n\r\n", 4);
    size_t whole = end != NULL ? (size_t)(end + 4 - p) : n;
    a.refused = whole > LARGEST || (end == NULL && n >= LARGEST) ||
                reader_has_bare_lf(at, whole - (size_t)(at - p));
    if (a.refused || end == NULL) return a;

    a.refused = true;
    for (bool first = true;; first = false) {
        end = memmem(at, n - (size_t)(at - p), "\r\n", 2);
        if (!first && end == at) break;
        size_t len = (size_t)(end - at);
        if (first ? !reader_line(at, len, &old) : !reader_field(at, len, &a, &body, counts))
            return a;
        if (!first && ++lines > LINES) return a;
        at = end + 2;
    }

    size_t head = (size_t)(end + 2 - p);
    if (counts[0] > 1 || (counts[0] == 0 && !old)) return a;
    if (a.coded && (counts[2] != 1 || counts[1] > 0 || old)) return a;
    if (old) a.expects = false;
    if (a.expects && !a.coded && body == 0) return a;
    a.refused = false;

    if (a.coded) {
        long len = reader_chunks(p + head, n - head);
        a.refused = len < 0;
        a.strict = len > 0;
        if (len > 0) body = (size_t)len;
    } else {
        a.strict = body <= n - head;
    }
    a.len = head + body;
    return a;
}

/* The value of header ${name} in the ${n} bytes of a head, or NULL; it ends at CR LF. */
static const char *
reader_find(const char *head, size_t n, const char *name) {
    size_t len = strlen(name);
    for (const char *p = head; (p = memmem(p, n - (size_t)(p - head), "\r\n", 2)) != NULL; p += 2)
        if (n - (size_t)(p + 2 - head) > len + 2 && strncasecmp(p + 2, name, len) == 0 &&
            memcmp(p + 2 + len, ": ", 2) == 0)
            return p + 2 + len + 2;
    return NULL;
}

/* One answer of the server. */
struct answer {
    int status;
    bool closes;
    size_t len; /* 0: it is not complete */
};

static void
reader_require(bool holds) {
    if (!holds) abort();
}

/* Every refusal is a problem document; only /decrypt says 404 without a body. */
static void
reader_check_refusal(const char *head, size_t n, int status, const char *body, size_t len) {
    if (len == 0) return;
    const char *type = reader_find(head, n, "Content-Type");
    json_t *json = json_parse_object(body, len);
    reader_require(type != NULL && strncmp(type, "application/problem+json\r", 25) == 0);
    reader_require(json != NULL && json_integer_value(json_object_get(json, "status")) == status);
    reader_require(json_is_string(json_object_get(json, "code")));
    json_decref(json);
}

/* Read one answer and check its form.  The answer to ${asked} may have no body if that is a HEAD.
 * (It has one if the library refused the head, since nothing tells the method then.) */
static struct answer
reader_answer(const char *p, size_t n, const struct asked *asked) {
    static const char *const always[] = {"Date", "Secrets-Answer", "Cache-Control",
                                         "X-Content-Type-Options", "Content-Length"};
    struct answer a = {0};
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (end == NULL) return a;
    size_t head = (size_t)(end + 2 - p);
    reader_require(head > 15 && memcmp(p, "HTTP/1.1 ", 9) == 0 && p[12] == ' ');
    a.status = (int)strtol(p + 9, NULL, 10);
    if (a.status == 100) {
        a.len = head + 2;
        return a;
    }

    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        reader_require(reader_find(p, head, always[i]) != NULL || a.status == 204 ||
                       a.status == 304);
    const char *length = reader_find(p, head, "Content-Length");
    size_t rest = n - head - 2;
    bool is_head = asked->is_head && (rest == 0 || (rest > 4 && memcmp(end + 4, "HTTP/", 5) == 0));
    size_t body =
        length == NULL || is_head || a.status == 304 ? 0 : (size_t)strtoul(length, NULL, 10);
    if (body > n - head - 2) return a;
    if (a.status >= 400 && !is_head) reader_check_refusal(p, head, a.status, end + 4, body);
    const char *connection = reader_find(p, head, "Connection");
    a.closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
    a.len = head + 2 + body;
    return a;
}

#endif
