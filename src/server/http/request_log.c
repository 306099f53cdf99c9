/* SPDX-License-Identifier: MIT */
#include "server/http/request_log.h"

#include <stddef.h>

#include "base/log.h"

void
request_log(struct metrics *metrics, const struct request_outcome *outcome) {
    const char *route = outcome->route, *client = NULL, *tag = outcome->tag;
    char network[HTTP_PREFIX_LEN];
    if (route == NULL) route = "-";
    if (tag != NULL && tag[0] == '\0') tag = NULL;
    if (outcome->client != NULL) {
        http_address_prefix(outcome->client, network);
        client = network;
    }

    if (metrics != NULL) metrics_request(metrics, route, outcome->status, outcome->us);
    log_info("request", LOG_TEXT("route", route), LOG_NUMBER("status", outcome->status),
             LOG_NUMBER("us", outcome->us), LOG_TEXT("client", client), LOG_TEXT("secret", tag),
             outcome->cut ? LOG_FLAG("cut", true) : LOG_NONE);
}
