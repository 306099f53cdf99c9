/* SPDX-License-Identifier: MIT */
/*
 * The progress bar: one line of a terminal that is drawn over itself.  progress_line() and the
 * functions below it are pure; the others decide when to draw.
 */
#ifndef CLI_TERMINAL_PROGRESS_H
#define CLI_TERMINAL_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
    const char *label;
    uint64_t total;        /* bytes; 0 if unknown */
    uint64_t content;      /* what they are shown as; 0 for themselves */
    _Atomic uint64_t done; /* any thread may add to it */
    uint64_t begun_with;   /* bytes that an earlier run transferred */
    int64_t started_ms;
    int64_t drawn_ms; /* 0: not drawn yet */
    unsigned columns; /* of what was drawn last */
    bool shown;       /* whether to draw at all */
};

/* Say whether the terminal shows UTF-8 (${utf8}; the default is true); else bars are ASCII.  Call
 * before any other thread starts. */
void progress_setup(bool utf8);

/* Begin a bar called ${label} for ${total} bytes.  ${shown}: standard error is a terminal, and the
 * user did not ask for quiet. */
void progress_begin(struct progress *p, const char *label, uint64_t total, bool shown);

/* Show ${content} as the total of ${p}, and what is done in proportion: an envelope is larger than
 * the content that a person knows.  0 changes nothing.  Main thread. */
void progress_scale(struct progress *p, uint64_t content);

/* Draw the bar, unless it was drawn a moment ago.  Main thread. */
void progress_draw(struct progress *p);

/* Erase the bar.  Main thread. */
void progress_end(struct progress *p);

/* Return whether a terminal that became narrower may have wrapped a bar.  What was printed above
 * the bar may be erased then: not every terminal wraps lines. */
bool progress_was_wrapped(void);

/* Append ${bytes} for people to ${out}: "512 B", "64.0 KiB", "3.4 GiB".  Returns 0, ERR_TOO_LARGE
 * or ERR_NOMEM. */
MUST_CHECK
int progress_bytes(uint64_t bytes, struct buf *out);

/* Append ${seconds} for people to ${out}: "0:07", "12:30", "3:05:00".  Returns as
 * progress_bytes(). */
MUST_CHECK
int progress_time(uint64_t seconds, struct buf *out);

/*
 * Append to ${out} the line for ${done} of ${total} bytes of ${label} at ${speed} bytes a second
 * (0: unknown), in at most ${width} columns.  Returns as progress_bytes().
 */
MUST_CHECK
int progress_line(const char *label, uint64_t done, uint64_t total, uint64_t speed, unsigned width,
                  struct buf *out);

#endif
