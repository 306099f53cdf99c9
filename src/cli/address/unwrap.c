/* SPDX-License-Identifier: MIT */
#include "cli/address/unwrap.h"

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/hex.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* Where an address ends in a text. */
#define AFTER " \t\r\n<>\"`|\\^"

/* Characters that some programs insert, and nobody sees. */
static const char *const invisible[] = {
    "\xc2\xad",     /* soft hyphen */
    "\xe2\x80\x8b", /* zero width space */
    "\xe2\x80\x8c", /* zero width non-joiner */
    "\xe2\x80\x8d", /* zero width joiner */
    "\xe2\x80\x8e", /* left-to-right mark */
    "\xe2\x80\x8f", /* right-to-left mark */
    "\xe2\x81\xa0", /* word joiner */
    "\xe2\x81\xa6", /* left-to-right isolate */
    "\xe2\x81\xa7", /* right-to-left isolate */
    "\xe2\x81\xa8", /* first strong isolate */
    "\xe2\x81\xa9", /* pop directional isolate */
    "\xef\xbb\xbf", /* byte order mark */
};

/* Blanks beyond ASCII. */
static const char *const blanks[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe3\x80\x80"};

/* Return the length of the one of ${list} that ${s} begins with; 0 for none. */
static size_t
one_of(const char *const *list, size_t count, const char *s) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(s, list[i], strlen(list[i])) == 0) return strlen(list[i]);
    return 0;
}

/* Remove the invisible characters of ${text}, and make every blank a space. */
static void
remove_invisible(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        size_t gone = one_of(invisible, ARRAY_LEN(invisible), from);
        size_t blank = one_of(blanks, ARRAY_LEN(blanks), from);
        if (gone > 0) from += gone;
        else if (blank > 0) {
            *to++ = ' ';
            from += blank;
        } else *to++ = *from++;
    }
    *to = '\0';
}

/* Return where the first "http://" or "https://" of ${s} begins, or NULL. */
static const char *
find_scheme(const char *s) {
    for (; *s != '\0'; s++)
        if (strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0) return s;
    return NULL;
}

int
unwrap_clean(const char *text, size_t len, char out[static LINK_TEXT_MAX + 1]) {
    if (len > LINK_TEXT_MAX || (len > 0 && memchr(text, '\0', len) != NULL)) return ERR_INVALID;
    memcpy(out, text, len);
    out[len] = '\0';
    remove_invisible(out);

    const char *begin = find_scheme(out);
    if (begin == NULL) begin = out + strcspn(out, ALNUM);
    size_t n = strcspn(begin, AFTER);
    memmove(out, begin, n);
    out[n] = '\0';
    return 0;
}

void
unwrap_marks(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        const char *code = from + 1;
        while (*from == '%' && strncmp(code, "25", 2) == 0)
            code += 2;
        bool hash = *from == '%' && strncmp(code, "23", 2) == 0;
        bool dot = *from == '%' && strncasecmp(code, "2e", 2) == 0;

        *to = *from++;
        if (hash) *to = '#';
        if (dot) *to = '.';
        if (hash || dot) from = code + 2;
    }
    *to = '\0';
}

/* Decode ${len} characters of a query at ${s}; ${percent} begins an encoded byte.  ${out} may be
 * where they are.  A NUL ends the result. */
static void
decode_value(const char *s, size_t len, char percent, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int high = -1, low = -1;
        if (s[i] == percent && i + 2 < len) {
            high = hex_digit(s[i + 1]);
            low = hex_digit(s[i + 2]);
        }

        out[n] = s[i];
        if (high >= 0 && low >= 0) {
            out[n] = (char)(high * 16 + low);
            i += 2;
        }
        if (out[n] == '\0') break;
        n++;
    }
    out[n] = '\0';
}

enum wrapper_style {
    PERCENT, /* the parameter is percent-encoded */
    DASHES,  /* Proofpoint 2: '-' for '%' and '_' for '/' */
    STARRED, /* Proofpoint 3: between "__" and "__;", with stars for what is listed after it */
};

