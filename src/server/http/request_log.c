/* SPDX-License-Identifier: MIT */
#include "server/http/request_log.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/rate.h"

enum { TELL_MS = 60 * 1000 };

struct request_log {
    struct metrics *metrics;
    struct rate *clients;          /* lines of each client */
    struct rate *networks;         /* lines of each network */
    atomic_uint_fast64_t left_out; /* requests without a line, not reported yet */
    _Atomic int64_t told_ms;       /* when they were reported last; 0 if never */
};

struct request_log *
request_log_new(struct metrics *metrics, const struct random *random) {
    struct request_log *l = calloc(1, sizeof(*l));
    if (l == NULL) return NULL;

    l->metrics = metrics;
    l->clients = rate_new(REQUEST_LOG_LINES, random);
    l->networks = rate_new(REQUEST_LOG_NETWORK_LINES, random);
    if (l->clients != NULL && l->networks != NULL) return l;
    request_log_free(l);
    return NULL;
}

void
request_log_free(struct request_log *l) {
    if (l == NULL) return;
    rate_free(l->clients);
    rate_free(l->networks);
    free(l);
}

/* Count a request that gets no line.  ${client} is the network that it is of. */
static void
leave_out(struct request_log *l, const char *client, int64_t now_ms) {
    int64_t told = atomic_load(&l->told_ms);
    atomic_fetch_add(&l->left_out, 1);
    if (told != 0 && now_ms < told + TELL_MS) return;

    /* One thread tells the count. */
    if (!atomic_compare_exchange_strong(&l->told_ms, &told, now_ms)) return;
    uint64_t count = atomic_exchange(&l->left_out, 0);
    log_info("request.left_out", LOG_TEXT("client", client), LOG_NUMBER("count", count));
}

/* Take a line of the client ${a}, and of its network; NULL for an unknown client.  Returns whether
 * both had one. */
static bool
take_line(struct request_log *l, const struct http_address *a, int64_t now_ms) {
    struct party who = {0};
    if (a != NULL) who = http_address_party(a);
    return rate_take(l->clients, who.client, now_ms) == 0 &&
           rate_take(l->networks, who.network, now_ms) == 0;
}

void
request_log_add(struct request_log *l, const struct request_outcome *outcome) {
    const char *route = outcome->route, *client = NULL, *tag = outcome->tag;
    char network[HTTP_PREFIX_LEN];
    int64_t now_ms = clock_monotonic_ms();
    if (route == NULL) route = "-";
    if (tag != NULL && tag[0] == '\0') tag = NULL;
    if (outcome->client != NULL) {
        http_address_prefix(outcome->client, network);
        client = network;
    }

    /* The metrics count every request. */
    if (l->metrics != NULL) metrics_request(l->metrics, route, outcome->status, outcome->us);
    if (!take_line(l, outcome->client, now_ms)) {
        leave_out(l, client, now_ms);
        return;
    }
    log_info("request", LOG_TEXT("route", route), LOG_NUMBER("status", outcome->status),
             LOG_NUMBER("us", outcome->us), LOG_TEXT("client", client), LOG_TEXT("secret", tag),
             LOG_TEXT("limit", outcome->limit), outcome->cut ? LOG_FLAG("cut", true) : LOG_NONE);
}
