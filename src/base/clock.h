/* SPDX-License-Identifier: MIT */
/*
 * Time is passed in: nothing below a main function reads the clock by itself.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/compiler.h"

struct clock {
    int64_t (*now)(void *ctx); /* seconds since 1970-01-01 UTC; safe from any thread */
    void *ctx;
};

/* The system's clock. */
extern const struct clock clock_system;

/* The time of ${c}: seconds since 1970-01-01 UTC. */
int64_t clock_now(const struct clock *c);

/* Milliseconds of a clock that never jumps, since some start.  For deadlines and
 * durations alone. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds. */
int64_t clock_monotonic_us(void);

#endif
