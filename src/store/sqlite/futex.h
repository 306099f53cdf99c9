/* SPDX-License-Identifier: MIT */
/* Sleep until another thread of this process changes a word of memory (futex(2)). */
#ifndef STORE_SQLITE_FUTEX_H
#define STORE_SQLITE_FUTEX_H

#include <stdatomic.h>

/* Sleep while ${word} is ${value}, at most ${ms} milliseconds (-1: no limit).  May wake early. */
void sqlite_futex_wait(atomic_uint *word, unsigned value, int ms);

/* Wake one thread that sleeps on ${word}, whose memory may be gone already. */
void sqlite_futex_wake(atomic_uint *word);

#endif
