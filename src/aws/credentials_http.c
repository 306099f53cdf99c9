/* SPDX-License-Identifier: MIT */
/* Keys from the container's endpoint and from the instance's metadata. */
#include "aws/credentials_source.h"
#include "aws/endpoint.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text/json.h"

#define CONTAINER_URL "http://169.254.170.2"
#define INSTANCE_URL  "http://169.254.169.254"
#define ROLE_PATH     "/latest/meta-data/iam/security-credentials/"

enum { RESPONSE_MAX = 64 * 1024, CONNECT_MS = 1000, DEADLINE_MS = 3000 };

static bool
copy_member(const json_t *o, const char *key, char *out, size_t room) {
    const json_t *v = json_object_get(o, key);
    return json_is_string(v) &&
           aws_credentials_copy(json_string_value(v), json_string_length(v), out, room);
}

int
aws_credentials_parse_json(const struct buf *json, struct aws_keys *out) {
    json_t *o = NULL;
    if (json->len > 0) o = json_parse_object((const char *)json->data, json->len);
    const char *expiration = json_string_value(json_object_get(o, "Expiration"));
    struct tm tm = {0};

    bool ok = o != NULL && copy_member(o, "AccessKeyId", out->id, sizeof(out->id)) &&
              copy_member(o, "SecretAccessKey", out->secret, sizeof(out->secret));
    if (ok && json_object_get(o, "Token") != NULL)
        ok = copy_member(o, "Token", out->token, sizeof(out->token));

    if (ok && expiration != NULL) {
        ok = strptime(expiration, "%Y-%m-%dT%H:%M:%S", &tm) != NULL;
        if (ok) out->expires = (int64_t)timegm(&tm);
    }

    json_decref(o);
    return ok ? 1 : ERR_STORE;
}

/* One request for metadata. */
struct metadata_request {
    enum http_method method;
    const char *url, *path, *header, *value; /* header may be NULL */
};

/* Send ${r} and put the body of the response into ${body}.  Returns its status; 0 if no such
 * service is there; or ERR_STORE. */
static int
send_metadata_request(const struct aws_transport *t, const struct metadata_request *r,
                      struct buf *body) {
    struct buf url = BUF_INIT(4096);
    struct http_client_response resp = {.body = BUF_INIT(RESPONSE_MAX)};
    struct http_field field = {r->header, r->value};
    int status = ERR_STORE;

    if (buf_printf(&url, "%s%s", r->url, r->path) != 0) goto out;

    struct http_client_request req = {.method = r->method,
                                      .url = buf_text(&url),
                                      .fields = &field,
                                      .field_count = r->header != NULL,
                                      .connect_ms = CONNECT_MS,
                                      .deadline_ms = DEADLINE_MS};

    switch (t->send(t->ctx, &req, &resp)) {
    case HTTP_FAILURE_NONE: status = resp.status; break;
    case HTTP_FAILURE_CONNECT:
    case HTTP_FAILURE_RESOLVE: status = 0; break;
    case HTTP_FAILURE_TIMEOUT:
        /* Outside Amazon's network packets to the metadata address are often dropped. */
        if (!resp.sent) status = 0;
        break;
    default: break;
    }

    if (status > 0) buf_move(body, &resp.body);
out:
    buf_free(&url);
    buf_free(&resp.body);
    return status;
}

/* Whether ${url} may be asked for keys without TLS: it is on this machine, or one of the
 * endpoints of the container services. */
static bool
host_is_local(const char *url) {
    static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    const char *host = url + strlen("http://");
    size_t len = strcspn(host, "/?#");

    if (memchr(host, '@', len) != NULL) return false;
    if (host[0] == '[') {
        size_t end = strcspn(host, "]") + 1;
        if (end < len && host[end] != ':') return false;
        len = end;
    } else len = strcspn(host, ":/?#");

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (len == strlen(hosts[i]) && strncasecmp(host, hosts[i], len) == 0) return true;
    return aws_endpoint_is_loopback(host, len);
}

/* Append the Authorization header for the container's endpoint to ${out}, or nothing if none is
 * configured. */
