/* SPDX-License-Identifier: MIT */
#include "cloud_s3.h"

#include <pthread.h>

enum { OBJECTS_MAX = 4096, KEY_MAX = 200, RULE = 3 };

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

/*
 * What each service does, as far as its documents and sources say it.  R2 does not implement the
 * question for versions.  Garage and MinIO check the region.  Old versions of SeaweedFS call every
 * bucket suspended.  Every bucket of B2 keeps versions.  R2 shows its endpoint with the bucket in
 * the path, and Supabase has all buckets below a path.  What is not documented is assumed to be the
 * worst.
 */
static const struct cloud_habits services[] = {
    {.name = "Cloudflare R2",
     .endpoint = "https://0123456789abcdef.r2.cloudflarestorage.com/files",
     .base = "",
     .versions = CLOUD_VERSIONS_UNKNOWN,
     .busy = true,
     .error = XML "<Error><Code>{code}</Code><Message>{message}</Message></Error>"},
    {.name = "MinIO",
     .endpoint = "https://minio.example.org:9000",
     .base = "",
     .region = "us-east-1",
     .error = XML "\n<Error><Code>{code}</Code><Message>{message}</Message><Key>{path}</Key>"
                  "<BucketName>{bucket}</BucketName><Resource>/{bucket}/{path}</Resource>"
                  "<RequestId>17A</RequestId><HostId>dd9025</HostId></Error>"},
    {.name = "MinIO before conditions",
     .endpoint = "https://minio.example.org:9000/",
     .base = "",
     .region = "us-east-1",
     .conditions = CLOUD_CONDITIONS_IGNORED,
     .error = XML "\n<Error><Code>{code}</Code></Error>"},
    {.name = "Ceph",
     .endpoint = "https://ceph.example.org",
     .base = "",
     .set_region = "default",
     .many = CLOUD_MANY_LISTED,
     .error = XML "<Error><Code>{code}</Code><Message></Message><BucketName>{bucket}</BucketName>"
                  "<RequestId>tx00000-default</RequestId><HostId>default-default</HostId></Error>"},
    {.name = "Garage",
     .endpoint = "https://garage.example.org",
     .base = "",
     .region = "garage",
     .set_region = "garage",
     .conditions = CLOUD_CONDITIONS_IGNORED,
     .error = XML "<Error><Code>{code}</Code><Message>{message}</Message>"
                  "<Resource>/{bucket}/{path}</Resource><Region>garage</Region></Error>"},
    {.name = "SeaweedFS",
     .endpoint = "https://seaweed.example.org:8333",
     .base = "",
     .conditions = CLOUD_CONDITIONS_IGNORED,
     .many = CLOUD_MANY_LISTED,
     .error = XML "\n<Error><Code>{code}</Code><Message>{message}</Message>"
                  "<Resource>/{bucket}/{path}</Resource><RequestId>1755</RequestId></Error>"},
    {.name = "old SeaweedFS",
     .endpoint = "https://seaweed.example.org:8333",
     .base = "",
     .versions = CLOUD_SUSPENDED,
     .error = XML "\n<Error><Code>{code}</Code></Error>"},
    {.name = "Backblaze B2",
     .endpoint = "https://s3.us-west-004.backblazeb2.com",
     .base = "",
     .set_region = "us-west-004",
     .versions = CLOUD_VERSIONED,
     .conditions = CLOUD_CONDITIONS_REFUSED,
     .error = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Error>\n"
              "    <Code>{code}</Code>\n    <Message>{message}</Message>\n</Error>\n"},
    {.name = "Storj",
     .endpoint = "https://gateway.storjshare.io",
     .base = "",
     .versions = CLOUD_VERSIONS_UNKNOWN,
     .conditions = CLOUD_CONDITIONS_REFUSED,
     .busy = true,
     .error = XML "\n<Error><Code>{code}</Code><Message>{message}</Message><Key>{path}</Key>"
                  "<BucketName>{bucket}</BucketName></Error>"},
    {.name = "Supabase",
     .endpoint = "https://project.supabase.co/storage/v1/s3",
     .base = "/storage/v1/s3",
     .region = "eu-central-1",
     .set_region = "eu-central-1",
     .conditions = CLOUD_CONDITIONS_IGNORED,
     .error = XML "<Error><Resource>{path}</Resource><Code>{code}</Code>"
                  "<Message>{message}</Message></Error>"},
    {.name = "a service without DeleteObjects",
     .endpoint = "https://s3.example.org",
     .base = "",
     .many = CLOUD_MANY_REFUSED,
     .error = "<Error><Code>{code}</Code></Error>"},
};

struct object {
    char key[KEY_MAX];
    void *bytes;
    size_t len;
};

struct cloud_s3 {
    const struct cloud_habits *habits;
    const char *bucket;
    pthread_mutex_t lock;
    struct object objects[OBJECTS_MAX];
    size_t count;
    unsigned writes; /* so far, for busy */
    int failing;     /* status of every answer, or 0 */
    const char *failing_code;
};

