/* SPDX-License-Identifier: MIT */
/* Reading and storing one object. */
#include "base/err.h"
#include "base/text/base64.h"
#include "store/s3/internal.h"

enum { PART_MAX = 16 * 1024 * 1024 };

/* Append the body of an object to ${out}, decoded if ${base64}.  Returns as blobs_ops.get. */
static int
add_object(const struct buf *body, bool base64, struct buf *out) {
    int err = 0;

    if (base64) err = base64_decode(BASE64_STD, (const char *)body->data, body->len, out);
    else err = buf_add(out, body->data, body->len);
    if (err == ERR_INVALID) return ERR_STORE;
    return err == 0 ? 1 : err;
}

int
s3_fetch(struct s3 *s, const char *path, bool base64, struct buf *out) {
    struct s3_request r = {.method = HTTP_GET, .path = path};
    size_t limit = out->max - out->len;
    int got = ERR_STORE;

    /* The response may be an error document, which is longer than a small object. */
    if (base64) limit = base64_encoded_len(BASE64_STD, limit);
    if (limit < S3_RESPONSE_MAX) limit = S3_RESPONSE_MAX;
    struct buf body = BUF_INIT(limit);

    switch (s3_call_again(s, &r, &body, NULL)) {
    case S3_DONE: got = add_object(&body, base64, out); break;
    case S3_ABSENT: got = 0; break;
    case S3_TOO_LARGE: got = ERR_TOO_LARGE; break;
    case S3_NOMEM: got = ERR_NOMEM; break;
    default: break;
    }

    buf_free(&body);
    return got;
}

/* Compare the object at ${path} with ${data}.  Returns 0 if it is the same; ERR_CONFLICT; 1 if
 * there is no object; or another code. */
static int
compare_object(struct s3 *s, const char *path, bool base64, const void *data, size_t len) {
    struct buf there = BUF_INIT(len);
    int got = s3_fetch(s, path, base64, &there);
    int result = got;

    if (got == 0) result = 1;
    if (got == 1) result = buf_equals(&there, data, len) ? 0 : ERR_CONFLICT;
    if (got == ERR_TOO_LARGE) result = ERR_CONFLICT;
    buf_free(&there);
    return result;
}

/* The service stored our object: without If-None-Match it may have replaced another writer's, or
 * been replaced.  Returns as blobs_ops.put. */
static int
confirm_put(struct s3 *s, const char *path, bool base64, const void *data, size_t len) {
    if (s->conditional) return 1;

    int result = compare_object(s, path, base64, data, len);
    if (result < 0) return result;
    return result == 0 ? 1 : ERR_UNKNOWN_OUTCOME;
}

/* The service refused our object because there is one.  With ${unknown} an earlier attempt of this
 * put may have stored it.  Returns as blobs_ops.put. */
static int
examine_present(struct s3 *s, const char *path, bool base64, const void *data, size_t len,
                bool unknown) {
    int result = compare_object(s, path, base64, data, len);
    if (result == 0 && unknown) return 1;        /* ours; its response was lost */
    if (result == 1) return ERR_UNKNOWN_OUTCOME; /* erased in the meantime */
    return result;
}

/* Put ${body} at ${path} if no object is there.  ${data} is what a reader gets.  Returns as
 * blobs_ops.put. */
static int
put_object(struct s3 *s, const char *path, bool base64, const struct buf *body, const void *data,
           size_t len) {
    struct buf response = BUF_INIT(S3_RESPONSE_MAX);
    struct s3_request r = {.method = HTTP_PUT,
                           .path = path,
                           .body = body->data,
                           .body_len = body->len,
                           .if_absent = s->conditional};
    bool unknown = false;
    int result = 1;

    /* Without If-None-Match: compare before the put and after it. */
    if (!s->conditional) result = compare_object(s, path, base64, data, len);
    if (result != 1) goto out;

    switch (s3_call_again(s, &r, &response, &unknown)) {
    case S3_DONE: result = confirm_put(s, path, base64, data, len); break;
    case S3_PRESENT: result = examine_present(s, path, base64, data, len, unknown); break;
    case S3_NOMEM: result = ERR_NOMEM; break;
    case S3_UNKNOWN: result = ERR_UNKNOWN_OUTCOME; break;
    default: result = unknown ? ERR_UNKNOWN_OUTCOME : ERR_STORE; break;
    }

out:
    buf_free(&response);
    return result;
}

int
s3_put(struct blobs *b, const char *name, uint32_t k, const void *data, size_t len) {
    struct s3 *s = (struct s3 *)b;
    char path[S3_PATH_MAX];
    bool base64 = s3_is_classic(name);
    struct buf body = BUF_INIT(base64_encoded_len(BASE64_STD, PART_MAX));
    int result = 0;

    s3_path(s, name, k, path);
    if (base64) result = base64_encode(BASE64_STD, data, len, &body);
    else result = buf_add(&body, data, len);
    if (result == 0) result = put_object(s, path, base64, &body, data, len);

    s3_erase_forget(s, name);
    buf_free(&body);
    return result == ERR_TOO_LARGE ? ERR_STORE : result;
}
