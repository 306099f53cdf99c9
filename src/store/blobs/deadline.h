/* SPDX-License-Identifier: MIT */
/*
 * A blob store that answers in time.  A system call on a disk that hangs cannot be cancelled, so
 * the calls of the inner blob store run on a pool of threads, on arguments of their own, and the
 * caller returns at its deadline.  While an abandoned call stalls, no new call begins.
 *
 * An erase may last many deadlines.  It stalls only if a step of it makes no progress.
 */
#ifndef STORE_BLOBS_DEADLINE_H
#define STORE_BLOBS_DEADLINE_H

#include "vault/blobs.h"

/*
 * Make a blob store that waits at most ${ms} milliseconds for put, get, erase and ping of ${inner}.
 * What these return after that time:
 *   - a call that had not begun never happens, and is ERR_STORE;
 *   - a put that had begun goes on, and is ERR_UNKNOWN_OUTCOME;
 *   - a get that had begun is ERR_STORE, and a ping is ERR_STUCK if it stalls, else ERR_STORE;
 *   - an erase that makes progress goes on, and is ERR_BUSY.
 * Until an abandoned put or erase has ended, an erase of the same blob is ERR_BUSY.
 *
 * An abandoned call stalls when it has run for three quarters of ${ms}, or an erase one step of it.
 * Meanwhile each call is ERR_STORE at once, and a ping is ERR_STUCK.
 *
 * tidy runs on the caller's thread without a limit, and is ERR_STORE while a call stalls or an
 * abandoned put has not ended.  usage does not read the disk.  close waits for system calls that
 * run; the next start goes on with an erase that it cuts short.
 *
 * The result owns ${inner} and closes it.  Returns NULL if memory is short, with ${inner} closed.
 */
struct blobs *blobs_deadline_new(struct blobs *inner, int ms);

#endif