const struct cloud_habits *
cloud_s3_services(size_t *count) {
    *count = sizeof(services) / sizeof(services[0]);
    return services;
}

struct cloud_s3 *
cloud_s3_new(const struct cloud_habits *habits, const char *bucket) {
    struct cloud_s3 *s = calloc(1, sizeof(*s));
    if (s == NULL) abort();
    s->habits = habits;
    s->bucket = bucket;
    if (pthread_mutex_init(&s->lock, NULL) != 0) abort();
    return s;
}

void
cloud_s3_free(struct cloud_s3 *s) {
    if (s == NULL) return;
    for (size_t i = 0; i < s->count; i++)
        free(s->objects[i].bytes);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Make ${resp} the answer ${status} with the body ${text}. */
static enum http_failure
answer(struct http_client_response *resp, int status, const char *text, size_t len) {
    buf_reset(&resp->body);
    resp->status = status;
    resp->sent = true;
    return buf_add(&resp->body, text, len) == 0 ? HTTP_FAILURE_NONE : HTTP_FAILURE_TOO_LARGE;
}

static enum http_failure
answer_error(struct cloud_s3 *s, struct http_client_response *resp, int status, const char *code,
             const char *message, const char *key) {
    const struct {
        const char *name, *value;
    } words[] = {
        {"{code}", code}, {"{message}", message}, {"{bucket}", s->bucket}, {"{path}", key}};
    struct buf text = BUF_INIT(4096);

    for (const char *at = s->habits->error; *at != '\0';) {
        size_t i = 0, count = sizeof(words) / sizeof(words[0]);
        while (i < count && strncmp(at, words[i].name, strlen(words[i].name)) != 0)
            i++;
        int err =
            i == count ? buf_add_byte(&text, (uint8_t)*at) : buf_add_text(&text, words[i].value);
        if (err != 0) abort();
        at += i == count ? 1 : strlen(words[i].name);
    }
    enum http_failure failure = answer(resp, status, buf_text(&text), text.len);
    buf_free(&text);
    return failure;
}

static struct object *
find_object(struct cloud_s3 *s, const char *key) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->objects[i].key, key) == 0) return &s->objects[i];
    return NULL;
}

static void
remove_object(struct cloud_s3 *s, const char *key) {
    struct object *o = find_object(s, key);
    if (o == NULL) return;
    free(o->bytes);
    *o = s->objects[--s->count];
}

static void
store_object(struct cloud_s3 *s, const char *key, const void *bytes, size_t len) {
    remove_object(s, key);
    if (s->count == OBJECTS_MAX || strlen(key) >= KEY_MAX) abort();
    struct object *o = &s->objects[s->count++];
    memcpy(o->key, key, strlen(key) + 1);
    o->bytes = malloc(len + 1);
    if (o->bytes == NULL) abort();
    memcpy(o->bytes, bytes, len);
    o->len = len;
}

static const char *
field_of(const struct http_client_request *req, const char *name) {
    for (size_t i = 0; i < req->field_count; i++)
        if (strcasecmp(req->fields[i].name, name) == 0) return req->fields[i].value;
    return NULL;
}

/* Whether the signature of ${req} names the region that ${s} requires. */
static bool
is_region_right(const struct cloud_s3 *s, const struct http_client_request *req) {
    char scope[80];
    const char *signature = field_of(req, "Authorization");
    if (signature == NULL) abort();
    if (s->habits->region == NULL) return true;
    (void)snprintf(scope, sizeof(scope), "/%s/s3/aws4_request", s->habits->region);
    return strstr(signature, scope) != NULL;
}

static enum http_failure
answer_versions(struct cloud_s3 *s, struct http_client_response *resp) {
    static const char *const texts[] = {
        [CLOUD_UNVERSIONED] =
            XML "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
        [CLOUD_VERSIONED] = XML "\n<VersioningConfiguration>\n    <Status>Enabled</Status>\n"
                                "</VersioningConfiguration>\n",
        [CLOUD_SUSPENDED] = XML "\n<VersioningConfiguration><Status>Suspended</Status>"
                                "</VersioningConfiguration>",
    };
    if (s->habits->versions == CLOUD_VERSIONS_UNKNOWN)
        return answer_error(s, resp, 501, "NotImplemented", "GetBucketVersioning not implemented",
                            "");
    const char *text = texts[s->habits->versions];
    return answer(resp, 200, text, strlen(text));
}

/* Delete the keys in the body of ${req}. */
static enum http_failure
answer_many(struct cloud_s3 *s, const struct http_client_request *req,
            struct http_client_response *resp) {
    struct buf body = BUF_INIT(1 << 20), list = BUF_INIT(1 << 20);
    char key[KEY_MAX];

    if (s->habits->many == CLOUD_MANY_REFUSED)
        return answer_error(s, resp, 501, "NotImplemented", "", "");
    if (field_of(req, "Content-MD5") == NULL)
        return answer_error(s, resp, 400, "MissingContentMD5", "", "");
    if (buf_add(&body, req->body, req->body_len) != 0) abort();
    if (buf_add_text(&list, XML "<DeleteResult>") != 0) abort();

    for (const char *at = buf_text(&body); (at = strstr(at, "<Key>")) != NULL;) {
        at += strlen("<Key>");
        (void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(at, "<"), at);
        remove_object(s, key);
        if (s->habits->many == CLOUD_MANY_LISTED &&
            buf_printf(&list, "<Deleted><Key>%s</Key></Deleted>", key) != 0)
            abort();
    }
    if (buf_add_text(&list, "</DeleteResult>") != 0) abort();
    enum http_failure failure = answer(resp, 200, buf_text(&list), list.len);
    buf_free(&body);
    buf_free(&list);
    return failure;
}

