/* SPDX-License-Identifier: MIT */
#include "cli/address/link.h"

#include "base/err.h"
#include "cli/address/unwrap.h"
#include "http/url.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
/* What the address of a page may contain. */
#define ADDRESS ALNUM "-._~:/@!$'()*+,;=%[]"
/* What may follow a link in a text, or was added to it by a gateway. */
#define TAIL "?&/.,;:!#)]}>*_~|'"

enum { WRAPS_MAX = 3 };

static bool
starts_with(const char *s, const char *prefix) {
    return strncasecmp(s, prefix, strlen(prefix)) == 0;
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

/* Return whether the ${len} bytes at ${text} are ASCII. */
static bool
is_ascii_bytes(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] & 0x80) != 0) return false;
    return true;
}

/* Copy the address of ${len} bytes at ${text} to ${out}, a host of other letters as DNS has it.
 * Returns 0 or ERR_INVALID. */
static int
copy_address(const char *text, size_t len, char out[static LINK_PAGE_MAX]) {
    char given[LINK_PAGE_MAX];
    if (len + 2 > LINK_PAGE_MAX || memchr(text, '\0', len) != NULL) return ERR_INVALID;
    memcpy(out, text, len);
    out[len] = '\0';
    if (is_ascii_bytes(text, len)) return 0;

    memcpy(given, out, len + 1);
    return http_url_ascii(given, out, LINK_PAGE_MAX - 1) == 0 ? 0 : ERR_INVALID;
}

int
link_address(const char *text, size_t len, char out[static LINK_PAGE_MAX]) {
    if (copy_address(text, len, out) != 0) return ERR_INVALID;
    len = strlen(out);

    const char *host = NULL;
    if (starts_with(out, "https://")) host = out + 8;
    else if (starts_with(out, "http://")) host = out + 7;
    if (host == NULL || strspn(host, ADDRESS) != strlen(host)) return ERR_INVALID;

    size_t host_len = strcspn(host, "/");
    if (host_len == 0 || host[0] == ':' || memchr(host, '@', host_len) != NULL) return ERR_INVALID;
    lower_origin(out);
    if (out[len - 1] != '/') memcpy(out + len, "/", 2);
    return 0;
}

/* Return whether ${s} may follow a whole link: nothing, or a tail.  Typographic quotes are not
 * ASCII. */
static bool
is_tail(const char *s) {
    return s[0] == '\0' || strchr(TAIL, s[0]) != NULL || ((unsigned char)s[0] & 0x80) != 0;
}

/* Copy the key of 32 characters that follows a dot at ${*s}, and move ${*s} behind it.  Returns
 * whether it is there. */
static bool
take_dotted_key(const char **s, char out[static TOKEN_LINK_KEY_LEN + 1]) {
    if (**s != '.' || strspn(*s + 1, ALNUM) != TOKEN_LINK_KEY_LEN) return false;
    memcpy(out, *s + 1, TOKEN_LINK_KEY_LEN);
    *s += 1 + TOKEN_LINK_KEY_LEN;
    return true;
}

/* Parse "r.ID.KEY" or "c.ID.SEED.KEY" at ${s}: a request. */
static int
parse_request(const char *s, struct link *out) {
    bool collects = s[0] == 'c';
    s += 2;
    if (strspn(s, ALNUM) != TOKEN_SEALED_ID_LEN) return ERR_INVALID;
    memcpy(out->id, s, TOKEN_SEALED_ID_LEN);
    s += TOKEN_SEALED_ID_LEN;

    out->kind = collects ? LINK_COLLECT : LINK_ANSWER;
    if (collects && !take_dotted_key(&s, out->seed)) return ERR_INVALID;
    return take_dotted_key(&s, out->key) && is_tail(s) ? 0 : ERR_INVALID;
}

/* Parse "ID" or "ID.KEY" at ${s}. */
static int
parse_fragment(const char *s, struct link *out) {
    size_t id_len = strspn(s, ALNUM), key_len = 0;
    if (id_len == 1 && (s[0] == 'r' || s[0] == 'c') && s[1] == '.') return parse_request(s, out);
    if (id_len != TOKEN_SEALED_ID_LEN) return ERR_INVALID;
    memcpy(out->id, s, id_len);
    s += id_len;

    if (s[0] == '.') key_len = strspn(s + 1, ALNUM);
    if (key_len > 0) {
        /* Any other length was cut or lengthened on the way. */
        if (key_len != TOKEN_LINK_KEY_LEN) return ERR_INVALID;
        memcpy(out->key, s + 1, key_len);
        s += 1 + key_len;
    }
    out->kind = LINK_SEALED;
    if (!is_tail(s)) return ERR_INVALID;
    return 0;
}

