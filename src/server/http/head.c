/* SPDX-License-Identifier: MIT */
#include "server/http/head.h"

#include "base/text/parse.h"

enum { PARAMETERS_MAX = 64 /* of a query; no route has more than one */ };

/* A line of a head, without its end. */
struct line {
    char *text;
    size_t len;
};

/* A header line: its name, and its value without the blanks around it. */
struct field {
    struct line name, value;
};

/* The headers that the API reads, and what is said of each that came more than once. */
static const struct {
    const char *name;
    size_t len;
    const char *again;
} api_headers_known[] = {
#define X(name, wire)                                                                              \
    [HTTP_##name] = {(wire), sizeof(wire) - 1, "The header " wire " must come once."},
    HTTP_HEADER_LIST(X)
#undef X
};

static enum head_state
refuse_head(struct head *h, enum problem problem, const char *fault) {
    h->problem = problem;
    h->fault = fault;
    return HEAD_REFUSED;
}

static enum head_state
refuse_malformed(struct head *h, const char *fault) {
    return refuse_head(h, PROBLEM_MALFORMED, fault);
}

static bool
line_is(const struct line *l, const char *expected) {
    return l->len == strlen(expected) && strncasecmp(l->text, expected, l->len) == 0;
}

/* Whether ${l} is a token (RFC 9110, 5.6.2). */
static bool
is_token(const struct line *l) {
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < l->len; i++) {
        char c = l->text[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!plain && (c == '\0' || strchr(marks, c) == NULL)) return false;
    }
    return l->len > 0;
}

static bool
has_control(const struct line *l) {
    for (size_t i = 0; i < l->len; i++) {
        unsigned char c = (unsigned char)l->text[i];
        if ((c < ' ' && c != '\t') || c == 0x7F) return true;
    }
    return false;
}

/* Whether ${l} is of the characters of a host and port (RFC 3986, 3.2). */
static bool
is_host(const struct line *l) {
    static const char marks[] = "-._~!$&'()*+,;=:%[]";
    for (size_t i = 0; i < l->len; i++) {
        char c = l->text[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!plain && strchr(marks, c) == NULL) return false;
    }
    return true;
}

/* A file_name may be UTF-8 as it is, so bytes above ASCII are allowed in the query. */
static bool
is_target(const struct line *l) {
    bool query = false;
    for (size_t i = 0; i < l->len; i++) {
        unsigned char c = (unsigned char)l->text[i];
        query |= c == '?';
        if (c <= ' ' || c == 0x7F || c == '#' || (c > 0x7F && !query)) return false;
    }
    return l->text[0] == '/' || line_is(l, "*") || strncasecmp(l->text, "http", 4) == 0;
}

static bool
has_many_parameters(const char *query) {
    int n = 0;
    for (; (query = strchr(query, '&')) != NULL && n < PARAMETERS_MAX; query++)
        n++;
    return n >= PARAMETERS_MAX;
}

/* Cut the first word of ${l} off, up to a blank, into ${word}.  Returns whether there is one. */
static bool
cut_word(struct line *l, struct line *word) {
    char *blank = memchr(l->text, ' ', l->len);
    if (blank == NULL) return false;
    *word = (struct line){l->text, (size_t)(blank - l->text)};
    *blank = '\0';

    l->text = blank + 1;
    l->len -= word->len + 1;
    return word->len > 0;
}

/* Read the version of HTTP at the end of the first line. */
static enum head_state
read_version(struct head *h, const struct line *version) {
    const char *v = version->text;
    bool shaped = version->len == 8 && memcmp(v, "HTTP/", 5) == 0 && v[6] == '.' && v[5] >= '0' &&
                  v[5] <= '9' && v[7] >= '0' && v[7] <= '9';
    if (!shaped) return refuse_malformed(h, "The first line must end in HTTP/1.1.");

    h->old = memcmp(v + 5, "1.0", 3) == 0;
    if (!h->old && memcmp(v + 5, "1.1", 3) != 0) return refuse_head(h, PROBLEM_VERSION, NULL);
    return HEAD_COMPLETE;
}

