/* SPDX-License-Identifier: MIT */
#include "api/web/origins.h"

#include "base/err.h"

static bool
is_origin(const char *text, size_t len) {
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (len <= n || memcmp(text, schemes[i], n) != 0) continue;
        return strspn(text + n, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") >= len - n;
    }
    return false;
}

int
origins_parse(const char *list, struct origins *out) {
    size_t len = strlen(list);
    *out = (struct origins){.count = 0};
    if (len > ORIGINS_TEXT_MAX) return ERR_INVALID;

    /* Cut the copy into strings. */
    memcpy(out->text, list, len + 1);
    for (char *rest = out->text; *rest != '\0';) {
        rest += strspn(rest, " ");
        size_t n = strcspn(rest, ", ");
        if (!is_origin(rest, n) || out->count == ORIGINS_MAX) return ERR_INVALID;

        out->items[out->count++] = rest;
        char *end = rest + n;
        rest = end + strspn(end, ", ");
        *end = '\0';
    }
    return 0;
}

const char *
origins_find(const struct origins *all, const char *origin) {
    if (strcmp(origin, "null") == 0) return NULL;
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->items[i], origin) == 0) return all->items[i];
    return NULL;
}

bool
origins_is_page(const char *address) {
    const char *scheme_end = strstr(address, "://");
    if (scheme_end == NULL) return false;
    const char *host = scheme_end + 3;
    size_t len = (size_t)(host - address) + strcspn(host, "/");
    return is_origin(address, len) && strpbrk(address, "?# \"<>\\") == NULL;
}
