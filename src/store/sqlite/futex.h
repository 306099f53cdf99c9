/* SPDX-License-Identifier: MIT */
/* Sleeping on a word of memory until another thread of this process changes it. */
#ifndef STORE_SQLITE_FUTEX_H
#define STORE_SQLITE_FUTEX_H

#include <stdatomic.h>

/* Sleep while ${word} is ${value}, at most ${ms} milliseconds (-1: no bound); may wake early. */
void sqlite_futex_wait(atomic_uint *word, unsigned value, int ms);

/* Wake one thread that sleeps on ${word}, whose memory need not be there any more. */
void sqlite_futex_wake(atomic_uint *word);

#endif