/* Read the request line: three words with one blank between each two. */
static enum head_state
read_request_line(struct head *h, struct line line, struct http_request *http) {
    struct line method, target;
    if (!cut_word(&line, &method) || !cut_word(&line, &target) || !is_token(&method))
        return refuse_malformed(h, "The first line must be a method, an address and HTTP/1.1.");
    enum head_state state = read_version(h, &line);
    if (state != HEAD_COMPLETE) return state;
    if (!is_target(&target))
        return refuse_malformed(h, "The address must begin with / and must be encoded: the address "
                                   "is encoded if it has ASCII letters, digits and marks only.");

    char *query = memchr(target.text, '?', target.len);
    if (query != NULL) *query++ = '\0';
    http->method = http_method_parse(method.text);
    http->path = target.text;
    http->query = query != NULL ? query : "";
    if (has_many_parameters(http->query))
        return refuse_malformed(h, "A query has at most 64 parameters.");
    return HEAD_COMPLETE;
}

/* Append ${value} to the list of X-Forwarded-For, whose earlier lines are ${before}. */
static enum head_state
join_forwarded(struct head *h, const char **before, const char *value) {
    struct buf *list = &h->forwarded;
    int err = list->len == 0 ? buf_add_text(list, *before) : 0;
    if (err == 0) err = buf_add_text(list, ", ");
    if (err == 0) err = buf_add_text(list, value);
    if (err != 0) return refuse_malformed(h, "The lines of X-Forwarded-For are too long.");
    *before = buf_text(list);
    return HEAD_COMPLETE;
}

/* Keep ${f} in ${http} if the API reads it.  ${known} is set to whether it does. */
static enum head_state
take_api_header(struct head *h, const struct field *f, struct http_request *http, bool *known) {
    *known = false;
    for (int i = 0; i < HTTP_HEADER_COUNT && !*known; i++) {
        if (f->name.len != api_headers_known[i].len ||
            strncasecmp(f->name.text, api_headers_known[i].name, f->name.len) != 0)
            continue;

        *known = true;
        const char **kept = &http->headers[i];
        if (*kept != NULL && i == HTTP_FORWARDED_FOR) return join_forwarded(h, kept, f->value.text);
        if (*kept != NULL && !http_header_is_list((enum http_header)i))
            return refuse_malformed(h, api_headers_known[i].again);
        if (i == HTTP_HOST && !is_host(&f->value))
            return refuse_malformed(h, "Host must be the name of a server.");
        *kept = f->value.text;
    }
    return HEAD_COMPLETE;
}

static enum head_state
take_length(struct head *h, const struct line *value) {
    static const char fault[] = "Content-Length must come once and be a number.";
    bool digits = value->len > 0 && strspn(value->text, "0123456789") == value->len;
    if (!digits || h->body_len >= 0) return refuse_malformed(h, fault);
    if (parse_number(value->text, value->len, 0, INT64_MAX, &h->body_len) != 0)
        return refuse_head(h, PROBLEM_TOO_LARGE, NULL);
    return HEAD_COMPLETE;
}

/* Take a line of Transfer-Encoding.  The names of codings have no case (RFC 9112, 7). */
static enum head_state
take_coding(struct head *h, const struct line *value) {
    if (h->chunked || !line_is(value, "chunked"))
        return refuse_malformed(h, "Transfer-Encoding must come once and be chunked.");
    h->chunked = true;
    return HEAD_COMPLETE;
}

/* Take a line of Connection, whose options are a list.  ${keep} is set if the client of HTTP/1.0
 * wants to go on. */
static void
take_connection(struct head *h, const char *value, bool *keep) {
    for (const char *at = value; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,");
        struct line option = {(char *)(uintptr_t)at, len};
        if (line_is(&option, "close")) h->closes = true;
        if (line_is(&option, "keep-alive")) *keep = true;
        at += len;
    }
}

static enum head_state
take_field(struct head *h, const struct field *f, struct http_request *http, bool *keep) {
    bool known;
    enum head_state state = take_api_header(h, f, http, &known);
    if (known) return state;

    if (line_is(&f->name, "Content-Length")) return take_length(h, &f->value);
    if (line_is(&f->name, "Transfer-Encoding")) return take_coding(h, &f->value);
    if (line_is(&f->name, "Connection")) take_connection(h, f->value.text, keep);
    if (line_is(&f->name, "Expect")) h->expects = true;
    if (line_is(&f->name, h->user_header)) {
        h->user = f->value.text;
        h->user_lines++;
    }
    return HEAD_COMPLETE;
}

/* Cut ${line} into ${f}.  Returns whether it is a header line. */
static bool
cut_field(struct line line, struct field *f) {
    char *colon = memchr(line.text, ':', line.len);
    if (colon == NULL || has_control(&line)) return false;
    f->name = (struct line){line.text, (size_t)(colon - line.text)};
    if (!is_token(&f->name)) return false;

    /* Blanks around the value are no part of it. */
    char *from = colon + 1, *end = line.text + line.len;
    from += strspn(from, " \t");
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    f->value = (struct line){from, (size_t)(end - from)};
    return true;
}

