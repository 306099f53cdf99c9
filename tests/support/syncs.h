/* SPDX-License-Identifier: MIT */
/* fsync() of every unit test is one that fails when it is told to. */
#ifndef SYNCS_H
#define SYNCS_H

#include <stdbool.h>

/* Let the ${n}th fsync from now on fail with EIO; 0: none.  Not while other threads sync. */
void syncs_fail_at(int n);

/* How many are still to come before that; 0: it has, or none is to. */
int syncs_to_come(void);

/* Call ${after} behind each fsync of ${fd}, which went ${well} or failed; NULL: nothing. */
void syncs_watch(void (*after)(int fd, bool well));

#endif
