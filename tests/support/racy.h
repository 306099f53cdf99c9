/* SPDX-License-Identifier: MIT */
/*
 * A store that counts views in the way that is known to be wrong: it reads, decides, and then
 * writes. It is the negative control of the tests that race.
 */
#ifndef TESTS_SUPPORT_RACY_H
#define TESTS_SUPPORT_RACY_H

#include "vault/store.h"

/* Make ${s} racy.  One store of a process can be. */
void racy_make(struct store *s);

#endif
