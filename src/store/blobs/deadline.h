/* SPDX-License-Identifier: MIT */
/*
 * A blob store that answers in time.  A call of the system on a disk that hangs cannot be ended, so
 * the calls of the blob store below run on threads of their own, on copies of their own: who asked
 * goes when the time is over.  What was left behind hangs, and until it has ended no new call is
 * taken up; but an erase takes as long as it has pieces, and hangs only where it does not get on.
 */
#ifndef STORE_BLOBS_DEADLINE_H
#define STORE_BLOBS_DEADLINE_H

#include "vault/blobs.h"

/*
 * ${inner}, whose put, get, erase and ping are waited for at most ${ms} milliseconds.  One that had
 * not begun by then never happens, and is ERR_STORE.  One that had begun goes on: a put is
 * ERR_UNKNOWN_OUTCOME, a get ERR_STORE, a ping ERR_STUCK, and an erase that gets on ERR_BUSY; until
 * it is done, ERR_BUSY is also what comes of erasing the same blob.  While something hangs every
 * call is ERR_STORE at once, a ping ERR_STUCK.
 *
 * tidy runs on the caller's thread for as long as that takes, and is ERR_STORE while something
 * hangs; usage asks no disk.  An end waits for the system calls that run, and leaves the rest of an
 * erase to the next start.  Closing the result closes ${inner}.  Returns NULL if memory is short;
 * ${inner} is closed then.
 */
struct blobs *blobs_deadline_new(struct blobs *inner, int ms);

#endif
