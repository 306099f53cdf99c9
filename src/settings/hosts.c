/* SPDX-License-Identifier: MIT */
#include "settings/hosts.h"

#include <ctype.h>

#include "base/err.h"
#include "base/text/parse.h"
#include "http/address.h"

enum { HTTP_PORT = 80 };

#define SEPARATORS ", "

/* Whether the ${len} bytes at ${name} are a host name in lower case. */
static bool
is_host_name(const char *name, size_t len) {
    if (len == 0 || name[0] == '.' || name[0] == '-') return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (!islower(c) && !isdigit(c) && c != '.' && c != '-') return false;
    }
    return true;
}

int
hosts_parse(const char *list, struct hosts *out) {
    size_t len = strlen(list);
    *out = (struct hosts){0};
    if (len > HOSTS_TEXT_MAX) return ERR_INVALID;
    for (size_t i = 0; i < len; i++)
        out->text[i] = (char)tolower((unsigned char)list[i]);

    char *at = out->text + strspn(out->text, SEPARATORS);
    while (*at != '\0') {
        size_t n = strcspn(at, SEPARATORS);
        if (out->count == HOSTS_MAX || !is_host_name(at, n)) return ERR_INVALID;
        out->items[out->count++] = at;

        /* End the name, and go on after the separators. */
        char *end = at + n;
        at = end + strspn(end, SEPARATORS);
        *end = '\0';
    }
    return 0;
}

static bool
text_is(const char *text, size_t len, const char *expected) {
    return strlen(expected) == len && strncasecmp(text, expected, len) == 0;
}

/* Whether ${name} is the host of ${page}, an address such as https://HOST:PORT/. */
static bool
is_host_of(const char *page, const char *name, size_t len) {
    const char *host = strstr(page, "://");
    if (host == NULL) return false;
    host += strlen("://");
    return strcspn(host, ":/") == len && strncasecmp(host, name, len) == 0;
}

/* Whether no page can have ${name} that DNS made point here. */
static bool
is_safe_name(const char *name, size_t len) {
    static const char local[] = "localhost";
    struct http_address address;
    size_t n = strlen(local);
    if (len == 0 || text_is(name, len, local)) return true;
    if (len > n && name[len - n - 1] == '.' && strncasecmp(name + len - n, local, n) == 0)
        return true;
    return http_address_parse(name, len, &address) == 0;
}

static bool
is_set_name(const struct hosts_peer *peer, const char *name, size_t len) {
    for (int i = 0; i < peer->hosts->count; i++)
        if (text_is(name, len, peer->hosts->items[i])) return true;
    return is_host_of(peer->page, name, len);
}

/* Cut ${host} into a name and a port.  Returns false if it is neither NAME:PORT nor NAME. */
static bool
split_host(const char *host, const char **name, size_t *len, int64_t *port) {
    const char *end;
    *name = host;
    *port = HTTP_PORT;
    if (host[0] == '[') {
        *name = host + 1;
        *len = strcspn(*name, "]");
        if ((*name)[*len] == '\0') return false;
        end = *name + *len + 1;
    } else {
        *len = strcspn(host, ":");
        end = host + *len;
    }

    if (*end == '\0') return true;
    if (*end != ':') return false;
    return end[1] == '\0' || parse_number(end + 1, strlen(end + 1), 0, 65535, port) == 0;
}

bool
hosts_allow(const struct hosts_peer *peer, const char *host) {
    const char *name;
    size_t len;
    int64_t port;
    if (host == NULL || peer->port == 0) return true;
    if (!split_host(host, &name, &len, &port)) return false;
    if (len > 0 && name[len - 1] == '.') len--; /* the root of DNS */

    if (is_safe_name(name, len) || is_set_name(peer, name, len)) return true;
    return peer->trusted && port != peer->port;
}
