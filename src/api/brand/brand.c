/* SPDX-License-Identifier: MIT */
#include "api/brand/brand.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/brand/internal.h"
#include "base/err.h"
#include "base/text/base64.h"
#include "crypto/token.h"

enum {
    JSON_BYTES_MAX = 16 * 1024,
    JSON_MADE_MAX = 2 * JSON_BYTES_MAX, /* escapes may be longer than what was escaped */
    LOGO_BYTES_MAX = 64 * 1024,
    ETAG_BYTES = 16, /* of the hash of the logo */
};

#define VARIABLE "SECRETS_BRAND"

/* Read from ${fd} until its end.  Returns 0, or an error if it is larger than ${out} may be. */
static int
read_limited(int fd, struct buf *out) {
    for (;;) {
        uint8_t *at = buf_space(out, out->max - out->len);
        if (at == NULL) return ERR_NOMEM;

        ssize_t n = read(fd, at, out->max - out->len);
        if (n == 0) return 0;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return ERR_IO;
        out->len += (size_t)n;
        if (out->len == out->max) return ERR_TOO_LARGE;
    }
}

/* Read the file ${name} of the folder ${dir} into ${out}.  It is smaller than out->max. */
static int
read_file(int dir, const char *name, struct buf *out, struct buf *reason) {
    struct stat st;
    int err = ERR_CONFIG, fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &st) != 0)
        (void)!buf_printf(reason, VARIABLE ": %s: %s", name, strerrordesc_np(errno));
    else if (!S_ISREG(st.st_mode))
        (void)!buf_printf(reason, VARIABLE ": %s: is not a regular file", name);
    else err = read_limited(fd, out);

    if (err == ERR_TOO_LARGE || err == ERR_IO) {
        const char *text = err == ERR_IO ? "cannot be read" : "is too large";
        (void)!buf_printf(reason, VARIABLE ": %s: %s (limit %zu KiB)", name, text, out->max / 1024);
        err = ERR_CONFIG;
    }
    if (fd >= 0) (void)close(fd);
    return err;
}

static void
set_etag(struct brand *b) {
    uint8_t hash[TOKEN_HASH_LEN];
    char text[BRAND_ETAG_LEN - 1];
    token_hash(b->logo.data, b->logo.len, hash);
    base64_encode_text(BASE64_URL, hash, ETAG_BYTES, text);
    (void)snprintf(b->logo_etag, sizeof(b->logo_etag), "\"%s\"", text);
}

/* Read the logo that ${doc} names, if it does, and put its address in the place of its name. */
static int
load_logo(int dir, json_t *doc, struct brand *b, struct buf *reason) {
    const char *name = json_string_value(json_object_get(doc, "logo"));
    if (name == NULL) return 0;

    b->logo.max = LOGO_BYTES_MAX;
    int err = read_file(dir, name, &b->logo, reason);
    if (err != 0) return err;
    b->logo_type = brand_logo_type(name, &b->logo);
    if (b->logo_type == NULL) {
        (void)!buf_printf(reason, VARIABLE ": %s: is not an image of its kind", name);
        return ERR_CONFIG;
    }

    b->logo_path = "/brand/logo.png";
    if (strcmp(b->logo_type, "image/png") != 0) b->logo_path = "/brand/logo.svg";
    set_etag(b);
    /* Relative to the address of the server. */
    return json_object_set_new(doc, "logo", json_string(b->logo_path + 1)) == 0 ? 0 : ERR_NOMEM;
}

/* Say in ${why} what is wrong with ${text}, which is not accepted as JSON. */
static void
explain_json(struct buf *text, struct buf *why) {
    json_error_t error = {.line = 0};
    json_t *doc = json_loadb((const char *)text->data, text->len, JSON_REJECT_DUPLICATES, &error);
    if (doc == NULL) (void)!buf_printf(why, "line %d: %.120s", error.line, error.text);
    else (void)!buf_add_text(why, "is not one JSON object, or is too large or too deep");
    json_decref(doc);
}

/* Take the brand from the ${text} of brand.json in ${dir}. */
static int
load_members(int dir, struct buf *text, struct brand *out, struct buf *reason) {
    struct buf why = BUF_INIT(512);
    json_t *doc = json_parse_object((const char *)text->data, text->len);
    int err = ERR_CONFIG;

    if (doc == NULL) explain_json(text, &why);
    else err = brand_check(doc, &why);
    if (err != 0) (void)!buf_printf(reason, VARIABLE ": brand.json: %s", buf_text(&why));

    if (err == 0) err = load_logo(dir, doc, out, reason);
    out->json.max = JSON_MADE_MAX;
    if (err == 0) err = json_write(doc, &out->json);
    json_decref(doc);
    buf_free(&why);
    return err;
}

int
brand_load(const char *folder, struct brand *out, struct buf *reason) {
    struct buf text = BUF_INIT(JSON_BYTES_MAX);
    *out = (struct brand){.logo_path = NULL};

    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        (void)!buf_printf(reason, VARIABLE ": %.200s: %s", folder, strerrordesc_np(errno));
        return ERR_CONFIG;
    }

    int err = read_file(dir, "brand.json", &text, reason);
    if (err == 0) err = load_members(dir, &text, out, reason);
    (void)close(dir);
    buf_free(&text);
    return err;
}

void
brand_free(struct brand *b) {
    buf_free(&b->json);
    buf_free(&b->logo);
    b->logo_path = NULL;
}

bool
brand_has(const struct brand *b, const char *path) {
    return b != NULL && b->logo_path != NULL && strcmp(path, b->logo_path) == 0;
}

void
brand_respond(const struct brand *b, const struct http_request *req, struct http_response *resp) {
    const char *known = req->headers[HTTP_IF_NONE_MATCH];

    /* Gone to by itself, the image runs nothing and loads nothing either. */
    http_response_set(resp, "Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    http_response_set(resp, "Cache-Control", "no-cache");
    http_response_set(resp, "Content-Type", b->logo_type);
    http_response_set(resp, "ETag", b->logo_etag);
    if (known != NULL && strstr(known, b->logo_etag) != NULL) {
        resp->status = 304;
        return;
    }

    /* The brand lives as long as the API. */
    resp->status = 200;
    resp->constant = b->logo.data;
    resp->constant_len = b->logo.len;
}
