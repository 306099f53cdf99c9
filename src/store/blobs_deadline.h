/* SPDX-License-Identifier: MIT */
/*
 * A blob store that answers in time.  A call of the system on a disk that hangs cannot be ended, so
 * the calls of the blob store below run on threads of their own, on copies of their own: who asked
 * goes when the time is over.  Until what was left behind has ended no new call is taken up.
 */
#ifndef STORE_BLOBS_DEADLINE_H
#define STORE_BLOBS_DEADLINE_H

#include "vault/blobs.h"

/*
 * ${inner}, of which each put, get and erase takes at most ${ms} milliseconds; one that was given
 * up is ERR_STORE, or ERR_UNKNOWN_OUTCOME for a put that had begun.  tidy runs on the caller's
 * thread, and not before what was given up has ended.  Closing the result closes ${inner}.  Returns
 * NULL if memory is short; ${inner} is closed then.
 */
struct blobs *blobs_deadline_new(struct blobs *inner, int ms);

#endif
