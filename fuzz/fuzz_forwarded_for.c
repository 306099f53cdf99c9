/* SPDX-License-Identifier: MIT */
/*
 * Any X-Forwarded-For through any list of trusted proxies: the client is the one that a simple
 * reader finds, and nobody who is not trusted can choose it.  Input: which networks are trusted,
 * which peer asks, the header.
 */
#include <netinet/in.h>

#include "http/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const trusted_lists[] = {
    "", "192.0.2.0/24", "::1, 127.0.0.0/8, 2001:db8::/32", "0.0.0.0/1", "::/0", "10.0.0.1"};
static const char *const peers[] = {"192.0.2.9", "127.0.0.1",   "::1",
                                    "10.0.0.1",  "2001:db8::5", "203.0.113.1"};

static void
require(bool holds) {
    if (!holds) abort();
}

/* Read 1 to ${digits} digits of ${base} at ${*p} that are at most ${max}, and step over them.
 * Returns -1 if there are none or too many. */
static long
simple_number(const char **p, const char *end, int base, int digits, long max) {
    static const char all[] = "0123456789abcdefABCDEF";
    long value = 0;
    int n = 0;
    for (; *p < end && **p != '\0' && strchr(all, **p) != NULL; (*p)++, n++) {
        int digit = (int)(strchr(all, **p) - all);
        if (digit >= 16) digit -= 6;
        if (digit >= base || n == digits) return -1;
        value = value * base + digit;
    }
    return n == 0 || value > max ? -1 : value;
}

/* Four numbers without leading zeros. */
static bool
simple_ipv4(const char *p, const char *end, uint8_t out[static 4]) {
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (p == end || *p++ != '.')) return false;
        if (end - p > 1 && p[0] == '0' && p[1] >= '0' && p[1] <= '9') return false;
        long n = simple_number(&p, end, 10, 3, 255);
        if (n < 0) return false;
        out[i] = (uint8_t)n;
    }
    return p == end;
}

/* Groups before and after one "::", the last two perhaps written as IPv4. */
static bool
simple_ipv6(const char *p, const char *end, uint8_t out[static 16]) {
    uint8_t groups[16] = {0};
    int count = 0, gap = -1;
    if (end - p >= 2 && p[0] == ':' && p[1] == ':') gap = 0, p += 2;
    while (p < end) {
        const char *group = p;
        if (count > 14) return false;
        if (count <= 12 && simple_ipv4(p, end, groups + count)) {
            count += 4;
            p = end;
            break;
        }
        long n = simple_number(&p, end, 16, 4, 0xFFFF);
        if (n < 0 || p == group) return false;
        groups[count++] = (uint8_t)(n >> 8);
        groups[count++] = (uint8_t)n;
        if (p == end) break;
        if (*p++ != ':' || p == end) return false;
        if (*p != ':') continue;
        if (gap >= 0) return false;
        gap = count;
        p++;
    }
    if (gap < 0 ? count != 16 : count > 14) return false;
    memset(out, 0, 16);
    if (gap < 0) gap = count;
    memcpy(out, groups, (size_t)gap);
    memcpy(out + 16 - (count - gap), groups + gap, (size_t)(count - gap));
    return true;
}

static bool
simple_address(const char *p, const char *end, struct http_address *out) {
    *out = (struct http_address){.bytes = {[10] = 0xFF, [11] = 0xFF}};
    if (simple_ipv4(p, end, out->bytes + 12)) return true;
    return simple_ipv6(p, end, out->bytes);
}

/* ADDRESS, IPV4:PORT, [IPV6] or [IPV6]:PORT, with blanks around it. */
static bool
simple_hop(const char *p, const char *end, struct http_address *out) {
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (p < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (simple_address(p, end, out)) return true;

    const char *port = end;
    while (port > p && port[-1] >= '0' && port[-1] <= '9')
        port--;
    if (port > p && port[-1] == ':' && port < end) {
        const char *digits = port;
        while (digits < end - 1 && *digits == '0')
            digits++;
        if (simple_number(&digits, end, 10, 5, 65535) < 0) return false;
        end = port - 1;
        if (simple_ipv4(p, end, out->bytes + 12)) return simple_address(p, end, out);
    }
    if (end - p < 2 || p[0] != '[' || end[-1] != ']') return false;
    return simple_ipv6(p + 1, end - 1, out->bytes);
}

static struct http_address
simple_client(const struct http_trusted *trusted, struct http_address client, const char *text) {
    const char *end = text + strlen(text);
    while (end >= text && http_address_trusted(trusted, &client)) {
        const char *start = end;
        struct http_address hop = {0};
        while (start > text && start[-1] != ',')
            start--;
        if (!simple_hop(start, end, &hop)) break;
        client = hop;
        end = start - 1;
    }
    return client;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char text[600];
    struct http_trusted trusted;
    struct http_address peer, stranger;
    if (len < 2 || len > 512) return 0;
    memcpy(text, data + 2, len - 2);
    text[len - 2] = '\0';
    const char *from = peers[data[1] % ARRAY_LEN(peers)];
    require(http_trusted_parse(trusted_lists[data[0] % ARRAY_LEN(trusted_lists)], &trusted) == 0);
    require(http_address_parse(from, strlen(from), &peer) == 0);

    struct http_address client = http_address_client(&trusted, peer, text);
    struct http_address simple = simple_client(&trusted, peer, text);
    require(memcmp(&client, &simple, sizeof(client)) == 0);

    /* What a client sends is before what its proxy adds, and changes nothing. */
    memcpy(text + strlen(text), ", 203.0.113.77", sizeof(", 203.0.113.77"));
    require(http_address_parse("203.0.113.77", 12, &stranger) == 0);
    client = http_address_client(&trusted, peer, text);
    if (!http_address_trusted(&trusted, &peer)) require(memcmp(&client, &peer, sizeof(peer)) == 0);
    else if (!http_address_trusted(&trusted, &stranger))
        require(memcmp(&client, &stranger, sizeof(peer)) == 0);
    return 0;
}