/* Services that wrap links.  A host matches with everything before it, such as "eur01.". */
static const struct wrapper {
    const char *host, *path;
    const char *parameter;
    enum wrapper_style style;
} wrappers[] = {
    {"safelinks.protection.outlook.com", "/", "url", PERCENT},
    {"teams.cdn.office.net", "/", "url", PERCENT},
    {"google.com", "/url", "q", PERCENT},
    {"google.com", "/url", "url", PERCENT},
    {"google.de", "/url", "q", PERCENT},
    {"google.co.uk", "/url", "q", PERCENT},
    {"facebook.com", "/l.php", "u", PERCENT},
    {"instagram.com", "/", "u", PERCENT},
    {"messenger.com", "/l.php", "u", PERCENT},
    {"slack-redir.net", "/link", "url", PERCENT},
    {"linkedin.com", "/redir/redirect", "url", PERCENT},
    {"youtube.com", "/redirect", "q", PERCENT},
    {"linkprotect.cudasvc.com", "/url", "a", PERCENT},
    {"urldefense.proofpoint.com", "/v1/url", "u", PERCENT},
    {"urldefense.proofpoint.com", "/v2/url", "u", DASHES},
    {"urldefense.com", "/v3/__", NULL, STARRED},
    {"urldefense.us", "/v3/__", NULL, STARRED},
};

/* Return whether the host of ${len} characters at ${s} is ${name}, or ends with "." and it. */
static bool
is_host_below(const char *s, size_t len, const char *name) {
    size_t name_len = strlen(name);
    if (len < name_len || strncasecmp(s + len - name_len, name, name_len) != 0) return false;
    return len == name_len || s[len - name_len - 1] == '.';
}

/* Return where the value of ${name} begins in the query of ${text}, with its length; NULL if there
 * is none.  ${name} may be NULL for any that is an address. */
static const char *
find_parameter(const char *text, const char *name, size_t *len) {
    const char *s = text + strcspn(text, "?");
    while (*s != '\0' && *s != '#') {
        s++;
        size_t name_len = strcspn(s, "=&#");
        const char *value = s + name_len + (s[name_len] == '=');
        *len = strcspn(value, "&#");
        bool found = name != NULL ? strlen(name) == name_len && strncmp(s, name, name_len) == 0
                                  : strncasecmp(value, "http", 4) == 0;
        if (found) return value;
        s = value + *len;
    }
    return NULL;
}

/* Return how many bytes of the list the text at ${s} stands for: 1 for "*", and for "**" and a
 * letter the number of the letter and two, which sets ${*len} to 3. */
static size_t
star_run(const char *s, size_t *len) {
    static const char digits[] = ALNUM "-_";
    *len = 1;
    if (s[0] != '*') return 0;
    const char *letter = s[1] == '*' && s[2] != '\0' ? strchr(digits, s[2]) : NULL;
    if (letter == NULL) return 1;
    *len = 3;
    return (size_t)(letter - digits) + 2;
}

/* Decode Proofpoint's third form at ${s}, "URL__;LIST!...": stars in the URL stand for bytes of
 * LIST, which is base64url.  Returns 0 or ERR_INVALID. */
static int
decode_starred(const char *s, char out[static LINK_TEXT_MAX + 1]) {
    const char *end = strstr(s, "__;");
    if (end == NULL) return ERR_INVALID;
    struct buf list = BUF_INIT(LINK_TEXT_MAX);
    size_t used = 0, n = 0, len = 0;
    int err = base64_decode(BASE64_URL, end + 3, strspn(end + 3, ALNUM "-_"), &list);

    for (; err == 0 && s < end; s += len) {
        size_t run = star_run(s, &len);
        if (run > list.len - used || n + run + 1 > LINK_TEXT_MAX) err = ERR_INVALID;
        else if (run == 0) out[n++] = *s;
        else memcpy(out + n, list.data + used, run);
        used += run;
        n += run;
    }
    if (err != 0) n = 0;
    out[n] = '\0';
    buf_free(&list);
    return err == 0 && strlen(out) == n ? 0 : ERR_INVALID;
}

