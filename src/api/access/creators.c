/* SPDX-License-Identifier: MIT */
#include "api/access/creators.h"

#include "base/err.h"

static bool
is_word(const char *item, size_t len, const char *word) {
    return len == strlen(word) && memcmp(item, word, len) == 0;
}

/* Add the item ${item}, ${len} of a list to ${out}. */
static int
add_way(const char *item, size_t len, struct creators *out) {
    if (is_word(item, len, "token")) out->ways |= CREATORS_TOKEN;
    else if (is_word(item, len, "user")) out->ways |= CREATORS_USER;
    else if (http_trusted_add(&out->networks, item, len) == 0) out->ways |= CREATORS_NETWORK;
    else return ERR_INVALID;
    return 0;
}

int
creators_parse(const char *list, struct creators *out) {
    const char *item;
    size_t len;
    *out = (struct creators){.limited = strcmp(list, "anyone") != 0};
    if (!out->limited || strcmp(list, "nobody") == 0) return 0;

    while (http_list_next(&list, &item, &len))
        if (add_way(item, len, out) != 0) return ERR_INVALID;
    return 0;
}

enum http_plane
creators_plane(const struct creators *c, enum http_plane plane) {
    if (c->limited && c->ways == 0) return HTTP_PLANE_OPEN;
    return plane;
}

unsigned
creators_ways(const struct creators *c, const struct creators_facts *facts) {
    unsigned ways = 0;
    if (creators_plane(c, facts->plane) == HTTP_PLANE_OPEN) return 0;

    if (facts->token) ways |= CREATORS_TOKEN;
    if (facts->user && facts->site == SITE_OWN) ways |= CREATORS_USER;
    if (facts->client != NULL && facts->site != SITE_FOREIGN &&
        http_address_in(&c->networks, facts->client))
        ways |= CREATORS_NETWORK;
    return ways & c->ways;
}

bool
creators_allow(const struct creators *c, const struct creators_facts *facts) {
    if (creators_plane(c, facts->plane) == HTTP_PLANE_OPEN) return false;
    return !c->limited || creators_ways(c, facts) != 0;
}
