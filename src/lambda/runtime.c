/* SPDX-License-Identifier: MIT */
#include "lambda/runtime.h"

#include "base/err.h"

#define PREFIX "/2018-06-01/runtime"

enum { URL_MAX_LEN = 512, RESPONSE_MAX = 64 * 1024, POST_MS = 30000 };

int
runtime_next(struct runtime *r, struct buf *event, char id[static RUNTIME_ID_MAX + 1]) {
    char url[URL_MAX_LEN];
    struct http_client_header header = {.name = "Lambda-Runtime-Aws-Request-Id"};
    struct http_client_response resp = {.body = *event, .headers = &header, .header_count = 1};
    (void)snprintf(url, sizeof(url), "http://%.200s" PREFIX "/invocation/next", r->host);
    struct http_client_request req = {.method = HTTP_GET, .url = url};

    /* The client may have moved the body: the caller's buffer is what it left. */
    enum http_failure failure = http_client_send(r->client, &req, &resp);
    *event = resp.body;

    /* The id goes into a path, so nothing else than a UUID's characters is accepted. */
    size_t len = strlen(header.value);
    id[0] = '\0';
    if (failure == HTTP_FAILURE_NONE && resp.status != 200) return ERR_IO;
    if (len <= RUNTIME_ID_MAX && strspn(header.value, "0123456789abcdefABCDEF-") == len)
        memcpy(id, header.value, len + 1);
    if (failure == HTTP_FAILURE_TOO_LARGE) return ERR_TOO_LARGE;
    if (failure != HTTP_FAILURE_NONE || len == 0) return ERR_IO;
    return 0;
}

static int
runtime_post(struct runtime *r, const char *path, const struct http_field *fields, size_t count,
             const void *body, size_t len) {
    char url[URL_MAX_LEN];
    struct http_client_response resp = {.body = BUF_INIT(RESPONSE_MAX)};
    (void)snprintf(url, sizeof(url), "http://%.200s" PREFIX "%s", r->host, path);
    struct http_client_request req = {.method = HTTP_POST,
                                      .url = url,
                                      .fields = fields,
                                      .field_count = count,
                                      .body = body,
                                      .body_len = len,
                                      .deadline_ms = POST_MS};

    enum http_failure failure = http_client_send(r->client, &req, &resp);
    buf_free(&resp.body);
    if (failure != HTTP_FAILURE_NONE) return ERR_IO;
    if (resp.status == 413) return ERR_TOO_LARGE;
    if (resp.status < 200 || resp.status > 299) return ERR_IO;
    return 0;
}

int
runtime_answer(struct runtime *r, const char *id, const struct buf *answer) {
    const struct http_field fields[] = {{"Content-Type", "application/json"}};
    char path[RUNTIME_ID_MAX + 64];
    (void)snprintf(path, sizeof(path), "/invocation/%s/response", id);
    return runtime_post(r, path, fields, ARRAY_LEN(fields), answer->data, answer->len);
}

int
runtime_fail(struct runtime *r, const char *id, const char *type, const char *message) {
    const struct http_field fields[] = {{"Content-Type", "application/json"},
                                        {"Lambda-Runtime-Function-Error-Type", type}};
    char path[RUNTIME_ID_MAX + 64] = "/init/error", body[512], plain[301];
    if (id != NULL) (void)snprintf(path, sizeof(path), "/invocation/%s/error", id);

    (void)snprintf(plain, sizeof(plain), "%s", message);
    for (char *c = plain; *c != '\0'; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = '\'';

    int n = snprintf(body, sizeof(body), "{\"errorType\":\"%.100s\",\"errorMessage\":\"%s\"}", type,
                     plain);
    return runtime_post(r, path, fields, ARRAY_LEN(fields), body, (size_t)n);
}
