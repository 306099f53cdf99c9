/* SPDX-License-Identifier: MIT */
/*
 * What code that speaks to AWS needs of the world, passed in: the environment, HTTP and waiting.
 */
#ifndef AWS_TRANSPORT_H
#define AWS_TRANSPORT_H

#include "http/client.h"

/* The environment of the process. */
struct aws_env {
    /* The value of ${name}, NULL if it is not set; lives as long as the program. */
    const char *(*get)(void *ctx, const char *name);
    void *ctx;
};

/* The value of ${name}, or NULL if it is not set or empty. */
const char *aws_env_get(const struct aws_env *env, const char *name);

struct aws_transport {
    /* As http_client_send(). */
    enum http_failure (*send)(void *ctx, const struct http_client_request *req,
                              struct http_client_response *resp);
    /* Wait for ${ms} milliseconds. */
    void (*pause)(void *ctx, int ms);
    void *ctx;
};

/* Over ${client}, which outlives it. */
struct aws_transport aws_transport_http(struct http_client *client);

#endif
