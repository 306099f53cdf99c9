/* SPDX-License-Identifier: MIT */
#include "store/s3/blobs.h"

#include "base/err.h"
#include "base/log.h"
#include "store/s3/internal.h"

static int
s3_get(struct blobs *b, const char *name, uint32_t k, struct buf *out) {
    struct s3 *s = (struct s3 *)b;
    char path[S3_PATH_MAX];
    s3_path(s, name, k, path);
    return s3_fetch(s, path, s3_is_classic(name), out);
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

/*
 * Read an object of the store's own.  Without the right to list the bucket, S3 answers 403 for an
 * object that is not there, as it does for one that may not be read.  So after a 403 the object is
 * written, and must then be readable: a service that refuses everything is not ready.
 */
static int
s3_ping(struct blobs *b) {
    struct s3 *s = (struct s3 *)b;
    struct buf response = BUF_INIT(S3_RESPONSE_MAX);
    char path[S3_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/ping", s->prefix);
    struct s3_request get = {.method = HTTP_GET, .path = path};
    struct s3_request put = {.method = HTTP_PUT,
                             .path = path,
                             .body = "ping",
                             .body_len = 4,
                             .if_absent = s->conditional};
    enum s3_outcome outcome = s3_call(s, &get, &response);

    /* A 403 may mean that the object is absent. */
    if (outcome == S3_REFUSED) {
        outcome = s3_call(s, &put, &response);
        if (outcome == S3_DONE || outcome == S3_PRESENT) outcome = s3_call(s, &get, &response);
    }
    buf_free(&response);
    return outcome == S3_ABSENT || outcome == S3_DONE ? 0 : ERR_STORE;
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

/* Say in ${reason} that the service did not answer, or what it answered. */
static int
explain_refusal(const struct s3 *s, enum s3_outcome outcome, struct buf *response,
                struct buf *reason) {
    char code[S3_WORD_MAX + 1], region[S3_WORD_MAX + 1];
    const char *used = s->service.endpoint.region;

    s3_error_word(response, "Code", code);
    s3_error_word(response, "Region", region);
    if (outcome != S3_REFUSED) {
        (void)!buf_add_text(reason, "S3_BUCKET: the service does not answer for this bucket");
        return ERR_STORE;
    }
    (void)!buf_printf(reason, "S3_BUCKET: the service refuses this bucket: %s",
                      code[0] != '\0' ? code : "no reason given");

    /* Most often the cause is the region, which not every service names. */
    if (strcmp(code, "AuthorizationHeaderMalformed") == 0)
        (void)!buf_printf(reason, "; the request was signed for the region %s (AWS_REGION)", used);
    if (region[0] != '\0' && strcmp(region, used) != 0)
        (void)!buf_printf(reason, "; it is in the region %s", region);
    return ERR_STORE;
}

/* Whether ${response} to the question for versions says that the bucket keeps none and never did.
 * Otherwise ${reason} says what it says. */
static bool
has_no_versions(struct buf *response, struct buf *reason) {
    static const char *const none[] = {"Disabled", "Unversioned", "Off"};
    const char *text = buf_text(response);
    char status[S3_WORD_MAX + 1];

    if (strstr(text, "<Status>") == NULL || strstr(text, "<Status></Status>") != NULL) return true;
    s3_error_word(response, "Status", status);
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        if (strcmp(status, none[i]) == 0) return true;

    /* Suspended: versions from before stay.  A word that is not known may mean anything. */
    (void)!buf_printf(reason,
                      "S3_BUCKET: versioning is (or was) enabled on this bucket (%s), so nothing "
                      "could be erased",
                      status[0] != '\0' ? status : "unknown");
    return false;
}

/*
 * Returns 0 if the bucket keeps no versions; ERR_CONFIG if it does, or did; or ERR_STORE.  Services
 * that have no versions at all do not know the request: that is logged, and no error.
 */
static int
check_versions(struct s3 *s, struct buf *reason) {
    struct buf response = BUF_INIT(S3_RESPONSE_MAX);
    char path[S3_PATH_MAX];
    int result = 0;

    (void)snprintf(path, sizeof(path), "%s/", s->prefix);
    struct s3_request r = {.method = HTTP_GET, .path = path, .query = "versioning="};
    enum s3_outcome outcome = s3_call_again(s, &r, &response, NULL);

    if (outcome == S3_UNSUPPORTED)
        log_warn("s3.versions_unknown", LOG_TEXT("bucket_path", s->prefix));
    else if (outcome != S3_DONE) result = explain_refusal(s, outcome, &response, reason);
    else if (!has_no_versions(&response, reason)) result = ERR_CONFIG;

    buf_free(&response);
    return result;
}

/*
 * Find out whether the service honours If-None-Match, with an object that is written twice.
 * Returns 0 or ERR_STORE.  No answer does not count as a no, because the store would then do
 * without the header until it is opened again.
 */
static int
probe_conditional_put(struct s3 *s, struct buf *reason) {
    struct buf response = BUF_INIT(S3_RESPONSE_MAX);
    char path[S3_PATH_MAX];
    uint64_t n = 0;

    random_fill(&s->service.random, &n, sizeof(n));
    (void)snprintf(path, sizeof(path), "%s/probe/%016llx", s->prefix, (unsigned long long)n);
    struct s3_request r = {
        .method = HTTP_PUT, .path = path, .body = "probe", .body_len = 5, .if_absent = true};

    /* The first put may find its own object too, if its response was lost. */
    enum s3_outcome outcome = s3_call_again(s, &r, &response, NULL);
    if (outcome == S3_DONE) outcome = s3_call_again(s, &r, &response, NULL);
    s->conditional = outcome == S3_PRESENT;

    /* A refusal may be one of the header, or one of every put. */
    r.if_absent = false;
    if (outcome == S3_REFUSED || outcome == S3_UNSUPPORTED)
        outcome = s3_call_again(s, &r, &response, NULL);

    r.method = HTTP_DELETE;
    (void)s3_call_again(s, &r, &response, NULL);
    buf_free(&response);
    if (outcome != S3_DONE && outcome != S3_PRESENT) {
        (void)!buf_add_text(reason, "S3_BUCKET: cannot write to this bucket");
        return ERR_STORE;
    }
    if (!s->conditional) log_warn("s3.unconditional", LOG_TEXT("bucket_path", s->prefix));
    return 0;
}

static bool
is_bucket_name(const char *name) {
    size_t len = strlen(name);
    return len >= 3 && len <= S3_BUCKET_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len && name[0] != '-' &&
           name[0] != '.';
}

/* Put ${bucket} into the host on Amazon's endpoints, and into the path elsewhere.  A name with dots
 * goes into the path on Amazon's too, because their certificate does not cover it as a host. */
static void
set_address(struct s3 *s, const char *bucket) {
    struct aws_endpoint *e = &s->service.endpoint;
    char host[AWS_URL_MAX + 1];

    if (!e->amazon || strchr(bucket, '.') != NULL) {
        (void)snprintf(s->prefix, sizeof(s->prefix), "%s/%s", e->path, bucket);

        /* Some services show their endpoint with the bucket in it. */
        if (e->path[0] == '/' && strcmp(e->path + 1, bucket) == 0)
            (void)snprintf(s->prefix, sizeof(s->prefix), "%s", e->path);
        return;
    }
    (void)snprintf(host, sizeof(host), "%s.%.200s", bucket, e->host);
    memcpy(e->host, host, sizeof(host));
    (void)snprintf(e->url, sizeof(e->url), "https://%.280s", host);
}

static int
set_encryption(struct s3 *s, const char *sse, struct buf *reason) {
    if (sse == NULL) sse = s->service.endpoint.amazon ? "aws:kms" : "";
    if (sse[0] != '\0' && strcmp(sse, "aws:kms") != 0 && strcmp(sse, "aws:kms:dsse") != 0 &&
        strcmp(sse, "AES256") != 0) {
        (void)!buf_add_text(reason, "SECRETS_S3_SSE: must be aws:kms, aws:kms:dsse or AES256");
        return ERR_CONFIG;
    }
    (void)snprintf(s->sse, sizeof(s->sse), "%s", sse);
    return 0;
}

int
s3_blobs_open(const struct s3_blobs_config *config, struct blobs **out, struct buf *reason) {
    *out = NULL;
    if (!is_bucket_name(config->bucket)) {
        (void)!buf_add_text(reason, "S3_BUCKET: not a bucket name");
        return ERR_CONFIG;
    }
    struct s3 *s = calloc(1, sizeof(*s));
    if (s == NULL) return ERR_NOMEM;

    s->base.ops = &s3_ops;
    s3_erase_open(s, config->erase_ms);

    /* First what the settings say, then what the service says. */
    int err = aws_service_init(&s->service, "s3", &config->aws, reason);
    if (err == 0) err = set_encryption(s, config->sse, reason);
    if (err == 0) set_address(s, config->bucket);
    if (err == 0) err = check_versions(s, reason);
    s->conditional = s->service.endpoint.amazon;
    if (err == 0 && !s->conditional) err = probe_conditional_put(s, reason);

    if (err == 0) *out = &s->base;
    else s3_close(&s->base);
    return err;
}
