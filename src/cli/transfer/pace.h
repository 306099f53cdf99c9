/* SPDX-License-Identifier: MIT */
/*
 * How many parts move at once.  A thin line that is shared by several parts can be too slow for
 * each of them, so a cut halves their number, and some successes in a row raise it again.  The
 * functions are called under the lock of the caller.
 */
#ifndef CLI_TRANSFER_PACE_H
#define CLI_TRANSFER_PACE_H

#include <stdbool.h>

struct pace {
    unsigned most;    /* parts at once on a good line */
    unsigned limit;   /* parts at once now */
    unsigned moving;  /* parts that move */
    unsigned changes; /* how often a cut lowered the limit */
    unsigned good;    /* parts in a row that were not cut */
};

/* Begin with ${most} parts at once. */
void pace_begin(struct pace *p, unsigned most);

/* Return whether another part may begin. */
bool pace_has_room(const struct pace *p);

/* A part begins.  Returns what pace_cut() has to know of it. */
unsigned pace_enter(struct pace *p);

/*
 * A part that began with ${entered} was cut.  Cuts of parts that began before the limit was last
 * lowered count as one.  Returns whether this part should make room for the others: the caller
 * then calls pace_leave(), and sends the part again later.
 */
bool pace_cut(struct pace *p, unsigned entered);

/* A part has ended, ${done} or not. */
void pace_leave(struct pace *p, bool done);

#endif
