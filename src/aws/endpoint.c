/* SPDX-License-Identifier: MIT */
#include "aws/endpoint.h"

#include "base/err.h"
#include "base/text/parse.h"

#define REGION_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define HOST_CHARS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._[]:"

static int
find_region(const struct aws_env *env, struct aws_endpoint *out, const char **wrong) {
    const char *region = aws_env_get(env, "AWS_REGION");
    *wrong = "AWS_REGION";
    if (region == NULL && (region = aws_env_get(env, "AWS_DEFAULT_REGION")) != NULL)
        *wrong = "AWS_DEFAULT_REGION";
    if (region == NULL) return 0;
    size_t len = strlen(region);
    if (len > AWS_REGION_MAX || strspn(region, REGION_CHARS) != len) return ERR_CONFIG;
    memcpy(out->region, region, len + 1);
    return 0;
}

/* Take "http://host:port" or "https://host" apart.  A path, user or query is not understood. */
static int
parse_url(const char *url, struct aws_endpoint *out) {
    bool https = strncmp(url, "https://", 8) == 0;
    if (!https && strncmp(url, "http://", 7) != 0) return ERR_CONFIG;
    const char *host = url + (https ? 8 : 7), *colon = NULL;
    const char *usual = https ? ":443" : ":80";
    size_t len = strlen(host);
    if (len > 0 && host[len - 1] == '/') len--;
    if (len == 0 || len > AWS_URL_MAX - 8 || strspn(host, HOST_CHARS) < len) return ERR_CONFIG;
    memcpy(out->host, host, len);
    out->host[len] = '\0';
    colon = strrchr(out->host, ':');
    if (colon != NULL && strchr(colon, ']') == NULL) {
        int64_t port = 0;
        if (parse_number(colon + 1, strlen(colon + 1), 1, 65535, &port) != 0) return ERR_CONFIG;
        /* The usual port is not part of the Host header, and so not of what is signed. */
        if (strcmp(colon, usual) == 0) out->host[colon - out->host] = '\0';
    }
    int n = snprintf(out->url, sizeof(out->url), "%s%s", https ? "https://" : "http://", out->host);
    return n > 0 && (size_t)n < sizeof(out->url) ? 0 : ERR_CONFIG;
}

static int
use_amazons(const char *service, struct aws_endpoint *out) {
    const char *domain = strncmp(out->region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
    (void)snprintf(out->host, sizeof(out->host), "%s.%s.%s", service, out->region, domain);
    (void)snprintf(out->url, sizeof(out->url), "https://%.200s", out->host);
    out->amazon = true;
    return 0;
}

int
aws_endpoint_find(const struct aws_env *env, const char *service, struct aws_endpoint *out,
                  const char **wrong) {
    const char *own =
        strcmp(service, "s3") == 0 ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL_DYNAMODB";
    *out = (struct aws_endpoint){0};
    int err = find_region(env, out, wrong);
    if (err != 0) return err;
    const char *name = aws_env_get(env, own) != NULL ? own : "AWS_ENDPOINT_URL";
    const char *url = aws_env_get(env, name);
    if (url == NULL && out->region[0] == '\0') return ERR_CONFIG;
    if (url == NULL) return use_amazons(service, out);
    if (out->region[0] == '\0') memcpy(out->region, "us-east-1", sizeof("us-east-1"));
    *wrong = name;
    return parse_url(url, out);
}