static enum http_failure
answer_put(struct cloud_s3 *s, const struct http_client_request *req,
           struct http_client_response *resp, const char *key) {
    bool condition = field_of(req, "If-None-Match") != NULL;

    /* No service but Amazon's knows this encryption. */
    if (field_of(req, "X-Amz-Server-Side-Encryption") != NULL)
        return answer_error(s, resp, 501, "NotImplemented", "", key);
    if (s->habits->busy && s->writes++ % RULE == 0)
        return answer_error(s, resp, s->writes % 2 == 0 ? 429 : 503, "SlowDown", "", key);
    if (condition && s->habits->conditions == CLOUD_CONDITIONS_REFUSED)
        return answer_error(s, resp, 501, "NotImplemented",
                            "A header you provided implies functionality that is not implemented.",
                            key);
    if (condition && s->habits->conditions == CLOUD_CONDITIONS_HOLD && find_object(s, key) != NULL)
        return answer_error(s, resp, 412, "PreconditionFailed", "", key);
    store_object(s, key, req->body, req->body_len);
    return answer(resp, 200, "", 0);
}

/* Answer ${req} for the object ${key}, or for the bucket if that is "". */
static enum http_failure
answer_key(struct cloud_s3 *s, const struct http_client_request *req,
           struct http_client_response *resp, const char *key, const char *query) {
    if (s->failing != 0) return answer_error(s, resp, s->failing, s->failing_code, "", key);
    if (strcmp(query, "versioning=") == 0) return answer_versions(s, resp);
    if (strcmp(query, "delete=") == 0) return answer_many(s, req, resp);
    if (req->method == HTTP_PUT) return answer_put(s, req, resp, key);
    if (req->method == HTTP_DELETE) {
        remove_object(s, key);
        return answer(resp, 204, "", 0);
    }
    const struct object *o = find_object(s, key);
    if (o == NULL) return answer_error(s, resp, 404, "NoSuchKey", "", key);
    return answer(resp, 200, o->bytes, o->len);
}

/* Take the path of ${url} behind the endpoint's host, and cut it into bucket, key and query. */
static enum http_failure
cloud_send(void *ctx, const struct http_client_request *req, struct http_client_response *resp) {
    struct cloud_s3 *s = ctx;
    char path[512], bucket[128];
    const char *host = strstr(req->url, "://") + 3;
    (void)snprintf(path, sizeof(path), "%s", host + strcspn(host, "/"));
    size_t base = strlen(s->habits->base);

    char *query = strchr(path, '?');
    if (query != NULL) *query++ = '\0';
    else query = path + strlen(path);
    if (strncmp(path, s->habits->base, base) != 0 || path[base] != '/')
        return answer_error(s, resp, 404, "NotFound", "", path);

    char *key = path + base + 1;
    (void)snprintf(bucket, sizeof(bucket), "%.*s", (int)strcspn(key, "/"), key);
    key += strlen(bucket);
    if (*key == '/') key++;

    (void)pthread_mutex_lock(&s->lock);
    enum http_failure failure;
    if (!is_region_right(s, req))
        failure = answer_error(s, resp, 400, "AuthorizationHeaderMalformed", "", key);
    else if (strcmp(bucket, s->bucket) != 0)
        failure = answer_error(s, resp, 404, "NoSuchBucket", "", key);
    else failure = answer_key(s, req, resp, key, query);
    (void)pthread_mutex_unlock(&s->lock);
    return failure;
}

static void
no_pause(void *ctx, int ms) {
    (void)ctx;
    (void)ms;
}

struct aws_transport
cloud_s3_transport(struct cloud_s3 *s) {
    return (struct aws_transport){cloud_send, no_pause, s};
}

static const char *
get_variable(void *ctx, const char *name) {
    const struct cloud_s3 *s = ctx;
    if (strcmp(name, "AWS_ENDPOINT_URL_S3") == 0) return s->habits->endpoint;
    if (strcmp(name, "AWS_REGION") == 0) return s->habits->set_region;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0) return "id";
    if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0) return "key";
    return NULL;
}

struct aws_env
cloud_s3_env(struct cloud_s3 *s) {
    return (struct aws_env){get_variable, s};
}

void
cloud_s3_fail(struct cloud_s3 *s, int status, const char *code) {
    s->failing = status;
    s->failing_code = code;
}

size_t
cloud_s3_count(struct cloud_s3 *s) {
    return s->count;
}