/* Parse ".../secret/ID" in ${text}; ${path} is where "secret/" begins. */
static int
parse_classic(const char *text, const char *path, struct link *out) {
    const char *id = path + strlen("secret/");
    size_t id_len = strspn(id, ALNUM);
    if (id_len != TOKEN_CLASSIC_ID_LEN || !is_tail(id + id_len)) return ERR_INVALID;
    memcpy(out->id, id, id_len);
    out->kind = LINK_CLASSIC;
    return link_address(text, (size_t)(path - text), out->page);
}

/* Write to out->page the address of ${len} characters at ${s}. */
static int
parse_page(const char *s, size_t len, struct link *out) {
    if (link_address(s, len, out->page) != 0) return ERR_INVALID;

    /* One slash is enough for link_address(), but not for a link. */
    const char *host = strstr(s, "://");
    if (host == NULL || host + 3 > s + len) return ERR_INVALID;
    host += 3;

    /* A path that does not end with '/' is a file; link_address() added one. */
    bool has_path = memchr(host, '/', len - (size_t)(host - s)) != NULL;
    if (s[len - 1] != '/' && has_path) out->page[strlen(out->page) - 1] = '\0';
    return 0;
}

/* Parse the address ${s}, which nothing wraps. */
static int
parse_address(const char *s, struct link *out) {
    const char *hash = strchr(s, '#'), *classic = strstr(s, "/secret/");
    if (hash == NULL && classic == NULL) return parse_fragment(s, out);
    if (classic != NULL && (hash == NULL || classic < hash) &&
        parse_classic(s, classic + 1, out) == 0)
        return 0;
    if (hash == NULL) return ERR_INVALID;

    if (parse_page(s, strcspn(s, "?&#"), out) != 0) return ERR_INVALID;
    return parse_fragment(hash + 1, out);
}

/* Return whether the query of ${text} holds the encoded '#' of a link, and ${text} has no '#' of
 * its own. */
static bool
encodes_its_link(const char *text) {
    const char *encoded = strstr(text, "%2");
    return strchr(text, '#') == NULL && encoded != NULL && text + strcspn(text, "?") < encoded;
}

/* Parse ${text}, unwrapping it as often as needed.  The fragment of a known wrapper is not its own,
 * so it is unwrapped before it is parsed. */
static int
parse_wrapped(char text[static LINK_TEXT_MAX + 1], struct link *out) {
    for (int wraps = 0; wraps < WRAPS_MAX; wraps++) {
        enum unwrap_result unwrapped = unwrap_known(text);
        if (unwrapped == UNWRAP_DONE) continue;
        if (unwrapped == UNWRAP_BROKEN) return ERR_INVALID;
        if (encodes_its_link(text) && unwrap_any(text) == UNWRAP_DONE) continue;

        char plain[LINK_TEXT_MAX + 1];
        memcpy(plain, text, sizeof(plain));
        unwrap_marks(plain);
        *out = (struct link){0};
        int err = parse_address(plain, out);
        explicit_bzero(plain, sizeof(plain));
        if (err == 0 || unwrap_any(text) != UNWRAP_DONE) return err;
    }
    return ERR_INVALID;
}

int
link_parse(const char *text, size_t len, struct link *out) {
    char s[LINK_TEXT_MAX + 1] = "";
    *out = (struct link){0};
    int err = unwrap_clean(text, len, s);
    if (err == 0) err = parse_wrapped(s, out);
    explicit_bzero(s, sizeof(s));
    if (err != 0) explicit_bzero(out, sizeof(*out));
    return err;
}

int
link_build(const char *page, const char *id, const char *key, struct buf *out) {
    if (key == NULL) return buf_printf(out, "%s#%s", page, id);
    return buf_printf(out, "%s#%s.%s", page, id, key);
}

int
link_build_request(const char *page, const char *id, const char *seed, const char *key,
                   struct buf *out) {
    if (seed == NULL) return buf_printf(out, "%s#r.%s.%s", page, id, key);
    return buf_printf(out, "%s#c.%s.%s.%s", page, id, seed, key);
}