static int
container_token(const struct aws_env *env, struct buf *out) {
    const char *file = aws_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    int got = 0;

    if (file == NULL) got = aws_credentials_value(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN", out);
    else if (aws_credentials_read_file(file, out) != 1) got = ERR_STORE;
    return got < 0 ? ERR_STORE : 0;
}

int
aws_credentials_from_container(const struct aws_credentials_config *o, struct aws_keys *out) {
    const char *relative = aws_env_get(&o->env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_env_get(&o->env, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct buf token = BUF_INIT(AWS_TOKEN_MAX), body = BUF_INIT(RESPONSE_MAX);
    int err = ERR_STORE;

    if (relative == NULL && full == NULL) return 0;

    /* The relative address has priority, as in Amazon's SDKs. */
    struct metadata_request request = {.method = HTTP_GET, .url = CONTAINER_URL, .path = relative};
    if (relative == NULL) {
        bool https = strncmp(full, "https://", 8) == 0;
        if (!https && (strncmp(full, "http://", 7) != 0 || !host_is_local(full))) return ERR_STORE;
        request.url = full;
        request.path = "";
    } else if (relative[0] != '/') return ERR_STORE;

    if (container_token(&o->env, &token) != 0) goto out;
    if (token.len > 0) {
        request.header = "Authorization";
        request.value = buf_text(&token);
    }
    if (send_metadata_request(&o->transport, &request, &body) == 200)
        err = aws_credentials_parse_json(&body, out);
out:
    buf_free(&token);
    buf_free(&body);
    return err;
}

/* Ask the metadata service at ${url}, with the session ${token}, for the role and then its keys. */
static int
fetch_instance_role(const struct aws_transport *t, const char *url, const char *token,
                    struct aws_keys *out) {
    struct buf role = BUF_INIT(RESPONSE_MAX), path = BUF_INIT(4096), body = BUF_INIT(RESPONSE_MAX);
    struct metadata_request request = {HTTP_GET, url, ROLE_PATH, "X-aws-ec2-metadata-token", token};
    int err = ERR_STORE;

    int status = send_metadata_request(t, &request, &role);
    if (status == 404) err = 0; /* an instance without a role */
    if (status != 200) goto out;

    size_t len = strcspn(buf_text(&role), "\r\n");
    if (len == 0 || len > 512) goto out;
    if (buf_printf(&path, "%s%.*s", ROLE_PATH, (int)len, buf_text(&role)) != 0) goto out;
    request.path = buf_text(&path);
    if (send_metadata_request(t, &request, &body) == 200)
        err = aws_credentials_parse_json(&body, out);
out:
    buf_free(&role);
    buf_free(&path);
    buf_free(&body);
    return err;
}

int
aws_credentials_from_instance(const struct aws_credentials_config *o, struct aws_keys *out) {
    const char *off = aws_env_get(&o->env, "AWS_EC2_METADATA_DISABLED");
    const char *url = aws_env_get(&o->env, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    struct buf token = BUF_INIT(RESPONSE_MAX);
    if (url == NULL) url = INSTANCE_URL;
    struct metadata_request request = {HTTP_PUT, url, "/latest/api/token",
                                       "X-aws-ec2-metadata-token-ttl-seconds", "21600"};

    if (off != NULL && strcasecmp(off, "true") == 0) return 0;

    /* Every pod of a node could take the keys of the node. */
    if (off == NULL && aws_env_get(&o->env, "KUBERNETES_SERVICE_HOST") != NULL) {
        log_warn("aws.credentials", LOG_TEXT("skipped", "instance"),
                 LOG_TEXT("reason", "in a pod these are the keys of the node. "
                                    "AWS_EC2_METADATA_DISABLED=false takes them"));
        return 0;
    }
    int status = send_metadata_request(&o->transport, &request, &token), err = 0;
    if (status == 200) err = fetch_instance_role(&o->transport, url, buf_text(&token), out);
    else if (status < 0 || status >= 500) err = ERR_STORE;
    buf_free(&token);
    return err;
}
