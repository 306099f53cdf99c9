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
    struct rate *lines;
    atomic_uint_fast64_t left_out; /* requests without a line, not reported yet */
    _Atomic int64_t told_ms;       /* when they were reported last; 0 if never */
};

struct request_log *
request_log_new(struct metrics *metrics, const struct random *random) {
    struct request_log *l = calloc(1, sizeof(*l));
    if (l == NULL) return NULL;

    l->metrics = metrics;
    l->lines = rate_new(REQUEST_LOG_LINES, random);
    if (l->lines != NULL) return l;
    free(l);
    return NULL;
}

void
request_log_free(struct request_log *l) {
    if (l == NULL) return;
    rate_free(l->lines);
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

void
request_log_add(struct request_log *l, const struct request_outcome *outcome) {
    const char *route = outcome->route, *client = NULL, *tag = outcome->tag;
    char network[HTTP_PREFIX_LEN];
    uint8_t key[16] = {0};
    int64_t now_ms = clock_monotonic_ms();
    if (route == NULL) route = "-";
    if (tag != NULL && tag[0] == '\0') tag = NULL;
    if (outcome->client != NULL) {
        http_address_prefix(outcome->client, network);
        http_address_group(outcome->client, key);
        client = network;
    }

    /* The metrics count every request. */
    if (l->metrics != NULL) metrics_request(l->metrics, route, outcome->status, outcome->us);
    if (rate_take(l->lines, key, now_ms) != 0) {
        leave_out(l, client, now_ms);
        return;
    }
    log_info("request", LOG_TEXT("route", route), LOG_NUMBER("status", outcome->status),
             LOG_NUMBER("us", outcome->us), LOG_TEXT("client", client), LOG_TEXT("secret", tag),
             LOG_TEXT("limit", outcome->limit), outcome->cut ? LOG_FLAG("cut", true) : LOG_NONE);
}
