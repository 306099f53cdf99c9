/* SPDX-License-Identifier: MIT */
#include "store/s3/blobs.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text/base64.h"
#include "store/s3/internal.h"

enum { PIECE_MAX = 16 * 1024 * 1024 };

/* Append piece ${path} to ${out}.  Returns as blobs_ops.get. */
static int
fetch(struct s3 *s, const char *path, bool base64, struct buf *out) {
    size_t room = out->max - out->len;
    size_t bound = base64 ? base64_encoded_len(BASE64_STD, room) : room;
    struct buf body = BUF_INIT(bound > REPLY_MAX ? bound : REPLY_MAX); /* errors have bodies too */
    struct request r = {.method = HTTP_GET, .path = path};
    int got = ERR_STORE;
    switch (s3_call_again(s, &r, &body, NULL)) {
    case DONE:
        if (base64) got = base64_decode(BASE64_STD, (const char *)body.data, body.len, out);
        else got = buf_add(out, body.data, body.len);
        got = got == ERR_INVALID ? ERR_STORE : got == 0 ? 1 : got;
        break;
    case ABSENT: got = 0; break;
    case TOO_LARGE: got = ERR_TOO_LARGE; break;
    case NOMEM: got = ERR_NOMEM; break;
    default: break;
    }
    buf_free(&body);
    return got;
}

/* Compare what is at ${path} with ${data}.  Returns 0 the same; ERR_CONFLICT; 1 nothing is there;
 * or another code. */
static int
compare(struct s3 *s, const char *path, bool base64, const void *data, size_t len) {
    struct buf there = BUF_INIT(len);
    int got = fetch(s, path, base64, &there);
    if (got == 1) got = buf_equals(&there, data, len) ? 0 : ERR_CONFLICT;
    else if (got == 0) got = 1;
    else if (got == ERR_TOO_LARGE) got = ERR_CONFLICT;
    buf_free(&there);
    return got;
}

/* Put the bytes of an object, if nothing is there.  ${data} is what a reader gets.  As put. */
static int
put_object(struct s3 *s, const char *path, bool base64, const struct buf *body, const void *data,
           size_t len) {
    struct buf reply = BUF_INIT(REPLY_MAX);
    struct request r = {.method = HTTP_PUT,
                        .path = path,
                        .body = body->data,
                        .body_len = body->len,
                        .if_absent = s->conditional};
    bool unknown = false;
    int result = 1;
    if (!s->conditional) result = compare(s, path, base64, data, len);
    if (result != 1) goto out;
    switch (s3_call_again(s, &r, &reply, &unknown)) {
    case DONE:
        if (s->conditional) break;
        /* Another writer may have come between the look and the put. */
        result = compare(s, path, base64, data, len);
        if (result >= 0) result = result == 0 ? 1 : ERR_UNKNOWN_OUTCOME;
        break;
    case THERE:
        result = compare(s, path, base64, data, len);
        if (result == 0 && unknown) result = 1;             /* mine, whose answer was lost */
        else if (result == 1) result = ERR_UNKNOWN_OUTCOME; /* erased in the meantime */
        break;
    case NOMEM: result = ERR_NOMEM; break;
    case UNKNOWN: result = ERR_UNKNOWN_OUTCOME; break;
    default: result = unknown ? ERR_UNKNOWN_OUTCOME : ERR_STORE; break;
    }
out:
    buf_free(&reply);
    return result;
}

static int
s3_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct s3 *s = (struct s3 *)b;
    char path[PATH_MAX_LEN];
    bool base64 = s3_is_classic(name);
    struct buf body = BUF_INIT(base64_encoded_len(BASE64_STD, PIECE_MAX));
    s3_path(s, name, k, path);
    int result = base64 ? base64_encode(BASE64_STD, data, len, &body) : buf_add(&body, data, len);
    if (result == 0) result = put_object(s, path, base64, &body, data, len);
    s3_erase_forget(s, name);
    buf_free(&body);
    return result == ERR_TOO_LARGE ? ERR_STORE : result;
}

static int
s3_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct s3 *s = (struct s3 *)b;
    char path[PATH_MAX_LEN];
    s3_path(s, name, k, path);
    return fetch(s, path, s3_is_classic(name), out);
}

static int
s3_tidy(struct blobs *b, bool (*known)(void *ctx, const char *name), void *ctx) {
    (void)b, (void)known, (void)ctx;
    return 0;
}

static uint64_t
s3_usage(struct blobs *b) {
    (void)b;
    return 0;
}

static int
s3_ping(struct blobs *b) {
    struct s3 *s = (struct s3 *)b;
    struct buf reply = BUF_INIT(REPLY_MAX);
    char path[PATH_MAX_LEN];
    (void)snprintf(path, sizeof(path), "%s/ping", s->prefix);
    struct request r = {.method = HTTP_GET, .path = path};
    enum outcome outcome = s3_call(s, &r, &reply);
    /* Without the right to list a bucket, S3 says 403 of what is not there. */
    int result = outcome == ABSENT || outcome == DONE || outcome == BROKEN ? 0 : ERR_STORE;
    buf_free(&reply);
    return result;
}

