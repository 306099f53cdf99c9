/* SPDX-License-Identifier: MIT */
/*
 * What the code that speaks to AWS needs from outside, passed in: the environment, HTTP and pauses.
 */
#ifndef AWS_TRANSPORT_H
#define AWS_TRANSPORT_H

#include "http/client.h"

/* The environment of the process. */
struct aws_env {
    /* Returns the value of ${name}, or NULL if it is not set.  The value lives as long as the
     * program. */
    const char *(*get)(void *ctx, const char *name);
    void *ctx;
};

/* Returns the value of ${name}, or NULL if it is not set or empty. */
const char *aws_env_get(const struct aws_env *env, const char *name);

struct aws_transport {
    /* Sends a request, as http_client_send() does. */
    enum http_failure (*send)(void *ctx, const struct http_client_request *req,
                              struct http_client_response *resp);
    /* Waits for ${ms} milliseconds. */
    void (*pause)(void *ctx, int ms);
    void *ctx;
};

/* Returns a transport over ${client}, which must outlive it. */
struct aws_transport aws_transport_http(struct http_client *client);

#endif
