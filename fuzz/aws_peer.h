/* SPDX-License-Identifier: MIT */
/*
 * A service of AWS whose responses are the fuzzer's input: for each request a byte for what comes
 * back, two for the length of a body, and the body.  After the input every request is refused.
 */
#ifndef FUZZ_AWS_PEER_H
#define FUZZ_AWS_PEER_H

#include "aws/service.h"
#include "base/text/json.h"

static const uint8_t *peer_data;
static size_t peer_len;

static uint8_t
peer_byte(void) {
    if (peer_len == 0) return 0;
    peer_len--;
    return *peer_data++;
}

static enum http_failure
peer_send(void *ctx, const struct http_client_request *req, struct http_client_response *resp) {
    static const int statuses[] = {200, 204, 301, 307, 400, 403, 404, 409,
                                   412, 429, 500, 501, 503, 200, 200, 200};
    (void)ctx, (void)req;
    buf_reset(&resp->body);
    resp->sent = true;
    resp->status = 400;
    if (peer_len == 0) return HTTP_FAILURE_NONE;
    uint8_t what = peer_byte();
    size_t len = (size_t)peer_byte() << 8;
    len |= peer_byte();
    if (len > peer_len) len = peer_len;
    if (what >= 0xF0) return HTTP_FAILURE_RESET;
    for (size_t i = 0; i < resp->header_count; i++)
        (void)snprintf(resp->headers[i].value, HTTP_VALUE_MAX, "%.*s", (int)(len % 40), peer_data);
    resp->status = statuses[what & 15];
    int err = buf_add(&resp->body, peer_data, len);
    peer_data += len;
    peer_len -= len;
    return err == 0 ? HTTP_FAILURE_NONE : HTTP_FAILURE_TOO_LARGE;
}

static void
peer_pause(void *ctx, int ms) {
    (void)ctx, (void)ms;
}

static const char *
peer_variable(void *ctx, const char *name) {
    (void)ctx;
    if (strcmp(name, "AWS_ENDPOINT_URL") == 0) return "http://127.0.0.1:1";
    return strncmp(name, "AWS_ACCESS_KEY_ID", 17) == 0 || strncmp(name, "AWS_SECRET", 10) == 0
               ? "k"
               : NULL;
}

static int64_t
peer_now(void *ctx) {
    (void)ctx;
    return 1900000000;
}

/* The configuration of a store on that service. */
static struct aws_service_config
peer_config(void) {
    static struct aws_credentials *c;
    struct aws_service_config aws = {.env = {peer_variable, NULL},
                                     .transport = {peer_send, peer_pause, NULL},
                                     .clock = {.now = peer_now},
                                     .random = random_system};
    const struct aws_credentials_config config = {aws.env, aws.transport, aws.clock};

    if (c == NULL) c = aws_credentials_new(&config);
    aws.credentials = c;
    return aws;
}

#endif
