/* SPDX-License-Identifier: MIT */
/*
 * One line of the log for each request, and its place in the metrics.
 */
#ifndef SERVER_HTTP_REQUEST_LOG_H
#define SERVER_HTTP_REQUEST_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "http/address.h"
#include "server/metrics/metrics.h"

struct request_outcome {
    const char *route; /* the template of the route, never the path; NULL if there is none */
    int status;
    int64_t us;                        /* from the first line of the head on */
    const struct http_address *client; /* NULL if unknown; its network is logged */
    const char *tag; /* of the secret, without a meaning once this process has ended; NULL or "" */
    bool cut;        /* the client has not got all of the response */
};

/* Log ${outcome}, and count it in ${metrics} unless that is NULL. */
void request_log(struct metrics *metrics, const struct request_outcome *outcome);

#endif
