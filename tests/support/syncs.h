/* SPDX-License-Identifier: MIT */
/* Replaces fsync() in every unit test by one that a test can make fail. */
#ifndef SYNCS_H
#define SYNCS_H

#include <stdbool.h>

/* Let the ${n}th fsync from now on fail with EIO; 0: none.  Not while other threads sync. */
void syncs_fail_at(int n);

/* Returns how many remain before that; 0 if it has failed, or none will. */
int syncs_to_come(void);

/* Call ${after} after each fsync of ${fd}, with whether it went ${well}; NULL: nothing. */
void syncs_watch(void (*after)(int fd, bool well));

#endif
