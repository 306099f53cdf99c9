/* SPDX-License-Identifier: MIT */
/*
 * A store made to count views as systems of this kind are known to do it wrong: it reads, decides,
 * and then writes.  The control of the tests that race.
 */
#ifndef TESTS_SUPPORT_RACY_H
#define TESTS_SUPPORT_RACY_H

#include "vault/store.h"

/* Make ${s} racy.  One store of a process can be. */
void racy_make(struct store *s);

#endif