/* Check what only the whole head tells.  ${keep}: a client of HTTP/1.0 wants to go on. */
static enum head_state
check_whole(struct head *h, const struct http_request *http, bool keep) {
    if (http->headers[HTTP_HOST] == NULL && !h->old)
        return refuse_malformed(h, "HTTP/1.1 needs a Host.");
    if (h->chunked && h->old) return refuse_malformed(h, "HTTP/1.0 has no Transfer-Encoding.");

    /* Of two lengths, a proxy may believe the other one (RFC 9112, 6.1). */
    if (h->chunked && h->body_len >= 0)
        return refuse_malformed(h, "A body has either a Content-Length or a Transfer-Encoding.");

    /* A client must not expect what it does not need, and one of HTTP/1.0 is not heard (RFC 9110,
     * 10.1.1). */
    if (h->old) h->expects = false;
    if (h->expects && !h->chunked && h->body_len <= 0)
        return refuse_malformed(h, "Expect needs a body.");
    if (h->old && !keep) h->closes = true;
    return HEAD_COMPLETE;
}

/* The next line of ${*at}, which it ends with NUL.  Every line ends in CR LF. */
static struct line
next_line(char **at, const char *end) {
    char *from = *at, *lf = memchr(from, '\n', (size_t)(end - from));
    lf[-1] = '\0';
    *at = lf + 1;
    return (struct line){from, (size_t)(lf - 1 - from)};
}

/* Read the complete head at ${bytes}. */
static enum head_state
read_lines(struct head *h, char *bytes, struct http_request *http) {
    char *at = bytes + h->begin, *end = bytes + h->len;
    bool keep = false;
    struct field f;
    enum head_state state = read_request_line(h, next_line(&at, end), http);

    for (int fields = 0; state == HEAD_COMPLETE; fields++) {
        struct line line = next_line(&at, end);
        if (line.len == 0) break;
        if (fields == HEAD_FIELDS_MAX)
            return refuse_head(h, PROBLEM_HEAD_TOO_LARGE, "A head has at most 128 lines.");
        if (!cut_field(line, &f))
            return refuse_malformed(h, "A header line must be plain HTTP/1.1: a name, a colon and "
                                       "a value, without control characters.");
        state = take_field(h, &f, http, &keep);
    }
    return state == HEAD_COMPLETE ? check_whole(h, http, keep) : state;
}

/* Look at the lines that are new in the ${len} bytes at ${bytes}.  HEAD_COMPLETE: all are there. */
static enum head_state
find_end(struct head *h, const char *bytes, size_t len) {
    const char *lf;
    while ((lf = memchr(bytes + h->seen, '\n', len - h->seen)) != NULL) {
        size_t from = h->line, at = (size_t)(lf - bytes);
        if (at == from || bytes[at - 1] != '\r')
            return refuse_malformed(h, "Every line of the head must end in CR LF: plain HTTP/1.1.");

        h->line = h->seen = at + 1;
        if (at > from + 1) continue;
        if (from > h->begin) {
            h->len = at + 1;
            return HEAD_COMPLETE;
        }
        h->begin = h->line; /* an empty line before the request (RFC 9112, 2.2) */
    }

    h->seen = len;
    if (len < HEAD_MAX) return HEAD_PARTIAL;
    if (h->line == h->begin) return refuse_head(h, PROBLEM_TARGET_TOO_LONG, NULL);
    return refuse_head(h, PROBLEM_HEAD_TOO_LARGE, NULL);
}

void
head_begin(struct head *h, const char *user_header) {
    *h = (struct head){.user_header = user_header, .body_len = -1};
    buf_init(&h->forwarded, HEAD_MAX);
}

enum head_state
head_read(struct head *h, char *bytes, size_t len, struct http_request *http) {
    enum head_state state = find_end(h, bytes, len);
    if (state != HEAD_COMPLETE) return state;

    state = read_lines(h, bytes, http);
    if (state == HEAD_COMPLETE) return state;

    /* Nothing of a head is used before all of it is known to be strict. */
    memset(http->headers, 0, sizeof(http->headers));
    http->method = HTTP_OTHER;
    http->path = http->query = "";
    return state;
}

void
head_end(struct head *h) {
    buf_free(&h->forwarded);
}
