/* SPDX-License-Identifier: MIT */
#include "api/web/page.h"

#include <string.h>
#include <strings.h>

#include "api/web/page_files.h"
#include "crypto/token.h"

static const char classic_prefix[] = "/secret/";

/* Whether a gateway has encoded the '#' of a link, once or twice.  The page reads the rest. */
static bool
is_mangled_root(const char *path) {
    const char *mangled = strncmp(path, "/%25", 4) == 0 ? path + 4 : path + 2;
    return path[1] == '%' && strncmp(mangled, "23", 2) == 0 && strchr(path + 1, '/') == NULL;
}

static bool
is_classic_link(const char *path) {
    size_t len = sizeof(classic_prefix) - 1;
    if (strncmp(path, classic_prefix, len) != 0) return false;
    return token_is_classic_id(path + len, strlen(path + len));
}

static const struct page_file *
find_page_file(const char *path) {
    const char *wanted = path;

    if (is_mangled_root(path) || strcmp(path, "/index.html") == 0) wanted = "/";
    else if (is_classic_link(path)) wanted = classic_prefix;
    else if (strcmp(path, classic_prefix) == 0) return NULL;

    for (size_t i = 0; i < page_file_count; i++) {
        if (strcmp(page_files[i].path, wanted) == 0) return &page_files[i];
    }
    return NULL;
}

/* Whether the list ${accepted} of encodings contains gzip without "q=0". */
static bool
accepts_gzip(const char *accepted) {
    if (accepted == NULL) return false;

    const char *at = strcasestr(accepted, "gzip");
    if (at == NULL) return false;
    at += strlen("gzip");
    at += strspn(at, " \t");
    if (*at != ';') return *at == ',' || *at == '\0';

    /* A quality of zero refuses the encoding. */
    at += 1 + strspn(at + 1, " \t");
    return strncasecmp(at, "q=0", 3) != 0 || at[3] == '.';
}

static bool
is_current(const struct http_request *req, const char *etag) {
    const char *known = req->headers[HTTP_IF_NONE_MATCH];
    return known != NULL && strstr(known, etag) != NULL;
}

static bool
page_has(const char *path) {
    return find_page_file(path) != NULL;
}

static void
page_respond(const struct http_request *req, struct http_response *resp) {
    const struct page_file *file = find_page_file(req->path);
    if (file == NULL) return;
    bool gzip = accepts_gzip(req->headers[HTTP_ACCEPT_ENCODING]) && file->gzip_len < file->len;
    const char *etag = file->etag;
    if (gzip) etag = file->gzip_etag;

    for (size_t i = 0; i < page_header_count; i++)
        http_response_set(resp, page_headers[i].name, page_headers[i].value);
    http_response_set(resp, "Content-Type", file->type);
    http_response_set(resp, "Vary", "Accept-Encoding, Origin");
    http_response_set(resp, "ETag", etag);

    if (is_current(req, etag)) {
        resp->status = 304;
        return;
    }

    /* The bytes live as long as the program. */
    resp->status = 200;
    resp->constant = file->bytes;
    resp->constant_len = file->len;
    if (gzip) {
        http_response_set(resp, "Content-Encoding", "gzip");
        resp->constant = file->gzip;
        resp->constant_len = file->gzip_len;
    }
}

const struct api_page page_embedded = {.has = page_has, .respond = page_respond};
