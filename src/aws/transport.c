/* SPDX-License-Identifier: MIT */
#include "aws/transport.h"

#include <errno.h>

const char *
aws_env_get(const struct aws_env *env, const char *name) {
    const char *value = env->get(env->ctx, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum http_failure
transport_send(void *ctx, const struct http_client_request *req,
               struct http_client_response *resp) {
    return http_client_send(ctx, req, resp);
}

static void
transport_pause(void *ctx, int ms) {
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)ctx;
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

struct aws_transport
aws_transport_http(struct http_client *client) {
    return (struct aws_transport){.send = transport_send, .pause = transport_pause, .ctx = client};
}
