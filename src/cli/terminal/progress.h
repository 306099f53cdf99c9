/* SPDX-License-Identifier: MIT */
/*
 * The progress bar: one line on a terminal, drawn over itself.  The lines are made by pure
 * functions; progress_* decides when to draw.
 */
#ifndef CLI_TERMINAL_PROGRESS_H
#define CLI_TERMINAL_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
    const char *label;
    uint64_t total;        /* bytes; 0 if nobody knows */
    _Atomic uint64_t done; /* any thread may add */
    uint64_t begun_with;   /* bytes that an earlier run moved */
    int64_t started_ms;
    int64_t drawn_ms; /* 0: never */
    bool shown;       /* whether there is a terminal to draw on */
};

/* Begin: ${shown} if standard error is a terminal and nobody asked for quiet. */
void progress_begin(struct progress *p, const char *label, uint64_t total, bool shown);

/* Draw, if the last time was long enough ago.  Main thread. */
void progress_draw(struct progress *p);

/* Take the line away. */
void progress_end(struct progress *p);

/* Append ${bytes} for people: "512 B", "64.0 KiB", "3.4 GiB". */
MUST_CHECK
int progress_bytes(uint64_t bytes, struct buf *out);

/* Append ${seconds} for people: "0:07", "12:30", "3:05:00". */
MUST_CHECK
int progress_time(uint64_t seconds, struct buf *out);

/*
 * Append the line of a transfer named ${label}, ${done} of ${total} bytes, in ${width} columns, at
 * ${speed} bytes a second (0: not known yet).
 */
MUST_CHECK
int progress_line(const char *label, uint64_t done, uint64_t total, uint64_t speed, unsigned width,
                  struct buf *out);

#endif
