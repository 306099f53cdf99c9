/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

static int64_t
clock_system_now(void *ctx) {
    struct timespec ts;
    (void)ctx;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0) abort();
    return ts.tv_sec;
}

const struct clock clock_system = {.now = clock_system_now, .ctx = NULL};

int64_t
clock_now(const struct clock *c) {
    return c->now(c->ctx);
}

int64_t
clock_monotonic_us(void) {
    struct timespec ts;
    if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0) abort();
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_monotonic_ms(void) {
    return clock_monotonic_us() / 1000;
}

bool
clock_http_date(int64_t t, char out[static CLOCK_HTTP_DATE_LEN + 1]) {
    enum { ROOM = CLOCK_HTTP_DATE_LEN + 1 };
    const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
    struct tm tm;
    time_t seconds = (time_t)t;
    out[0] = '\0';
    if (t < 0 || t > last || gmtime_r(&seconds, &tm) == NULL) return false;
    return strftime(out, ROOM, "%a, %d %b %Y %H:%M:%S GMT", &tm) == CLOCK_HTTP_DATE_LEN;
}
