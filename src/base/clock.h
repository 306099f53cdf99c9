/* SPDX-License-Identifier: MIT */
/*
 * Clocks.  Code below a main function gets a struct clock and does not read the system clock
 * itself, so that a test can set the time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/compiler.h"

struct clock {
    int64_t (*now)(void *ctx); /* seconds since 1970-01-01 UTC; any thread */
    void *ctx;
};

/* The system clock. */
extern const struct clock clock_system;

/* Return the time of ${c} in seconds since 1970-01-01 UTC. */
int64_t clock_now(const struct clock *c);

/* Return the milliseconds of the monotonic clock, which starts anywhere.  Use it for deadlines and
 * durations.  Any thread. */
int64_t clock_monotonic_ms(void);

/* Return the microseconds of the monotonic clock.  Any thread. */
int64_t clock_monotonic_us(void);

#endif