/* Set ${text} to the wrapped address ${inner}, with ${fragment} if it has none of its own.  Some
 * gateways shorten its "//" to "/". */
static enum unwrap_result
take_inner(const char *inner, const char *fragment, char text[static LINK_TEXT_MAX + 1]) {
    char whole[2 * LINK_TEXT_MAX + 2];
    const char *colon = strchr(inner, ':');
    if (colon == NULL || strncasecmp(inner, "http", 4) != 0) return UNWRAP_BROKEN;

    const char *host = colon + 1 + strspn(colon + 1, "/");
    if (strchr(inner, '#') != NULL || strstr(inner, "%23") != NULL) fragment = "";
    int n =
        snprintf(whole, sizeof(whole), "%.*s://%s%s", (int)(colon - inner), inner, host, fragment);
    if (n <= LINK_TEXT_MAX) memcpy(text, whole, (size_t)n + 1);
    explicit_bzero(whole, sizeof(whole));
    return n <= LINK_TEXT_MAX ? UNWRAP_DONE : UNWRAP_BROKEN;
}

/* Decode what ${w} wrapped in ${text} to ${inner}.  Returns 0 or ERR_INVALID. */
static int
decode_wrapped(const struct wrapper *w, const char *text, char inner[static LINK_TEXT_MAX + 1]) {
    size_t len = 0;
    if (w->style == STARRED) return decode_starred(strstr(text, "__") + 2, inner);
    const char *value = find_parameter(text, w->parameter, &len);
    if (value == NULL) return ERR_INVALID;

    memcpy(inner, value, len);
    for (size_t i = 0; w->style == DASHES && i < len; i++)
        if (inner[i] == '_') inner[i] = '/';
    decode_value(inner, len, w->style == DASHES ? '-' : '%', inner);
    return 0;
}

/* Return whether ${text} is an address of ${w}. */
static bool
is_wrapped_by(const struct wrapper *w, const char *text) {
    const char *host = strstr(text, "://");
    if (host == NULL) return false;
    host += 3;
    const char *path = host + strcspn(host, "/?#");
    return is_host_below(host, strcspn(host, ":/?#&"), w->host) &&
           strncasecmp(path, w->path, strlen(w->path)) == 0;
}

enum unwrap_result
unwrap_known(char text[static LINK_TEXT_MAX + 1]) {
    enum unwrap_result result = UNWRAP_NOTHING;
    for (size_t i = 0; i < ARRAY_LEN(wrappers) && result != UNWRAP_DONE; i++) {
        char inner[LINK_TEXT_MAX + 1] = "", fragment[LINK_TEXT_MAX + 1] = "";
        if (!is_wrapped_by(&wrappers[i], text)) continue;
        result = UNWRAP_BROKEN;

        /* A fragment of the wrapper was that of the address. */
        if (wrappers[i].style != STARRED)
            memcpy(fragment, text + strcspn(text, "#"), strlen(text + strcspn(text, "#")) + 1);
        if (decode_wrapped(&wrappers[i], text, inner) == 0)
            result = take_inner(inner, fragment, text);
        explicit_bzero(inner, sizeof(inner));
        explicit_bzero(fragment, sizeof(fragment));
    }
    return result;
}

enum unwrap_result
unwrap_any(char text[static LINK_TEXT_MAX + 1]) {
    size_t len = 0;
    const char *value = find_parameter(text, NULL, &len);
    if (value == NULL) return UNWRAP_NOTHING;

    char inner[LINK_TEXT_MAX + 1] = "";
    decode_value(value, len, '%', inner);
    enum unwrap_result result = take_inner(inner, "", text);
    explicit_bzero(inner, sizeof(inner));
    return result;
}
