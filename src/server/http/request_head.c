/* SPDX-License-Identifier: MIT */
#include "server/http/request_head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"

enum {
    LINE_END = 2,
    COLON = 1,
    RECORD = 48, /* bytes that the library uses for each header and cookie, besides its text */
    RESPONSE_HEAD_MAX = 2 * 1024,
    PARAMETERS_MAX = 64, /* of a query; no route has more than one */
};

struct head {
    const char *next; /* where the next line must begin */
    bool strict;
    bool expects;  /* Expect, which the library takes for 100-continue */
    bool has_body; /* a Content-Length that is not 0, or a Transfer-Encoding */
    unsigned hosts;
};

/* Whether the ${len} bytes at ${text} are a token (RFC 9110, 5.6.2). */
static bool
is_field_name(const char *text, size_t len) {
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!plain && (c == '\0' || strchr(marks, c) == NULL)) return false;
    }
    return len > 0;
}

static bool
is_field_value(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        bool control = (unsigned char)text[i] < ' ' || text[i] == 0x7F;
        if (control && text[i] != '\t') return false;
    }
    return true;
}

/* Whether the ${len} bytes at ${text} are of the characters of a host and port (RFC 3986, 3.2). */
static bool
is_host_text(const char *text, size_t len) {
    static const char marks[] = "-._~!$&'()*+,;=:%[]";
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && strchr(marks, text[i]) == NULL) return false;
    return true;
}

/* A file_name may be UTF-8 as it is, so bytes above ASCII are allowed in the query.  The '?' before
 * it may be a NUL already. */
static bool
is_request_target(const char *text, size_t len) {
    bool query = false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        query |= c == '\0' || c == '?';
        if (c == '\0' || (c >= 0x80 && query)) continue;
        if (c <= ' ' || c >= 0x7F || c == '#') return false;
    }
    return text[0] == '/' || strcmp(text, "*") == 0 || strncasecmp(text, "http", 4) == 0;
}

static bool
is_whitespace(const char *from, const char *to) {
    for (; from < to; from++)
        if (*from != ' ' && *from != '\t') return false;
    return true;
}

static bool
is_header(const char *name, size_t len, const char *expected) {
    return len == strlen(expected) && strncasecmp(name, expected, len) == 0;
}

/*
 * The library leaves names and values where they came, and overwrites CR, LF and colons with NUL.
 * So each name must begin right after the line before it, and each value must end in two NULs.
 * NUL LF at the end of a line looks the same; no proxy passes a NUL on.
 */
static enum MHD_Result
check_field(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
            const char *value, size_t value_len) {
    struct head *h = arg;
    (void)kind;
    h->strict = name == h->next && is_field_name(name, name_len) && value > name + name_len &&
                is_whitespace(name + name_len + COLON, value) && is_field_value(value, value_len) &&
                value[value_len] == '\0' && value[value_len + 1] == '\0';
    if (!h->strict) return MHD_NO;

    h->next = value + value_len + LINE_END;
    if (is_header(name, name_len, "Host")) {
        h->hosts++;
        h->strict = is_host_text(value, value_len);
    }
    if (is_header(name, name_len, "Expect")) h->expects = true;
    if (is_header(name, name_len, "Content-Length") && strspn(value, "0") < value_len)
        h->has_body = true;
    if (is_header(name, name_len, "Transfer-Encoding")) h->has_body = true;
    return h->strict ? MHD_YES : MHD_NO;
}

bool
request_head_strict(struct MHD_Connection *connection, const char *method, const char *url,
                    const char *version, const char *target, size_t len) {
    size_t method_len = strlen(method);
    bool newest = strcmp(version, "HTTP/1.1") == 0;
    struct head h = {.next = version + strlen(version) + LINE_END, .strict = true};

    /* The request line: three words with one blank between each two. */
    if (!is_field_name(method, method_len) || !is_request_target(target, len)) return false;
    if (url != method + method_len + 1 || version != url + len + 1) return false;
    if (!newest && strcmp(version, "HTTP/1.0") != 0) return false;

    /* The header lines follow without a gap, up to the end that the library counted. */
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, check_field, &h);
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (!h.strict || size == NULL || method + size->header_size != h.next + LINE_END) return false;

    /* Without a body (RFC 9110, 10.1.1) the library would report the end of it too early, and could
     * not send the response. */
    if (h.expects && !h.has_body) return false;
    return h.hosts == 1 || (h.hosts == 0 && !newest);
}

struct http_address
request_head_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return http_address_of(peer->client_addr);
}

bool
request_head_leaves_room(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int records = MHD_get_connection_values_n(connection, MHD_HEADER_KIND, NULL, NULL) +
                  MHD_get_connection_values_n(connection, MHD_COOKIE_KIND, NULL, NULL);

    /* The buffer that the head was read into begins with half of the pool and grows by steps. */
    size_t used = REQUEST_HEAD_POOL / 2;
    while (size != NULL && used < size->header_size)
        used += REQUEST_HEAD_STEP;

    /* Cookies are parsed in a copy. */
    const char *cookies;
    size_t len = 0;
    (void)MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, "Cookie", strlen("Cookie"),
                                        &cookies, &len);
    return used + (size_t)records * RECORD + len <= REQUEST_HEAD_POOL - RESPONSE_HEAD_MAX;
}

void
request_head_hide_query(const char *target) {
    char *query = strchr((char *)(uintptr_t)target, '?');
    if (query != NULL) query[1] = '\0';
}

bool
request_head_has_many_parameters(const char *query) {
    int n = 0;
    for (; (query = strchr(query, '&')) != NULL && n < PARAMETERS_MAX; query++)
        n++;
    return n >= PARAMETERS_MAX;
}
