/* SPDX-License-Identifier: MIT */
/* One request to S3, and what its response means. */
#include "base/err.h"
#include "base/log.h"
#include "store/s3/internal.h"

static enum s3_outcome
outcome_of_error(int err) {
    switch (err) {
    case ERR_NOMEM: return S3_NOMEM;
    case ERR_TOO_LARGE: return S3_TOO_LARGE;
    case ERR_STORE: return S3_NOT_DONE;
    default: return S3_UNKNOWN;
    }
}

static enum s3_outcome
outcome_of_status(int status) {
    switch (status) {
    case 200:
    case 204: return S3_DONE;
    case 404: return S3_ABSENT;
    case 412: return S3_PRESENT;
    case 405:
    case 501: return S3_UNSUPPORTED;
    case 301: return S3_REFUSED; /* the bucket is in another region */
    case 307:                    /* a new bucket whose name is not known everywhere yet */
    case 409:                    /* another write of the same name is in progress */
    case 429:
    case 503: return S3_NOT_DONE; /* SlowDown */
    default: break;
    }
    return status >= 400 && status < 500 ? S3_REFUSED : S3_UNKNOWN;
}

void
s3_error_word(struct buf *response, const char *tag, char out[static S3_WORD_MAX + 1]) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    char opening[S3_WORD_MAX];

    out[0] = '\0';
    (void)snprintf(opening, sizeof(opening), "<%s>", tag);
    const char *at = strstr(buf_text(response), opening);
    if (at == NULL) return;

    at += strlen(opening);
    size_t len = strspn(at, allowed);
    if (at[len] != '<' || len > S3_WORD_MAX) return;
    memcpy(out, at, len);
    out[len] = '\0';
}

/* Log ${event}: a request that got ${status}, or 0 for no response.  The service says why. */
static void
log_failure(const struct s3 *s, const char *event, int status, struct buf *response) {
    char code[S3_WORD_MAX + 1], region[S3_WORD_MAX + 1];

    s3_error_word(response, "Code", code);
    s3_error_word(response, "Region", region);
    log_warn(event, LOG_NUMBER("status", status), LOG_TEXT("code", code[0] != '\0' ? code : NULL),
             LOG_TEXT("region", region[0] != '\0' ? region : NULL),
             LOG_TEXT("bucket_path", s->prefix));
}

/* Whether ${response} says that the bucket itself is not there. */
static bool
is_bucket_absent(struct buf *response) {
    char code[S3_WORD_MAX + 1];
    s3_error_word(response, "Code", code);
    return strcmp(code, "NoSuchBucket") == 0;
}

/* As s3_call().  ${status} gets the status of the response, or 0 if there is none. */
static enum s3_outcome
send_call(struct s3 *s, const struct s3_request *r, struct buf *response, int *status) {
    struct http_client_response resp = {.body = *response};
    struct http_field fields[3];
    size_t count = 0;

    /* The headers that are signed besides those of every request. */
    if (r->md5 != NULL) fields[count++] = (struct http_field){"Content-MD5", r->md5};
    if (r->method == HTTP_PUT) {
        fields[count++] = (struct http_field){"Content-Type", "application/octet-stream"};
        if (s->sse[0] != '\0')
            fields[count++] = (struct http_field){"X-Amz-Server-Side-Encryption", s->sse};
        if (r->if_absent) fields[count++] = (struct http_field){"If-None-Match", "*"};
    }

    struct aws_call call = {.method = r->method,
                            .path = r->path,
                            .query = r->query != NULL ? r->query : "",
                            .fields = fields,
                            .field_count = count,
                            .body = r->body,
                            .body_len = r->body_len};
    int err = aws_service_call(&s->service, &call, &resp);
    *response = resp.body;
    *status = resp.status;
    if (err != 0) return outcome_of_error(err);

    enum s3_outcome outcome = outcome_of_status(resp.status);
    if (outcome == S3_ABSENT && is_bucket_absent(response)) outcome = S3_REFUSED;
    if (outcome == S3_REFUSED || outcome == S3_UNSUPPORTED)
        log_failure(s, "s3.refused", resp.status, response);
    return outcome;
}

enum s3_outcome
s3_call(struct s3 *s, const struct s3_request *r, struct buf *response) {
    int status;
    return send_call(s, r, response, &status);
}

enum s3_outcome
s3_call_again(struct s3 *s, const struct s3_request *r, struct buf *response, bool *unknown) {
    struct aws_retry retry;
    enum s3_outcome outcome;
    int status;

    aws_retry_start(&retry, &s->service);
    do {
        outcome = send_call(s, r, response, &status);
        if (outcome == S3_UNKNOWN && unknown != NULL) *unknown = true;
        if (outcome != S3_NOT_DONE && outcome != S3_UNKNOWN) return outcome;
    } while (aws_retry_again(&retry));

    log_failure(s, "s3.failed", status, response);
    return outcome;
}

bool
s3_is_classic(const char *name) {
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".enc") == 0;
}

void
s3_path(const struct s3 *s, const char *name, uint32_t k, char out[static S3_PATH_MAX]) {
    if (s3_is_classic(name)) (void)snprintf(out, S3_PATH_MAX, "%s/%s", s->prefix, name);
    else (void)snprintf(out, S3_PATH_MAX, "%s/v1/%s/%u", s->prefix, name, k);
}
