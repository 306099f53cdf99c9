/* SPDX-License-Identifier: MIT */
#include "aws/endpoint.h"

#include "base/err.h"
#include "base/text/parse.h"

#define REGION_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define WORD_CHARS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
#define HOST_CHARS   WORD_CHARS "[]:"

static int
endpoint_refuse(const char *variable, const char *fault, struct buf *reason) {
    (void)!buf_printf(reason, "%s: %s", variable, fault);
    return ERR_CONFIG;
}

/* Copy the region, if one is set, to out->region. */
static int
find_region(const struct aws_env *env, struct aws_endpoint *out, struct buf *reason) {
    const char *variable = "AWS_REGION";
    const char *region = aws_env_get(env, variable);

    if (region == NULL) {
        variable = "AWS_DEFAULT_REGION";
        region = aws_env_get(env, variable);
    }
    if (region == NULL) return 0;

    size_t len = strlen(region);
    if (len > AWS_REGION_MAX || strspn(region, REGION_CHARS) != len)
        return endpoint_refuse(variable, "not the name of a region", reason);
    memcpy(out->region, region, len + 1);
    return 0;
}

/*
 * Check the port of ${out}, if it names one, and remove it from out->host if it is ${usual}, the
 * scheme's own: clients leave that out of the Host header, so it must not be signed.  Returns 0 or
 * ERR_CONFIG.
 */
static int
check_port(struct aws_endpoint *out, const char *usual) {
    char *colon = strrchr(out->host, ':');
    int64_t port = 0;

    if (colon == NULL || strchr(colon, ']') != NULL) return 0;
    if (parse_number(colon + 1, strlen(colon + 1), 1, 65535, &port) != 0) return ERR_CONFIG;
    if (strcmp(colon, usual) == 0) *colon = '\0';
    return 0;
}

/* Copy ${path}, "" or "/" and segments, to ${out} without a slash at its end.  Returns 0 or
 * ERR_CONFIG. */
static int
parse_path(const char *path, struct aws_endpoint *out) {
    size_t len = strlen(path);
    if (len > 0 && path[len - 1] == '/') len--;
    if (len > AWS_PATH_MAX || strspn(path, WORD_CHARS "/") < len) return ERR_CONFIG;

    memcpy(out->path, path, len);
    out->path[len] = '\0';
    bool plain = strstr(out->path, "//") == NULL && strstr(out->path, "/.") == NULL;
    return plain ? 0 : ERR_CONFIG;
}

/* Split ${url}, "http://HOST:PORT" or "https://HOST/PATH".  A user or a query is an error. */
static int
parse_endpoint(const char *url, struct aws_endpoint *out) {
    const char *scheme = "https://", *usual = ":443";

    if (strncmp(url, scheme, strlen(scheme)) != 0) {
        scheme = "http://";
        usual = ":80";
    }
    if (strncmp(url, scheme, strlen(scheme)) != 0) return ERR_CONFIG;

    const char *host = url + strlen(scheme);
    size_t len = strcspn(host, "/");
    if (len == 0 || len > AWS_URL_MAX - 8 || strspn(host, HOST_CHARS) < len) return ERR_CONFIG;
    memcpy(out->host, host, len);
    out->host[len] = '\0';
    if (check_port(out, usual) != 0 || parse_path(host + len, out) != 0) return ERR_CONFIG;

    int n = snprintf(out->url, sizeof(out->url), "%s%s", scheme, out->host);
    return n > 0 && (size_t)n < sizeof(out->url) ? 0 : ERR_CONFIG;
}

static void
use_amazons_endpoint(const char *service, struct aws_endpoint *out) {
    const char *domain = strncmp(out->region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
    (void)snprintf(out->host, sizeof(out->host), "%s.%s.%s", service, out->region, domain);
    (void)snprintf(out->url, sizeof(out->url), "https://%.200s", out->host);
    out->amazon = true;
}

bool
aws_endpoint_is_loopback(const char *host, size_t len) {
    static const char *const names[] = {"localhost", "[::1]"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0) return true;
    return len >= 7 && len <= 15 && strncmp(host, "127.", 4) == 0 &&
           strspn(host, "0123456789.") >= len;
}

/* Whether the requests to ${e} are encrypted or stay on this machine. */
static bool
is_private(const struct aws_endpoint *e) {
    const char *colon = strrchr(e->host, ':');
    size_t len = strlen(e->host);

    if (strncmp(e->url, "https:", 6) == 0) return true;
    if (colon != NULL && strchr(colon, ']') == NULL) len = (size_t)(colon - e->host);
    return aws_endpoint_is_loopback(e->host, len);
}

int
aws_endpoint_find(const struct aws_env *env, const char *service, bool http_anywhere,
                  struct aws_endpoint *out, struct buf *reason) {
    bool s3 = strcmp(service, "s3") == 0;
    const char *variable = "AWS_ENDPOINT_URL_DYNAMODB";

    *out = (struct aws_endpoint){0};
    int err = find_region(env, out, reason);
    if (err != 0) return err;

    /* The service's own variable has priority over the one for all services. */
    if (s3) variable = "AWS_ENDPOINT_URL_S3";
    if (strcmp(service, "sts") == 0) variable = "AWS_ENDPOINT_URL_STS";
    if (aws_env_get(env, variable) == NULL) variable = "AWS_ENDPOINT_URL";
    const char *url = aws_env_get(env, variable);

    if (url == NULL) {
        if (out->region[0] == '\0')
            return endpoint_refuse("AWS_REGION", "required unless AWS_ENDPOINT_URL is set", reason);
        use_amazons_endpoint(service, out);
        return 0;
    }
    if (out->region[0] == '\0') memcpy(out->region, "us-east-1", sizeof("us-east-1"));
    if (parse_endpoint(url, out) != 0 || (!s3 && out->path[0] != '\0'))
        return endpoint_refuse(variable, "not an address like https://HOST[:PORT]", reason);
    if (!http_anywhere && !is_private(out))
        return endpoint_refuse(variable,
                               "http: to another machine requires SECRETS_AWS_HTTP=anywhere, "
                               "because everything on the way can read and change the requests",
                               reason);
    return 0;
}