static void
s3_close(struct blobs *b) {
    if (b == NULL) return;
    s3_erase_close((struct s3 *)b);
    free(b);
}

static const struct blobs_ops s3_ops = {
    .put = s3_put,
    .get = s3_get,
    .erase = s3_erase,
    .tidy = s3_tidy,
    .usage = s3_usage,
    .ping = s3_ping,
    .close = s3_close,
};

/* 0 if the bucket keeps no versions; ERR_CONFIG if it does, or did; or ERR_STORE. */
static int
check_versions(struct s3 *s) {
    struct buf reply = BUF_INIT(REPLY_MAX);
    char path[PATH_MAX_LEN];
    int result = ERR_STORE;
    (void)snprintf(path, sizeof(path), "%s/", s->prefix);
    struct request r = {.method = HTTP_GET, .path = path, .query = "versioning="};
    enum outcome outcome = s3_call_again(s, &r, &reply, NULL);
    if (outcome == DONE) {
        /* <Status>Enabled</Status>, or Suspended: old versions may lie there still. */
        result = strstr(buf_text(&reply), "<Status>") == NULL ? 0 : ERR_CONFIG;
    }
    buf_free(&reply);
    return result;
}

/*
 * Learn by an object of its own, written twice, whether the service honours If-None-Match.  0 or
 * ERR_STORE: what is not known is not taken for a no, since the store would be without it until it
 * is opened again.
 */
static int
probe(struct s3 *s) {
    struct buf reply = BUF_INIT(REPLY_MAX);
    char path[PATH_MAX_LEN];
    uint64_t n = 0;
    random_fill(&s->service.random, &n, sizeof(n));
    (void)snprintf(path, sizeof(path), "%s/probe/%016llx", s->prefix, (unsigned long long)n);
    struct request r = {
        .method = HTTP_PUT, .path = path, .body = "probe", .body_len = 5, .if_absent = true};
    /* THERE may also be the first one's own object, whose answer was lost. */
    enum outcome answer = s3_call_again(s, &r, &reply, NULL);
    if (answer == DONE) answer = s3_call_again(s, &r, &reply, NULL);
    s->conditional = answer == THERE;
    r.if_absent = false;
    if (answer == BROKEN) answer = s3_call_again(s, &r, &reply, NULL);
    r.method = HTTP_DELETE;
    (void)s3_call_again(s, &r, &reply, NULL);
    buf_free(&reply);
    if (answer != DONE && answer != THERE) return ERR_STORE;
    if (!s->conditional) log_warn("s3.unconditional", LOG_TEXT("bucket_path", s->prefix));
    return 0;
}

static bool
bucket_ok(const char *name) {
    size_t len = strlen(name);
    return len >= 3 && len <= BUCKET_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len && name[0] != '-' &&
           name[0] != '.';
}

/* Amazon's endpoints have the bucket in the host, so that its certificate must fit a name without
 * dots; others in the path. */
static void
address(struct s3 *s, const char *bucket) {
    struct aws_endpoint *e = &s->service.endpoint;
    if (!e->amazon || strchr(bucket, '.') != NULL) {
        (void)snprintf(s->prefix, sizeof(s->prefix), "/%s", bucket);
        return;
    }
    char host[AWS_URL_MAX + 1];
    (void)snprintf(host, sizeof(host), "%s.%.200s", bucket, e->host);
    memcpy(e->host, host, sizeof(host));
    (void)snprintf(e->url, sizeof(e->url), "https://%.280s", host);
}

static int
set_sse(struct s3 *s, const char *sse) {
    if (sse == NULL) sse = s->service.endpoint.amazon ? "aws:kms" : "";
    if (sse[0] != '\0' && strcmp(sse, "aws:kms") != 0 && strcmp(sse, "aws:kms:dsse") != 0 &&
        strcmp(sse, "AES256") != 0)
        return ERR_CONFIG;
    (void)snprintf(s->sse, sizeof(s->sse), "%s", sse);
    return 0;
}

int
s3_blobs_open(const struct s3_blobs_config *o, struct blobs **out, const char **wrong) {
    *out = NULL;
    *wrong = "S3_BUCKET";
    if (!bucket_ok(o->bucket)) return ERR_CONFIG;
    struct s3 *s = calloc(1, sizeof(*s));
    if (s == NULL) return ERR_NOMEM;
    s->base.ops = &s3_ops;
    s->service.name = "s3";
    s->service.credentials = o->credentials;
    s->service.transport = o->transport;
    s->service.clock = o->clock;
    s->service.random = o->random;
    s3_erase_open(s, o->erase_ms);
    int err = aws_endpoint_find(&o->env, "s3", &s->service.endpoint, wrong);
    if (err == 0 && (err = set_sse(s, o->sse)) != 0) *wrong = "SECRETS_S3_SSE";
    if (err == 0) {
        *wrong = "S3_BUCKET";
        address(s, o->bucket);
        err = check_versions(s);
    }
    s->conditional = s->service.endpoint.amazon;
    if (err == 0 && !s->conditional) err = probe(s);
    if (err == 0) *out = &s->base;
    else s3_close(&s->base);
    return err;
}
