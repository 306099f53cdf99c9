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
    bool ended;   /* a whole head, strict or not, whose first line is three words */
    bool coded;   /* its body has a Transfer-Encoding, which this reader does not read */
    bool chunked; /* a strict head of HTTP/1.1 whose body has one coding, chunked, and no length */
    bool skipped; /* a line that begins with NUL: the library skips it, and nothing tells that */
    bool expects; /* Expect: 100-continue */
    bool is_head;
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

/* Whether ${line} is three words of text; what is not is no HTTP, and gets no answer. */
static bool
reader_is_three_words(const char *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ') return false;
    const char *first = memchr(line, ' ', n), *last = memrchr(line, ' ', n);
    return first != NULL && first > line && last > first + 1 && last + 1 < line + n &&
           memchr(first + 1, ' ', (size_t)(last - first - 1)) == NULL;
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

static struct asked
reader_ask(const char *p, size_t n) {
    struct asked a = {0};
    const char *at = p, *end;
    size_t body = 0;
    int counts[3] = {0}; /* Host, Content-Length, Transfer-Encoding: 1 if that is chunked */
    bool old = false;
    /* Empty lines before a request (2.2).  The library also skips some that are not CR LF. */
    bool bare = false;
    while (at < p + n && (*at == '\r' || *at == '\n')) {
        size_t pair = n - (size_t)(at - p) > 1 && memcmp(at, "\r\n", 2) == 0 ? 2 : 1;
        bare = bare || pair == 1;
        at += pair;
    }

    a.skipped = at < p + n && *at == '\0';
    a.is_head = n - (size_t)(at - p) > 5 && memcmp(at, "HEAD ", 5) == 0;

    /* The whole head, and whether this is HTTP at all. */
    if (memmem(at, n - (size_t)(at - p), "\r\n\r\n", 4) == NULL) return a;
    end = memmem(at, n - (size_t)(at - p), "\r\n", 2);
    a.ended = !bare && reader_is_three_words(at, (size_t)(end - at));

    for (bool first = true;; first = false) {
        end = memmem(at, n - (size_t)(at - p), "\r\n", 2);
        if (!first && end == at) break;
        size_t len = (size_t)(end - at);
        if (first ? !reader_line(at, len, &old) : !reader_field(at, len, &a, &body, counts))
            return a;
        at = end + 2;
    }

    size_t head = (size_t)(end + 2 - p);
    if (counts[0] > 1 || (counts[0] == 0 && !old)) return a;
    a.chunked = counts[2] == 1 && counts[1] == 0 && !old;
    a.strict = !a.coded && body <= n - head;
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
        reader_require(reader_find(p, head, always[i]) != NULL || a.status == 204);
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
