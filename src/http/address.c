/* SPDX-License-Identifier: MIT */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/text/parse.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static bool
address_is_ipv4(const struct http_address *a) {
    return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

struct http_address
http_address_of(const struct sockaddr *sa) {
    struct http_address a = {0};
    if (sa != NULL && sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        memcpy(a.bytes, mapped, sizeof(mapped));
        memcpy(a.bytes + sizeof(mapped), &in.sin_addr, 4);
    } else if (sa != NULL && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        memcpy(a.bytes, &in6.sin6_addr, 16);
    } else a.local = true;
    return a;
}

int
http_address_parse(const char *text, size_t len, struct http_address *out) {
    char copy[INET6_ADDRSTRLEN];
    struct http_address a = {0};
    if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len) != NULL) return ERR_INVALID;

    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, a.bytes + sizeof(mapped)) == 1)
        memcpy(a.bytes, mapped, sizeof(mapped));
    else if (inet_pton(AF_INET6, copy, a.bytes) != 1) return ERR_INVALID;
    *out = a;
    return 0;
}

static int
address_parse_network(const char *text, size_t len, struct http_network *out) {
    const char *slash = memchr(text, '/', len);
    size_t address_len = slash == NULL ? len : (size_t)(slash - text);
    int64_t prefix = 128;

    if (http_address_parse(text, address_len, &out->base) != 0) return ERR_INVALID;
    bool v4 = address_is_ipv4(&out->base) && memchr(text, ':', address_len) == NULL;

    /* A prefix of IPv4 counts from the start of the 4 bytes. */
    if (slash != NULL) {
        if (parse_number(slash + 1, len - address_len - 1, 0, v4 ? 32 : 128, &prefix) != 0)
            return ERR_INVALID;
        if (v4) prefix += 96;
    }
    out->prefix = (int)prefix;
    return 0;
}

/* Remove blanks from both ends of ${text}, ${len}. */
static void
address_trim(const char **text, size_t *len) {
    while (*len > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        (*len)--;
}

bool
http_list_next(const char **list, const char **item, size_t *len) {
    if (*list == NULL) return false;
    size_t whole = strcspn(*list, ",");
    *item = *list;
    *len = whole;
    address_trim(item, len);

    /* What follows a comma is an item, even if it is empty. */
    const char *end = *list + whole;
    *list = *end == ',' ? end + 1 : NULL;
    return true;
}

int
http_trusted_add(struct http_trusted *t, const char *text, size_t len) {
    if (t->count == HTTP_TRUSTED_MAX) return ERR_INVALID;
    if (address_parse_network(text, len, &t->networks[t->count]) != 0) return ERR_INVALID;
    t->count++;
    return 0;
}

int
http_trusted_parse(const char *text, struct http_trusted *out) {
    struct http_trusted t = {0};
    const char *list = text[0] != '\0' ? text : NULL, *item;
    size_t len;
    while (http_list_next(&list, &item, &len))
        if (http_trusted_add(&t, item, len) != 0) return ERR_INVALID;
    *out = t;
    return 0;
}

static bool
address_in_network(const struct http_network *n, const struct http_address *a) {
    size_t whole = (size_t)n->prefix / 8;
    unsigned rest = (unsigned)n->prefix % 8;
    if (memcmp(n->base.bytes, a->bytes, whole) != 0) return false;
    return rest == 0 || (n->base.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

bool
http_address_in(const struct http_trusted *t, const struct http_address *a) {
    if (a->local) return false;
    for (int i = 0; i < t->count; i++)
        if (address_in_network(&t->networks[i], a)) return true;
    return false;
}

bool
http_address_trusted(const struct http_trusted *t, const struct http_address *a) {
    return a->local || http_address_in(t, a);
}

/* One hop as proxies write it: an address, "192.0.2.1:80", "[2001:db8::1]"
 * or "[2001:db8::1]:80". */
static int
address_parse_hop(const char *text, size_t len, struct http_address *out) {
    int64_t port;
    address_trim(&text, &len);
    if (http_address_parse(text, len, out) == 0) return 0;

    /* One colon is that of a port; an IPv6 address with a port is in brackets. */
    const char *colon = memrchr(text, ':', len);
    bool only = colon != NULL && memchr(text, ':', len) == colon;
    if (colon != NULL && colon > text && (only || colon[-1] == ']')) {
        size_t host_len = (size_t)(colon - text);
        if (parse_number(colon + 1, len - host_len - 1, 0, 65535, &port) != 0) return ERR_INVALID;
        len = host_len;
    }
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
        if (memchr(text, ':', len) == NULL) return ERR_INVALID;
    }
    return http_address_parse(text, len, out);
}

struct http_address
http_address_client(const struct http_trusted *trusted, struct http_address peer,
                    const char *forwarded_for) {
    struct http_address client = peer, hop;
    if (forwarded_for == NULL || !http_address_trusted(trusted, &peer)) return peer;

    /* From right to left: each trusted proxy has appended the address that it saw. */
    size_t end = strlen(forwarded_for);
    for (;;) {
        size_t start = end;
        while (start > 0 && forwarded_for[start - 1] != ',')
            start--;

        if (address_parse_hop(forwarded_for + start, end - start, &hop) != 0) break;
        client = hop;
        if (start == 0 || !http_address_trusted(trusted, &hop)) break;
        end = start - 1;
    }
    return client;
}

void
http_address_prefix(const struct http_address *a, char out[static HTTP_PREFIX_LEN]) {
    struct http_address net = *a;
    char text[INET6_ADDRSTRLEN] = "";
    http_address_network(a, net.bytes);

    if (a->local) {
        (void)snprintf(out, HTTP_PREFIX_LEN, "local");
    } else if (address_is_ipv4(a)) {
        (void)inet_ntop(AF_INET, net.bytes + sizeof(mapped), text, sizeof(text));
        (void)snprintf(out, HTTP_PREFIX_LEN, "%s/24", text);
    } else {
        (void)inet_ntop(AF_INET6, net.bytes, text, sizeof(text));
        (void)snprintf(out, HTTP_PREFIX_LEN, "%s/48", text);
    }
}

void
http_address_group(const struct http_address *a, uint8_t key[static 16]) {
    memcpy(key, a->bytes, 16);
    if (!address_is_ipv4(a)) memset(key + 8, 0, 8);
}

void
http_address_network(const struct http_address *a, uint8_t key[static 16]) {
    memcpy(key, a->bytes, 16);
    if (address_is_ipv4(a)) key[15] = 0;
    else memset(key + 6, 0, 10);
}

struct party
http_address_party(const struct http_address *a) {
    struct party p = {0};
    http_address_group(a, p.client);
    http_address_network(a, p.network);
    return p;
}
