/* SPDX-License-Identifier: MIT */
#include "http/user.h"

#include "base/err.h"
#include "base/text/hidden.h"
#include "base/text/utf8.h"
#include "http/message.h"

int
http_user_proxies_parse(const char *list, struct http_user_proxies *out) {
    static const char word[] = "unix";
    const char *rest = list[0] != '\0' ? list : NULL, *item;
    size_t len;
    *out = (struct http_user_proxies){0};
    while (http_list_next(&rest, &item, &len)) {
        if (len == strlen(word) && memcmp(item, word, len) == 0) out->local = true;
        else if (http_trusted_add(&out->networks, item, len) != 0) return ERR_INVALID;
    }
    return 0;
}

bool
http_user_is_header(const char *name) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char *const others[] = {"Connection", "Content-Length",    "Cookie",
                                         "Expect",     "Keep-Alive",        "TE",
                                         "Trailer",    "Transfer-Encoding", "Upgrade"};
    size_t len = strlen(name);
    if (len == 0 || len > HTTP_USER_HEADER_MAX || strspn(name, allowed) != len) return false;

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strcasecmp(name, others[i]) == 0) return false;
    return http_header_find(name) < 0;
}

/* Whether all of ${text}, ${len} bytes of UTF-8, can be seen, and is more than spaces. */
static bool
is_visible(const char *text, size_t len) {
    bool seen = false;
    for (size_t at = 0; at < len;) {
        uint32_t c;
        if (hidden_at(text, len, at, &c) > 0) return false;
        at += utf8_decode(text + at, len - at, &c);
        if (c != ' ' && !utf8_is_wide_space(c)) seen = true;
    }
    return seen;
}

bool
http_user_is_name(const char *name) {
    static const char of_token[] = HTTP_USER_OF_TOKEN;
    size_t len = strlen(name);
    if (len == 0 || len > HTTP_USER_MAX || !utf8_valid(name, len)) return false;
    if (strncasecmp(name, of_token, strlen(of_token)) == 0) return false;
    return !utf8_has_control(name, len) && is_visible(name, len);
}

/* Whether ${peer} is one of ${proxies}. */
static bool
is_user_proxy(const struct http_user_proxies *proxies, const struct http_address *peer) {
    if (peer->local) return proxies->local;
    return http_address_in(&proxies->networks, peer);
}

const char *
http_user_of(const struct http_user_proxies *proxies, const struct http_address *peer,
             const char *value, unsigned lines) {
    if (value == NULL || lines != 1 || !is_user_proxy(proxies, peer)) return NULL;
    return http_user_is_name(value) ? value : NULL;
}
