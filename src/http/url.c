/* SPDX-License-Identifier: MIT */
#include "http/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <locale.h>
#include <string.h>

#include "base/err.h"
#include "base/text/base64.h"

enum { LOGIN_MAX = 512 }; /* user and password of an address */

/* Return whether ${u} has a part that an address of ours never has. */
static bool
has_credentials(CURLU *u) {
    char *user = NULL, *password = NULL;
    bool found = curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK ||
                 curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
    curl_free(user);
    curl_free(password);
    return found;
}

static bool
is_ascii(const char *text) {
    for (; *text != '\0'; text++)
        if (((unsigned char)*text & 0x80) != 0) return false;
    return true;
}

/* Replace ${*host}, which is not ASCII, by the name that DNS has.  libcurl takes the host to be in
 * the encoding of the locale. */
static CURLUcode
encode_host(CURLU *u, char **host) {
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0) return CURLUE_BAD_HOSTNAME;
    locale_t before = uselocale(utf8);

    curl_free(*host);
    *host = NULL;
    CURLUcode code = curl_url_get(u, CURLUPART_HOST, host, CURLU_PUNYCODE);
    (void)uselocale(before);
    freelocale(utf8);

    /* A libcurl without IDN gives the host as it is, and another has no code for a bad name. */
    if (code == CURLUE_OK && is_ascii(*host)) return CURLUE_OK;
    return CURLUE_BAD_HOSTNAME;
}

/* Put the host of ${u} into ASCII and lower case.  libcurl does that with the scheme only. */
static CURLUcode
plain_host(CURLU *u) {
    char *host = NULL;
    CURLUcode code = curl_url_get(u, CURLUPART_HOST, &host, 0);
    if (code == CURLUE_OK && !is_ascii(host)) code = encode_host(u, &host);
    if (code != CURLUE_OK) {
        curl_free(host);
        return code;
    }

    for (char *p = host; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    code = curl_url_set(u, CURLUPART_HOST, host, 0);
    curl_free(host);
    return code;
}

/* Return whether the scheme of ${u} is http or https. */
static bool
is_http(CURLU *u) {
    char *scheme = NULL;
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return false;
    bool ok = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    curl_free(scheme);
    return ok;
}

/* Set ${u} to the address ${base} and, unless it is NULL, ${reference} resolved against it, and
 * write the result to ${out}.  Frees ${u}.  Returns as http_url_resolve(). */
static int
write_address(CURLU *u, const char *base, const char *reference, char *out, size_t size) {
    char *whole = NULL;
    if (u == NULL) return ERR_NOMEM;

    /* An address that is set a second time is resolved against the first. */
    CURLUcode code = curl_url_set(u, CURLUPART_URL, base, 0);
    if (code == CURLUE_OK && reference != NULL) code = curl_url_set(u, CURLUPART_URL, reference, 0);
    if (code == CURLUE_OK && (!is_http(u) || has_credentials(u))) code = CURLUE_BAD_SCHEME;
    if (code == CURLUE_OK) code = plain_host(u);
    if (code == CURLUE_OK) code = curl_url_get(u, CURLUPART_URL, &whole, 0);
    curl_url_cleanup(u);

    if (code == CURLUE_OUT_OF_MEMORY) return ERR_NOMEM;
    if (code != CURLUE_OK) return ERR_INVALID;
    size_t len = strlen(whole);
    if (len < size) memcpy(out, whole, len + 1);
    curl_free(whole);
    return len < size ? 0 : ERR_TOO_LARGE;
}

int
http_url_resolve(const char *base, const char *reference, char *out, size_t size) {
    return write_address(curl_url(), base, reference, out, size);
}

int
http_url_ascii(const char *address, char *out, size_t size) {
    return write_address(curl_url(), address, NULL, out, size);
}

/* Append "Basic " and base64 of "user:password". */
static int
add_basic(const char *user, const char *password, struct buf *authorization) {
    struct buf pair = BUF_INIT(LOGIN_MAX);
    int err = buf_printf(&pair, "%s:%s", user, password == NULL ? "" : password);
    if (err == 0) err = buf_add_text(authorization, "Basic ");
    if (err == 0) err = base64_encode(BASE64_STD, pair.data, pair.len, authorization);
    buf_free(&pair);
    return err;
}

/* Move user and password of ${u} to ${authorization}. */
static int
move_login(CURLU *u, struct buf *authorization) {
    char *user = NULL, *password = NULL;
    int err = 0;
    if (curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE) == CURLUE_OK) {
        (void)curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
        err = add_basic(user, password, authorization);
    }
    curl_free(user);
    curl_free(password); /* wiped by the allocator that http_client_setup() sets */

    (void)curl_url_set(u, CURLUPART_USER, NULL, 0);
    (void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
    return err;
}

int
http_url_split_login(const char *address, char *bare, size_t size, struct buf *authorization) {
    char *whole = NULL;
    CURLU *u = curl_url();
    if (u == NULL) return ERR_NOMEM;

    bool ok = curl_url_set(u, CURLUPART_URL, address, 0) == CURLUE_OK && is_http(u);
    int err = ok ? move_login(u, authorization) : ERR_INVALID;
    if (err == 0 && curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK) err = ERR_INVALID;
    curl_url_cleanup(u);

    if (err == 0 && strlen(whole) >= size) err = ERR_TOO_LARGE;
    if (err == 0) memcpy(bare, whole, strlen(whole) + 1);
    curl_free(whole);
    return err;
}

/* Return the part ${part} of ${url} for curl_free(), with the port of its scheme; NULL if there is
 * none. */
static char *
url_part(const char *url, CURLUPart part) {
    char *value = NULL;
    CURLU *u = curl_url();
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
        (void)curl_url_get(u, part, &value, CURLU_DEFAULT_PORT);
    curl_url_cleanup(u);
    return value;
}

static bool
same_part(const char *a, const char *b, CURLUPart part) {
    char *of_a = url_part(a, part), *of_b = url_part(b, part);
    bool same = of_a != NULL && of_b != NULL && strcasecmp(of_a, of_b) == 0;
    curl_free(of_a);
    curl_free(of_b);
    return same;
}

bool
http_url_is_exposed(const char *address) {
    static const char scheme[] = "http://";
    static const char *const here[] = {"localhost", "127.0.0.1", "[::1]"};
    if (strncmp(address, scheme, strlen(scheme)) != 0) return false;

    const char *host = address + strlen(scheme);
    for (size_t i = 0; i < ARRAY_LEN(here); i++) {
        size_t len = strlen(here[i]);
        if (strncmp(host, here[i], len) == 0 && strchr(":/", host[len]) != NULL) return false;
    }
    return true;
}

bool
http_url_same_origin(const char *a, const char *b) {
    return same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
           same_part(a, b, CURLUPART_PORT);
}
