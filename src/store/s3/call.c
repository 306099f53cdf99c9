/* SPDX-License-Identifier: MIT */
/* One request to S3, and what its answer means. */
#include "base/err.h"
#include "base/log.h"
#include "store/s3/internal.h"

static enum outcome
judge(int err, int status) {
    if (err == ERR_NOMEM) return NOMEM;
    if (err == ERR_TOO_LARGE) return TOO_LARGE;
    if (err != 0) return err == ERR_STORE ? AGAIN : UNKNOWN;
    switch (status) {
    case 200:
    case 204: return DONE;
    case 404: return ABSENT;
    case 412: return THERE;
    case 501: return BROKEN; /* a header that it does not know */
    case 409:                /* another write of the same name is under way */
    case 429:
    case 503: return AGAIN; /* "SlowDown": not done */
    default: return status >= 500 || status < 400 ? UNKNOWN : BROKEN;
    }
}

enum outcome
s3_call(struct s3 *s, const struct request *r, struct buf *reply) {
    struct http_client_response resp = {.body = *reply};
    struct http_field fields[3];
    size_t count = 0;
    if (r->md5 != NULL) fields[count++] = (struct http_field){"Content-MD5", r->md5};
    if (r->method == HTTP_PUT) {
        fields[count++] = (struct http_field){"Content-Type", "application/octet-stream"};
        if (s->sse[0] != '\0')
            fields[count++] = (struct http_field){"X-Amz-Server-Side-Encryption", s->sse};
        if (r->if_absent) fields[count++] = (struct http_field){"If-None-Match", "*"};
    }
    struct aws_call c = {.method = r->method,
                         .path = r->path,
                         .query = r->query != NULL ? r->query : "",
                         .fields = fields,
                         .field_count = count,
                         .body = r->body,
                         .body_len = r->body_len};
    int err = aws_service_call(&s->service, &c, &resp);
    enum outcome outcome = judge(err, resp.status);
    if (outcome == BROKEN)
        log_warn("s3.refused", LOG_NUMBER("status", resp.status),
                 LOG_TEXT("bucket_path", s->prefix));
    *reply = resp.body;
    return outcome;
}

enum outcome
s3_call_again(struct s3 *s, const struct request *r, struct buf *reply, bool *unknown) {
    struct aws_retry retry;
    enum outcome outcome;
    aws_retry_start(&retry, &s->service);
    do {
        outcome = s3_call(s, r, reply);
        if (outcome == UNKNOWN && unknown != NULL) *unknown = true;
    } while ((outcome == AGAIN || outcome == UNKNOWN) && aws_retry_again(&retry));
    return outcome;
}

bool
s3_is_classic(const char *name) {
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".enc") == 0;
}

void
s3_path(const struct s3 *s, const char *name, uint32_t k, char out[static PATH_MAX_LEN]) {
    if (s3_is_classic(name)) (void)snprintf(out, PATH_MAX_LEN, "%s/%s", s->prefix, name);
    else (void)snprintf(out, PATH_MAX_LEN, "%s/v1/%s/%u", s->prefix, name, k);
}
