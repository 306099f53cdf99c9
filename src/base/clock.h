/* SPDX-License-Identifier: MIT */
/*
 * Clocks.  Code below a main function gets a struct clock and does not read the system clock
 * itself, so that a test can set the time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct clock {
    int64_t (*now)(void *ctx); /* seconds since 1970-01-01 UTC; any thread */
    void *ctx;
};

enum { CLOCK_HTTP_DATE_LEN = sizeof("Sun, 06 Nov 1994 08:49:37 GMT") - 1 };

/* The system clock. */
extern const struct clock clock_system;

/* Return the time of ${c} in seconds since 1970-01-01 UTC. */
int64_t clock_now(const struct clock *c);

/* Return the milliseconds of the monotonic clock, which starts anywhere.  Use it for deadlines and
 * durations.  Any thread. */
int64_t clock_monotonic_ms(void);

/* Return the microseconds of the monotonic clock.  Any thread. */
int64_t clock_monotonic_us(void);

/* Write the time ${t}, in seconds since 1970-01-01 UTC, to ${out} as the Date of HTTP (RFC 9110
 * 5.6.7).  Returns false, with "" in ${out}, for a time outside of the years 1970 to 9999, which
 * has no such form.  Any thread. */
bool clock_http_date(int64_t t, char out[static CLOCK_HTTP_DATE_LEN + 1]);

#endif
