/* SPDX-License-Identifier: MIT */
#include "cli/transfer/link.h"

#include "base/err.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
/* What may stand in the address of a page. */
#define ADDRESS ALNUM "-._~:/@!$'()*+,;=%[]"

/* Characters that text around a link leaves at its ends. */
#define AROUND " \t\r\n<>\"'()[]{},;"

static bool
starts_with(const char *s, const char *prefix) {
    return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

/* Copy ${len} characters of ${from} without what surrounds them, and with %23 and %2E as what they
 * stood for.  Returns 0 or ERR_INVALID. */
static int
clean(const char *from, size_t len, char out[static LINK_TEXT_MAX + 1]) {
    size_t n = 0;
    while (len > 0 && strchr(AROUND, from[0]) != NULL)
        from++, len--;
    while (len > 0 && strchr(AROUND, from[len - 1]) != NULL)
        len--;
    if (len > LINK_TEXT_MAX || memchr(from, '\0', len) != NULL) return ERR_INVALID;
    for (size_t i = 0; i < len; i++) {
        bool hash = len - i >= 3 && strncmp(from + i, "%23", 3) == 0;
        bool dot = len - i >= 3 && strncasecmp(from + i, "%2e", 3) == 0;
        out[n] = from[i];
        if (hash) out[n] = '#';
        if (dot) out[n] = '.';
        n++;
        if (hash || dot) i += 2;
    }
    out[n] = '\0';
    return 0;
}

/* Put the scheme and the host of ${address} into lower case: they are the same in any case. */
static void
lower_origin(char *address) {
    size_t slashes = 0;
    for (char *p = address; *p != '\0' && slashes < 3; p++) {
        slashes += *p == '/';
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
    }
}

int
link_address(const char *text, size_t len, char out[static LINK_PAGE_MAX]) {
    if (len + 2 > LINK_PAGE_MAX || memchr(text, '\0', len) != NULL) return ERR_INVALID;
    memcpy(out, text, len);
    out[len] = '\0';
    const char *host = starts_with(out, "https://")  ? out + 8
                       : starts_with(out, "http://") ? out + 7
                                                     : NULL;
    if (host == NULL || strspn(host, ADDRESS) != strlen(host)) return ERR_INVALID;
    size_t host_len = strcspn(host, "/");
    if (host_len == 0 || host[0] == ':' || memchr(host, '@', host_len) != NULL) return ERR_INVALID;
    lower_origin(out);
    if (out[len - 1] != '/') memcpy(out + len, "/", 2);
    return 0;
}

bool
link_is_exposed(const char *address) {
    static const char *const here[] = {"localhost", "127.0.0.1", "[::1]"};
    if (!starts_with(address, "http://")) return false;
    const char *host = address + 7;
    for (size_t i = 0; i < ARRAY_LEN(here); i++) {
        size_t len = strlen(here[i]);
        if (starts_with(host, here[i]) && strchr(":/", host[len]) != NULL) return false;
    }
    return true;
}

/* What may follow a whole link: nothing, or a tail that some gateway hung on. */
static bool
is_tail(const char *s) {
    return s[0] == '\0' || strchr("?&/.,;:!#", s[0]) != NULL;
}

/* Read "ID" or "ID.KEY" at ${s}. */
static int
parse_fragment(const char *s, struct link *out) {
    size_t id_len = strspn(s, ALNUM);
    if (id_len != TOKEN_SEALED_ID_LEN) return ERR_INVALID;
    memcpy(out->id, s, id_len);
    s += id_len;
    size_t key_len = s[0] == '.' ? strspn(s + 1, ALNUM) : 0;
    if (key_len == TOKEN_LINK_KEY_LEN) {
        memcpy(out->key, s + 1, key_len);
        s += 1 + key_len;
    } else if (key_len > 0) return ERR_INVALID; /* cut or lengthened on its way */
    out->kind = LINK_SEALED;
    return is_tail(s) ? 0 : ERR_INVALID;
}

/* Read ".../secret/ID"; ${path} is where "secret/" begins. */
static int
parse_classic(const char *text, const char *path, struct link *out) {
    const char *id = path + strlen("secret/");
    size_t id_len = strspn(id, ALNUM);
    if (id_len != TOKEN_CLASSIC_ID_LEN || !is_tail(id + id_len)) return ERR_INVALID;
    memcpy(out->id, id, id_len);
    out->kind = LINK_CLASSIC;
    return link_address(text, (size_t)(path - text), out->page);
}

static int
parse_text(const char *s, struct link *out) {
    const char *hash = strchr(s, '#');
    if (hash == NULL) {
        const char *path = strstr(s, "/secret/");
        return path != NULL ? parse_classic(s, path + 1, out) : parse_fragment(s, out);
    }
    const char *classic = strstr(s, "/secret/");
    if (classic != NULL && classic < hash && parse_classic(s, classic + 1, out) == 0) return 0;
    size_t page_len = strcspn(s, "?&#");
    if (link_address(s, page_len, out->page) != 0) return ERR_INVALID;
    /* A page is where it is with or without a '/' behind a file name. */
    if (page_len > 0 && s[page_len - 1] != '/' && strstr(s, "://") != NULL) {
        const char *host = strstr(s, "://") + 3;
        const char *slash = memchr(host, '/', page_len - (size_t)(host - s));
        if (slash != NULL) out->page[page_len] = '\0';
    }
    return parse_fragment(hash + 1, out);
}

int
link_parse(const char *text, size_t len, struct link *out) {
    char s[LINK_TEXT_MAX + 1] = "";
    memset(out, 0, sizeof(*out));
    int err = clean(text, len, s);
    if (err == 0) err = parse_text(s, out);
    explicit_bzero(s, sizeof(s));
    if (err != 0) explicit_bzero(out, sizeof(*out));
    return err;
}

int
link_build(const char *page, const char *id, const char *key, struct buf *out) {
    return key == NULL ? buf_printf(out, "%s#%s", page, id)
                       : buf_printf(out, "%s#%s.%s", page, id, key);
}
