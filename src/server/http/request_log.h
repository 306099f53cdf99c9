/* SPDX-License-Identifier: MIT */
/*
 * One line of the log for each request, and its place in the metrics.
 *
 * A client gets a limited number of lines a minute, and so does its network, so that its requests
 * neither fill the disk nor make the reader of the log drop the lines of others.  What exceeds that
 * is counted, and at most once a minute one line tells the count.
 */
#ifndef SERVER_HTTP_REQUEST_LOG_H
#define SERVER_HTTP_REQUEST_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "http/address.h"
#include "server/metrics/metrics.h"

struct request_log;

/* Lines of one client and of one network in a minute, and as many at once.  By default journald
 * drops lines of a service that writes more than 10,000 in 30 s. */
enum { REQUEST_LOG_LINES = 3000, REQUEST_LOG_NETWORK_LINES = 6000 };

struct request_outcome {
    const char *route; /* the template of the route, never the path; NULL if there is none */
    int status;
    int64_t us;                        /* from the first line of the head on */
    const struct http_address *client; /* NULL if unknown; its network is logged */
    const char *tag; /* of the secret, without a meaning once this process has ended; NULL or "" */
    const char *limit; /* the limit that refused the request; NULL for none */
    bool cut;          /* the client has not got all of the response */
};

/* Make a log that counts in ${metrics}, which outlives it, unless that is NULL.  ${random} is for
 * the tables of clients and networks.  Returns NULL if memory is short. */
struct request_log *request_log_new(struct metrics *metrics, const struct random *random);

/* Free ${l}.  NULL is allowed. */
void request_log_free(struct request_log *l);

/* Log and count ${outcome}.  Any thread. */
void request_log_add(struct request_log *l, const struct request_outcome *outcome);

#endif
